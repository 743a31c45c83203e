// PPO (Schulman et al. 2017) on whole trials. With a policy that has a memory it is RL² (Duan et al. 2016, Wang et al.
// 2016): the memory learns the task, over several episodes of it. Without one it learns a policy for all tasks.
#pragma once

#include <optional>

#include "engine/algorithms/algorithm.h"
#include "engine/config/config.h"
#include "engine/learned/learned.h"
#include "engine/optimisers/optimiser.h"
#include "engine/stages/layered_gradient.h"
#include "engine/stages/trial_loop.h"
#include "kernels/outer/schedule.h"
#include "kernels/trials/advantages.h"
#include "kernels/trials/shuffle.h"
#include "kernels/trials/update_gate.h"

namespace innerloop {

class Ppo : public Algorithm {
 public:
  Ppo(const Config& config, Device& device);

  const BufferPlan& plan() const override { return plan_; }
  void allocate() override;
  IterationReport iterate(std::uint32_t iteration) override;
  std::vector<StateTensor> state() const override;
  const float* params() const override { return params_; }
  const Learned& learned() const override { return learned_; }

  const TrialLoop& loop() const { return loop_; }
  /// What the last minibatch handed to the optimiser, [P] in device memory; before clipping.
  const float* gradient() const { return mean_gradient_; }

  /// Two parts of an iteration, for `innerloop bench` after an iteration: the trials, and one epoch's steps on them.
  void play() { loop_.play(params_); }
  void learn(int epoch);

 protected:
  const std::uint32_t seed_;
  const PpoUpdateOptions options_;
  Device& device_;
  const Learned learned_;
  BufferPlan plan_;
  TrialLoop loop_;
  float* params_ = nullptr;

 private:
  /// What else an algorithm learns from the iteration's trials, once the policy's updates are made: always the same operations
  /// on the same memory.
  virtual void learn_more() {}
  virtual void prepare() {}  // constants of the algorithm, once memory is there
  virtual std::vector<StateTensor> own_state() const { return {}; }
  /// What the algorithm adds to the report. Waits.
  virtual void add_to(IterationReport&) const {}

  /// The trials' advantages and the values' targets.
  void estimate_advantages();
  /// Draws the order in which each epoch goes through the environments.
  void draw_orders();
  /// Whether an update is made on a minibatch, by what its gradient brought (kernels/trials/update_gate.h).
  void decide_update(int minibatch);
  /// Partial sums of a minibatch's gradient.
  int tiles() const;
  /// The options' part of an objective on the environments order[0], …
  template <class Objective>
  Objective objective_on(const int* order) const;
  /// The gradient of each tile of the environments order[0], …, or of all of them.
  void add_gradients(const int* order);
  /// One step of the optimiser, on the environments of a minibatch, unless the iteration's updates are over.
  void update(int epoch, int minibatch);
  void enqueue();
  IterationReport report() const;

  std::unique_ptr<OuterOptimiser> outer_;
  TrialAdvantages<float> advantages_;
  ShuffleTrials<float> shuffle_;
  UpdateGate<float> gate_;
  float* mean_values_ = nullptr;  // [kTrialValues]  what the minibatches brought
  Schedule<float> entropy_schedule_;
  const int envs_per_task_, minibatch_envs_;
  std::optional<WideGradient> wide_;
  int* order_ = nullptr;                // [epoch][env]  of the environments in each epoch's minibatches
  float* partial_gradients_ = nullptr;  // [tile][P]
  float* tile_values_ = nullptr;        // [tile][kTrialValues]
  float* mean_gradient_ = nullptr;
  Recording recording_;
  std::shared_ptr<void> memory_;
};

std::unique_ptr<Ppo> make_algorithm(const Rl2Options&, const Config& config, Device& device);
std::unique_ptr<Ppo> make_algorithm(const PpoOptions&, const Config& config, Device& device);

}  // namespace innerloop
