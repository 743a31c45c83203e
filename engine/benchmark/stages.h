// The operations of a meta-iteration, one by one, on data of a real rollout: what `innerloop bench` times.
#pragma once

#include <memory>

#include "engine/config/config.h"
#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"
#include "engine/stages/inner_loop.h"

namespace innerloop {

/// Each member enqueues one stage for all tasks, and waits until it is done.
class KernelBench {
 public:
  /// Sizes and environment are the config's. Draws one batch with its first parameters.
  /// @throws InputError where the memory does not suffice.
  KernelBench(const Config& config, Device& device);

  const PolicyShape& shape() const { return inner_.shape(); }

  /// The fused rollout; hidden layers are kept where training keeps them.
  void rollout();
  /// Returns-to-go, baseline, advantages, normalisation.
  void advantages();
  /// θ + α∇S, from kept hidden layers or computing them anew.
  void inner_step(bool kept);
  /// v + H·(α∘v).
  void hessian_vector(bool kept);

 private:
  Kept<float> activations(bool kept) const { return kept ? kept_ : Kept<float>{}; }
  ApplyGradient<float> step_from(const Parameters<float>& base, StepSize<float> step) const;

  Device& device_;
  const InnerLoopSetup setup_;
  BufferPlan plan_;
  InnerLoop inner_;
  std::shared_ptr<void> memory_;
  Kept<float> kept_;
  float* params_ = nullptr;   // [P]
  float* partial_ = nullptr;  // [slot][chunk][P]
  float* out_ = nullptr;      // [task][P]
  float* step_ = nullptr;     // [1]
  RandomKey* key_ = nullptr;
};

/// Operations a second (a fused multiply-add is two) of kernels/products/fma_peak.h, the best of several runs.
double measure_fma_peak(Device& device);

}  // namespace innerloop
