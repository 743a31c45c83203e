// VariBAD (Zintgraf et al. 2020): PPO on trials, whose policy acts on a belief about the task; after its updates the belief
// learns from the last trials to tell of their rewards, and by option of what each step led to.
#pragma once

#include "engine/algorithms/ppo.h"
#include "kernels/beliefs/elbo.h"

namespace innerloop {

class Varibad : public Ppo {
 public:
  Varibad(const VaribadOptions& options, const Config& config, Device& device);

  /// What the last update learned from, and along what (in device memory; of the belief's parameters, before clipping).
  const BeliefBatch<float>& batch() const { return gradient_.batch; }
  const float* belief_gradient() const { return mean_gradient_; }

 private:
  void learn_more() override;
  void prepare() override;
  std::vector<StateTensor> own_state() const override;
  void add_to(IterationReport& report) const override;

  const VaribadOptions options_;
  const std::int64_t size_;  // parameters of the belief
  std::unique_ptr<OuterOptimiser> optimiser_;
  BeliefGradient<float> gradient_;
  float* values_ = nullptr;         // [update][tile][kBeliefValues]
  float* mean_gradient_ = nullptr;  // [belief's parameter]
};

std::unique_ptr<Varibad> make_algorithm(const VaribadOptions& options, const Config& config, Device& device);

}  // namespace innerloop
