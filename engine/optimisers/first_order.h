// Optimisers that need the gradient alone: Adam (Kingma and Ba 2015), AdamW (Loshchilov and Hutter 2019), and steps with or
// without momentum.
#pragma once

#include <optional>
#include <vector>

#include "engine/optimisers/optimiser.h"
#include "kernels/outer/optimisers.h"

namespace innerloop {

/// `schedule`: which part of the whole step each iteration takes away.
class FirstOrder : public OuterOptimiser {
 public:
  /// With `decays`, λ of each parameter [P], AdamW.
  FirstOrder(const AdamOptions& options, std::vector<float> decays, float schedule, const Target& target,
             Device& device, BufferPlan& plan);
  FirstOrder(const SgdOptions& options, float schedule, const Target& target, Device& device,
             BufferPlan& plan);

  void prepare(const RandomKey* key) override;
  std::vector<StateTensor> state() const override;
  void report(IterationReport& report) const override;

 private:
  void step(float* params, const float* gradient, const int* enabled) override;
  void declare(const std::optional<double>& max_norm, float schedule, BufferPlan& plan);

  Device& device_;
  const std::vector<float> decays_;  // [P]  AdamW; else empty
  float* decay_ = nullptr;           // [P]  the same in device memory
  OuterStep<float> step_;
};

}  // namespace innerloop
