// From a task's gradient to its inner step: θ + α∘∇S, or b∘θ + a∘α∘∇S where a network multiplies. The step sizes α may be
// fixed or learned, one for all parameters or one for each; what is learned of them gets its gradient here.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"
#include "engine/stages/inner_loop_setup.h"
#include "kernels/inner/step_multipliers.h"
#include "kernels/inner/step_size.h"

namespace innerloop {

class AdaptationRule {
 public:
  AdaptationRule(const InnerLoopSetup& setup, const InnerLoopSizes& sizes, Device& device, BufferPlan& plan);

  bool learns_sizes() const { return size_layout_.sets > 0; }
  bool multiplies() const { return multiplier_layout_.layers > 0; }
  /// Whether each parameter has a step size of its own.
  bool size_each() const { return size_each_; }

  /// After the plan's memory is bound: constants go to the device.
  void prepare();
  /// From now on the steps are those of `params`, all that is learned ([M]) in device memory.
  void set(const float* params);
  /// α_k.
  StepSize<float> size(int k) const;
  /// Where ∇S of update j of inner step k is to be put, [task][P]; null where nothing reads it later.
  float* gradient(int k, int j) const { return gradients_[update(k, j)]; }

  /// `to` = b∘`from` + a∘α_k∘∇S. @pre multiplies()
  void multiply(int k, int j, const Parameters<float>& from, float* to, const int* enabled);
  /// Back through that: v [task][P] becomes what it is at `from` apart from ∇S, in `out` (v and out may be the same), what it
  /// is at ∇S, in at_gradient(), and at the step sizes, in at_sizes(). @pre multiplies()
  void multiply_back(int k, int j, const Parameters<float>& from, const float* v, float* out);
  /// The derivative of multiply along `from_moved`, along at_gradient() where `gradient_moves`, and along `direction`
  /// ([M]) at what is learned; in `out`. @pre multiplies()
  void multiply_along(int k, int j, const Parameters<float>& from, const Parameters<float>& from_moved,
                      bool gradient_moves, const float* direction, float* out);
  float* at_gradient() const { return multiplied_direction_; }
  const float* at_sizes() const { return multiplied_; }

  /// Adds to the learned step sizes' gradient what v [task][P] is at α_k∘∇S; from the last update down to the first.
  void add_size_gradient(int k, int j, const float* v);
  /// out = `moved` + the derivative of α_k∘∇S along `direction` ([M]). @pre learns_sizes()
  void along_sizes(int k, int j, const Parameters<float>& moved, const float* direction, float* out);

  /// The means over tasks of the learned numbers' gradients, where these numbers lie in out [M].
  void mean_over_tasks(float* out);
  /// Mean of the learned step sizes in `params` [M] in device memory. Waits.
  double mean_size(const float* params) const;

 private:
  /// The number of update j of inner step k among all.
  std::size_t update(int k, int j) const {
    return static_cast<std::size_t>(k) * static_cast<std::size_t>(options_.inner_epochs) +
           static_cast<std::size_t>(j);
  }
  MultipliedStep<float> multiplied(int k, int j, const Parameters<float>& from) const;
  /// ∂α_k/∂ω of each parameter.
  const float* slope(int k) const { return size_layout_.positive ? size(k).data : adapted_mask_; }

  const InnerLoopOptions options_;
  const InnerLoopSizes sizes_;
  const LearnedRange learned_sizes_, learned_multipliers_;
  const PolicyShape shape_;
  Device& device_;
  const StepSizeLayout size_layout_;
  const MultiplierLayout multiplier_layout_;
  const bool size_each_;
  float* step_sizes_ = nullptr;            // [K], or [K][P] where each parameter has its own
  float* adapted_mask_ = nullptr;          // [P]  1 where it is adapted; where step sizes are learned
  std::vector<float*> gradients_;          // [K·E] of [task][P]  ∇S of the last updates
  float* size_gradient_ = nullptr;         // [task][set][number]
  const float* multipliers_ = nullptr;     // the network's numbers, in what set() was given
  float* multiplier_gradient_ = nullptr;   // [task][number]
  float* multiplied_ = nullptr;            // [task][P]  a∘v or a∘∇S, for the learned step sizes
  float* multiplied_direction_ = nullptr;  // [task][P]  what H is multiplied with, or H·u
};

}  // namespace innerloop
