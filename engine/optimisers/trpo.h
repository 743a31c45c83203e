// Trust region policy optimisation as the outer optimiser (Schulman et al. 2015; Finn et al. 2017).
#pragma once

#include <vector>

#include "engine/optimisers/optimiser.h"
#include "kernels/outer/schedule.h"

namespace innerloop {

/// max surrogate subject to mean KL ≤ max_kl: direction F⁻¹g by conjugate gradient on exact curvature products, then a
/// backtracking line search. All decisions are taken on the device; after one candidate is accepted the operations for
/// the others do nothing.
class Trpo : public OuterOptimiser {
 public:
  /// `schedule`: which part of the whole step each iteration takes away.
  Trpo(const TrpoOptions& options, float schedule, const Target& target, Device& device, BufferPlan& plan,
       TrustRegionObjective& objective);

  void prepare(const RandomKey* key) override { schedule_.key = key; }
  void report(IterationReport& report) const override;

 private:
  void step(float* params, const float* gradient, const int* enabled) override;

  const TrpoOptions options_;
  Device& device_;
  TrustRegionObjective& objective_;
  Schedule<float> schedule_;
  float *x_ = nullptr, *residual_ = nullptr, *direction_ = nullptr, *product_ = nullptr,
        *candidate_ = nullptr;  // [P]
  float* values_ = nullptr;     // [kPassValues]
  float* scalars_ = nullptr;    // [kScalars]
  int* searching_ = nullptr;    // [1]
};

}  // namespace innerloop
