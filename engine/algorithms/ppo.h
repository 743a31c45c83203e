// PPO (Schulman et al. 2017) on trials. With a policy that has a memory it is RL² (Duan et al. 2016, Wang et al. 2016): the
// memory learns the task, over several episodes of it, and trials are whole. Without one it learns a policy for all tasks: then
// episodes may go on from one iteration to the next, and minibatches may be of single steps.
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
#include "kernels/trials/samples.h"
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
  virtual void play() { loop_.play(params_); }
  void learn(int epoch);

 protected:
  /// The updates of an iteration on the trials that were played last.
  void learn_from_trials();
  /// The trials' advantages and the values' targets.
  virtual void estimate_advantages();

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

  /// Room for a minibatch of single steps, as trials of some steps of some environments.
  void plan_samples(const Config& config);
  /// The trials that minibatches are taken from, and how many rows one has.
  const Trials<float>& learned_trials() const { return samples_ ? samples_->to : loop_.trials(); }
  int minibatch_rows() const { return minibatch_envs_ * learned_trials().batch.horizon; }
  /// Draws the order in which each epoch goes through the environments, or through their steps.
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
  /// The returns and the steps, of trials that begin with the iteration or of the episodes that ended in it, if any did. Both
  /// hand back the sum of each environment's rewards.
  std::vector<float> report_trials(IterationReport& report) const;
  std::vector<float> report_finished(IterationReport& report) const;

  std::unique_ptr<OuterOptimiser> outer_;
  TrialAdvantages<float> advantages_;
  ShuffleTrials<float> shuffle_;
  UpdateGate<float> gate_;
  float* mean_values_ = nullptr;  // [kTrialValues]  what the minibatches brought
  Schedule<float> entropy_schedule_;
  const int envs_per_task_;
  int minibatch_envs_;
  std::optional<GatherSamples<float>> samples_;  // where minibatches are of single steps
  int* samples_order_ = nullptr;                 // [env]  of its trials: as they lie
  std::optional<WideGradient> wide_;
  int* order_ = nullptr;  // [epoch][env]  of the environments in each epoch's minibatches, or of the rows
  float* partial_gradients_ = nullptr;  // [tile][P]
  float* tile_values_ = nullptr;        // [tile][kTrialValues]
  float* mean_gradient_ = nullptr;
  Recording recording_;
  std::shared_ptr<void> memory_;
};

std::unique_ptr<Ppo> make_algorithm(const Rl2Options&, const Config& config, Device& device);
std::unique_ptr<Ppo> make_algorithm(const PpoOptions&, const Config& config, Device& device);

}  // namespace innerloop
