// The inner loop on a device: parameters θ_0 … θ_K of each task, the gradients and curvature of its objectives, and the way
// back. Its trajectories are Batches; what makes of a gradient a step is an AdaptationRule.
//
// Each member enqueues the operations of one stage of the paper's loop; an algorithm is a short sequence of them.
#pragma once

#include <vector>

#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"
#include "engine/stages/adaptation_rule.h"
#include "engine/stages/batches.h"
#include "engine/stages/inner_loop_setup.h"
#include "kernels/inner/curvature.h"
#include "kernels/inner/policy_gradient.h"

namespace innerloop {

/// θ_0 … θ_K: one vector for all tasks at 0, one for each task after it.
using ParameterChain = std::vector<Parameters<float>>;

class InnerLoop {
 public:
  InnerLoop(const InnerLoopSetup& setup, const InnerLoopSizes& sizes, Device& device, BufferPlan& plan);

  const PolicyShape& shape() const { return shape_; }
  const InnerLoopSizes& sizes() const { return sizes_; }
  int horizon() const { return batch(0).horizon; }
  long parameters() const { return shape_.parameters(); }
  bool learns_step_sizes() const { return rule_.learns_sizes(); }
  const PlayedTasks& tasks() const { return batches_.tasks(); }
  const Batch<float>& batch(int k) const { return batches_[k]; }
  /// θ_k as drawn with: k = 0 is what start() was given.
  const Parameters<float>& drawn(int k) const { return drawn_[static_cast<std::size_t>(k)]; }

  /// After the plan's memory is bound: constants go to the device.
  void prepare();

  /// Tasks to use from now on, in place of drawn ones: one for all, or sizes().tasks.
  void fix_tasks(const TaskTable& tasks) { batches_.tasks().fix(tasks); }

  /// Keys all random numbers from now on.
  void set_key(RandomKey key) { batches_.set_key(key); }
  /// [1] on the device, once the plan's memory is bound.
  const RandomKey* key() const { return batches_.key(); }
  /// A new iteration from all that is learned ([M]): draws its tasks.
  void start(const float* params);
  /// D_k with θ_k, and its advantages. `deterministic`: acts by the mean or the likeliest action.
  void rollout(int k, bool deterministic = false) { batches_.play(k, drawn(k), deterministic); }
  /// θ_{k+1} = θ_k + α_k ∇S_in(θ_k; D_k), with multipliers b∘θ_k + a∘α_k∘∇S_in, for the parameters that drew D_k. With
  /// inner_epochs E that is the first of E updates on D_k; the others climb from where the last one ended, by ratios to
  /// θ_k.
  void inner_step(int k);
  /// The same for other parameters on the same data: chain[k + 1] from chain[k] = candidate(k).
  void candidate_step(int k, const int* enabled = nullptr);
  /// All that is learned, of the trials ([M]).
  void start_candidate(const float* params);
  const Parameters<float>& candidate(int k) const { return candidates_[static_cast<std::size_t>(k)]; }

  /// A surrogate, and what ProMP and E-MAML add to it: kernels/inner/policy_gradient.h.
  struct Term {
    EstimatorName estimator = EstimatorName::ratio;
    float surrogate_weight = 1;
    float clip = 0;
    float entropy_weight = 0;
    const float* score_weight = nullptr;
    const float* divergence_weight = nullptr;
    const int* enabled = nullptr;
  };
  /// out[task] = base[task] + ∇ of the term at `params` on D_k; base null: 0. Without `out` only its values.
  void add_gradient(int k, const Parameters<float>& params, const Term& term, const float* base, float* out);
  /// Returns v[task] + H_k·(α_k ∘ v[task]), which is v taken back through inner step k at `params`, update by update. The
  /// result is in `out`, or `v` if nothing was added (v and out may be the same). `params` is drawn(k) or candidate(k). Also
  /// carries v's entries for the learned step sizes and multipliers, so steps go from the last to the first. First order:
  /// H_k counts as 0.
  const float* through_step(int k, const Parameters<float>& params, const float* v, float* out,
                            bool second_order = true);
  /// The derivative of θ_{k+1} along u at θ_k and along `direction` ([M]) at the rest of what is learned:
  /// u + α_k∘(H_k·u) + …, in `out`, or u itself where that is all. First order: H_k counts as 0.
  Parameters<float> along_step(int k, const Parameters<float>& params, const Parameters<float>& u,
                               const float* direction, bool second_order, float* out);
  /// out[task] = F·v[task], F the curvature of the mean KL at `params` on D_k.
  void fisher_product(int k, const Parameters<float>& params, const Parameters<float>& v, float* out);
  /// Mean over tasks of a gradient at θ ([task][P], less `minus` [P] if there is one) and of the one at the rest of what
  /// is learned, in out [M]; 0 at a context, which starts at 0 for every task.
  void mean_over_tasks(const float* x, const float* minus, float* out);
  /// Mean over tasks of the sums that the last add_gradient on D_k left, put or added to `out` [kPassValues].
  void mean_values(int k, float* out, bool add = false, const int* enabled = nullptr);

  /// Mean of the learned step sizes in `params` ([M]). Waits.
  double mean_step_size(const float* params) const { return rule_.mean_size(params); }
  /// Statistics of D_k on the host: [task][kStatistics]. Waits.
  std::vector<float> statistics(int k) const { return batches_.statistics(k); }

 private:
  /// The number of update j of inner step k among all, counted from 0: adapted_[update(k, j)] is what it starts from.
  std::size_t update(int k, int j) const {
    return static_cast<std::size_t>(k) * epochs_ + static_cast<std::size_t>(j);
  }
  /// What update j of inner step k starts from, on the way from drawn(k) or candidate(k).
  Parameters<float> at_update(int k, int j, const Parameters<float>& from) const;
  EstimatorName estimator_of_update(int j) const;
  Kept<float> kept_for(int k, const Parameters<float>& params) const;
  PolicyGradient<float> gradient_at(int k, const Parameters<float>& params, EstimatorName estimator) const;
  void adapt(int k, Parameters<float> from, const std::vector<float*>& chain, const int* enabled);
  /// What makes of the partial sums of a gradient on D_k a step from `base`.
  ApplyGradient<float> step_from(int k, const Parameters<float>& base, StepSize<float> step, float* out,
                                 float* gradient = nullptr) const;
  void hessian_product(int k, const Parameters<float>& params, EstimatorName estimator,
                       const Direction<float>& direction, const ApplyGradient<float>& step);
  /// From now on the inner steps are those of `params` [M].
  void set_steps(const float* params);

  const InnerLoopOptions options_;
  const InnerLoopSizes sizes_;
  const PolicyShape shape_;
  const LearnedRange value_start_;
  const std::size_t epochs_;  // E: updates of an inner step
  Device& device_;
  Batches batches_;
  AdaptationRule rule_;
  int chunks_ = 0;
  // The device's when start() was called: until it changes, activations are kept.
  std::int64_t generation_ = -1;
  ParameterChain drawn_, candidates_;               // [K + 1]
  std::vector<float*> adapted_, candidate_params_;  // [K·E + 1], [0] unused: after each update
  float* partial_ = nullptr;
  float* values_ = nullptr;
  float* tangents_ = nullptr;  // DiCE
  float* score_ = nullptr;
};

}  // namespace innerloop
