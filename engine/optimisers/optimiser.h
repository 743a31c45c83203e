// What takes the step along the meta-gradient.
#pragma once

#include <memory>
#include <vector>

#include "engine/config/config.h"
#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"
#include "engine/device/state_tensor.h"
#include "engine/stages/inner_loop.h"
#include "engine/stages/iteration_report.h"

namespace innerloop {

/// What TRPO asks of the objective that it climbs: its curvature, and its value at other parameters.
class TrustRegionObjective {
 public:
  virtual ~TrustRegionObjective() = default;
  /// product = F·direction ([P] each), F the curvature of the mean KL of the adapted policies at θ.
  virtual void curvature_product(const float* direction, float* product) = 0;
  /// values[kSurrogate], values[kDivergence] of the policies adapted from `params`; at θ itself the KL is 0.
  virtual void evaluate(const float* params, float* values, const int* enabled) = 0;
};

class OuterOptimiser {
 public:
  virtual ~OuterOptimiser() = default;

  /// The config's. `objective` is needed by TRPO alone and must outlive it.
  static std::unique_ptr<OuterOptimiser> create(const Config& config, int parameters, Device& device,
                                                BufferPlan& plan, TrustRegionObjective* objective);

  /// After the plan's memory is bound; `key` [1] in device memory is that of the running iteration.
  virtual void prepare(const RandomKey* key) = 0;
  /// Enqueues the step of `params` along `gradient`, uphill; none where the gradient is not finite. `enabled` is that of
  /// all operations of the step; TRPO has its own, and takes none.
  virtual void update(float* params, const float* gradient, const int* enabled = nullptr) = 0;
  virtual std::vector<StateTensor> state() const { return {}; }
  /// The gradient's norm, and what the optimiser adds. Waits.
  virtual void report(IterationReport& report) const = 0;
};

}  // namespace innerloop
