// What takes the step along a gradient of what is learned, or of a network among it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/config/outer_options.h"
#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"
#include "engine/device/state_tensor.h"
#include "engine/learned/learned.h"
#include "engine/stages/iteration_report.h"
#include "kernels/lanes/random.h"

namespace innerloop {

/// What TRPO asks of the objective that it climbs: its curvature, and its value at other parameters. All vectors are those of
/// the part that the optimiser moves, [P].
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

  /// Which part of what is learned an optimiser moves, and what stands before its names.
  struct Target {
    LearnedRange part;
    std::string prefix;
  };

  /// One for the blocks of `learned` whose names begin with `prefix`, all with "". An algorithm may have several, each with its
  /// prefix and its options; the prefix stands before the names of its state and of what it reports. Schedules run over
  /// `iterations`. `objective` is what TRPO climbs, and must outlive it; the others need none.
  /// @throws std::logic_error where no block has the prefix, or for TRPO without an objective.
  static std::unique_ptr<OuterOptimiser> create(const OptionsVariant<OuterOptimisers>& options,
                                                const Learned& learned, const std::string& prefix,
                                                int iterations, Device& device, BufferPlan& plan,
                                                TrustRegionObjective* objective = nullptr);
  /// One for a part of `learned`, whatever its blocks are called.
  static std::unique_ptr<OuterOptimiser> create(const OptionsVariant<OuterOptimisers>& options,
                                                const Learned& learned, const Target& target, int iterations,
                                                Device& device, BufferPlan& plan,
                                                TrustRegionObjective* objective = nullptr);

  /// After the plan's memory is bound; `key` [1] in device memory is that of the running iteration.
  virtual void prepare(const RandomKey* key) = 0;
  /// Enqueues the step of its part of `params` along `gradient`, uphill ([learned.size()] each); none where the gradient is not
  /// finite. `enabled` is that of all operations of the step; TRPO has its own, and takes none.
  void update(float* params, const float* gradient, const int* enabled = nullptr) {
    step(params + part_.offset, gradient + part_.offset, enabled);
  }
  virtual std::vector<StateTensor> state() const { return {}; }
  /// Adds the gradient's norm to those of the other optimisers, as one long gradient's, and what the optimiser tells beside it.
  /// Waits.
  virtual void report(IterationReport& report) const = 0;

 protected:
  explicit OuterOptimiser(Target target) : part_(target.part), prefix_(std::move(target.prefix)) {}

  /// P
  std::int64_t size() const { return part_.size; }
  std::string named(const char* name) const { return prefix_ + name; }
  void report_norm(IterationReport& report, double norm) const;

 private:
  virtual void step(float* params, const float* gradient, const int* enabled) = 0;

  const LearnedRange part_;
  const std::string prefix_;
};

}  // namespace innerloop
