// The inner loop on a device: tasks, trajectories D_0 … D_K, parameters θ_0 … θ_K of each task, and the way back.
//
// Each member enqueues the operations of one stage of the paper's loop; an algorithm is a short sequence of them.
#pragma once

#include <optional>
#include <vector>

#include "engine/config/config.h"
#include "engine/config/environment_info.h"
#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"
#include "engine/learned/policy.h"
#include "engine/learned/step_sizes.h"
#include "engine/stages/value_baseline.h"

namespace innerloop {

struct InnerLoopSizes {
  int tasks = 0;
  int envs = 0;
  int steps = 0;                // K
  std::vector<double> lr = {};  // [K]
  bool way_back = false;        // the trajectories of all inner steps stay, for gradients through them
  bool drawn_outputs = false;   // KL divergences from the drawing policies will be wanted
  bool candidates = false;      // other parameters will be tried on the same data (TRPO, ProMP)
};

/// θ_0 … θ_K: one vector for all tasks at 0, one for each task after it.
using ParameterChain = std::vector<Parameters<float>>;

class InnerLoop {
 public:
  InnerLoop(const Config& config, const InnerLoopSizes& sizes, Device& device, BufferPlan& plan);

  const PolicyShape& shape() const { return shape_; }
  const InnerLoopSizes& sizes() const { return sizes_; }
  int horizon() const { return config_.horizon; }
  long parameters() const { return shape_.parameters(); }
  /// All that is learned, M numbers: the policy's P parameters and, behind them, the learned step sizes, the
  /// network that multiplies them, and where value networks start.
  std::int64_t learned() const {
    return parameters() + step_layout_.learned() + multiplier_layout_.learned() +
           (value_ ? value_->parameters() : 0);
  }
  bool learns_step_sizes() const { return step_layout_.sets > 0; }
  /// Numbers a task takes in `tasks()`.
  int task_stride() const { return environment_.task_size; }
  const float* tasks() const { return tasks_; }
  const Batch<float>& batch(int k) const { return batches_[static_cast<std::size_t>(k)]; }
  /// θ_k as drawn with: k = 0 is what start() was given.
  const Parameters<float>& drawn(int k) const { return drawn_[static_cast<std::size_t>(k)]; }

  /// After the plan's memory is bound: constants go to the device.
  void prepare();

  /// Tasks to use from now on, in place of drawn ones: [task][task_stride()] on the host.
  void fix_tasks(const std::vector<float>& tasks);

  /// Keys all random numbers from now on.
  void set_key(RandomKey key);
  /// [1] on the device, once the plan's memory is bound.
  const RandomKey* key() const { return key_; }
  /// A new iteration from all that is learned ([M]): draws its tasks.
  void start(const float* params);
  /// D_k with θ_k, and its advantages. `deterministic`: acts by the mean or the likeliest action.
  void rollout(int k, bool deterministic = false);
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
  /// v[task] + H_k·(α_k ∘ v[task]): back through inner step k at `params`, update by update, in `out`, or v itself where
  /// that is all (v and out may be the same). `params` is drawn(k) or candidate(k). Takes along what v is at the learned step
  /// sizes and multipliers: from the last inner step down to the first. First order: H_k counts as 0.
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
  double mean_step_size(const float* params) const;
  /// Statistics of D_k on the host: [task][kStatistics]. Waits.
  std::vector<float> statistics(int k) const;

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
  void add_update_step_size_gradient(int k, int j, const float* v);
  /// From now on the inner steps are those of `params` [M].
  void set_steps(const float* params);
  bool multiplies() const { return multiplier_layout_.layers > 0; }
  MultipliedStep<float> multiplied(int k, int j, const Parameters<float>& from) const;
  StepSize<float> step_size(int k) const;
  const float* slope(int k) const;

  const Config config_;
  const InnerLoopSizes sizes_;
  Device& device_;
  const EnvironmentInfo environment_;
  PolicyShape shape_;
  std::size_t epochs_ = 1;  // E: updates of an inner step
  int chunks_ = 0;
  bool fixed_tasks_ = false;
  std::int64_t generation_ =
      -1;  // of the device when start() was called: until it changes, activations are kept
  std::vector<Batch<float>> batches_;               // [K + 1]
  ParameterChain drawn_, candidates_;               // [K + 1]
  std::vector<float*> adapted_, candidate_params_;  // [K·E + 1], [0] unused: after each update
  std::vector<Kept<float>> kept_;                   // [K + 1]
  float* tasks_ = nullptr;
  float* partial_ = nullptr;
  float* values_ = nullptr;
  StepSizeLayout step_layout_;
  bool size_each_ = false;         // each parameter has a step size
  float* step_sizes_ = nullptr;    // [K], or [K][P] where each parameter has its own
  float* adapted_mask_ = nullptr;  // [P]  1 where it is adapted; where step sizes are learned
  std::vector<float*>
      inner_gradients_;  // [K·E] of [task][P]  ∇S_in of the last updates, for the learned step sizes and multipliers
  float* step_size_gradient_ = nullptr;  // [task][set][number]
  MultiplierLayout multiplier_layout_;
  const float* multipliers_ =
      nullptr;  // the network's numbers, in what start() or start_candidate() was given
  float* multiplier_gradient_ = nullptr;   // [task][number]
  float* multiplied_ = nullptr;            // [task][P]  a∘v or a∘g, for the learned step sizes
  float* multiplied_direction_ = nullptr;  // [task][P]  what H is multiplied with, or H·u
  std::optional<ValueBaseline> value_;
  float* tangents_ = nullptr;  // DiCE
  float* score_ = nullptr;
  RandomKey* key_ = nullptr;
};

}  // namespace innerloop
