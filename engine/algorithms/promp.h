// ProMP, proximal meta-policy search (Rothfuss et al. 2019).
#pragma once

#include "engine/algorithms/meta_learner.h"

namespace innerloop {

/// Several outer steps on the same data: the clipped surrogate of the adapted policies, less η_k·KL(π_{θ_old,k} ‖
/// π_{θ,k}) on each batch before adaptation. At each outer step the inner steps are taken anew from the current θ.
class Promp : public MetaLearner {
 public:
  Promp(const PrompOptions& options, const Config& config, Device& device);

 private:
  void enqueue() override;
  void add_to(IterationReport& report) const override;
  void prepare() override;
  std::vector<StateTensor> own_state() const override;
  void outer_step(bool first);
  void measure_divergences();

  const PrompOptions options_;
  float* drawn_params_ = nullptr;  // [M]        θ that drew the data
  float* back_ = nullptr;          // [task][P]  v_k
  float* penalties_ = nullptr;     // [step]     −η_k
  float* divergences_ = nullptr;   // [step][kPassValues]
};

std::unique_ptr<Promp> make_algorithm(const PrompOptions& options, const Config& config, Device& device);

}  // namespace innerloop
