// Steps of one length along the meta-gradient, however long it is (normalised gradient ascent, Nesterov 1984).
#pragma once

#include "engine/device/launch.h"
#include "engine/optimisers/optimiser.h"
#include "kernels/outer/optimisers.h"

namespace innerloop {

struct NormalisedStepsOptions {
  using Options = NormalisedStepsOptions;
  static constexpr auto name = "normalised_steps";
  static constexpr auto meaning = "steps of one length along the meta-gradient";
  double length = 0.1;
  bool operator==(const NormalisedStepsOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, NormalisedStepsOptions& o) {
    field("length", o.length, above(0),
          "of each step; a meta-gradient below 1e-6 in size makes a shorter one");
  }
};

class NormalisedSteps : public OuterOptimiser {
 public:
  NormalisedSteps(const NormalisedStepsOptions& options, const Target& target, Device& device,
                  BufferPlan& plan)
      : OuterOptimiser(target), device_(device) {
    // A longer gradient is cut to kShort, and the rate makes a step of `length` of that.
    constexpr float kShort = 1e-6f;
    step_.kind = OuterStep<float>::Kind::sgd;
    step_.size = static_cast<int>(size());
    step_.max_norm = kShort;
    step_.lr = static_cast<float>(options.length) / kShort;
    plan.add(&step_.norm, named("gradient_norm"), "[1]", {1});
  }

  void prepare(const RandomKey* key) override { step_.schedule.key = key; }

  void report(IterationReport& report) const override { report_norm(report, device_.read(step_.norm)); }

 private:
  void step(float* params, const float* gradient, const int* enabled) override {
    step_.params = params;
    step_.gradient = gradient;
    step_.enabled = enabled;
    device_.once(step_);
  }

  Device& device_;
  OuterStep<float> step_;
};

}  // namespace innerloop
