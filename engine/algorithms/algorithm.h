// An algorithm with its state on a device: what training runs once an iteration.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/config/config.h"
#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"
#include "engine/device/state_tensor.h"
#include "engine/learned/learned.h"
#include "engine/stages/iteration_report.h"

namespace innerloop {

/// MetaLearner (engine/algorithms/meta_learner.h) where tasks are learned by gradient steps, Ppo where trials are played.
/// Beside each one stands a function make_algorithm for the options that it is made from (engine/algorithms/create.cpp).
class Algorithm {
 public:
  virtual ~Algorithm() = default;

  /// The one that the config names. Declares all buffers; allocates nothing.
  static std::unique_ptr<Algorithm> create(const Config& config, Device& device);

  virtual const BufferPlan& plan() const = 0;
  /// Allocates what the plan says and sets θ to its start.
  /// @throws InputError with the bytes wanted and had, where they do not fit.
  virtual void allocate() = 0;

  /// One iteration; its random numbers are keyed by (seed, iteration). Waits until it is done.
  virtual IterationReport iterate(std::uint32_t iteration) = 0;

  /// Everything that the next iteration depends on.
  virtual std::vector<StateTensor> state() const = 0;

  /// What is learned, and where its blocks lie in params().
  virtual const Learned& learned() const = 0;
  /// All that is learned, [learned().size()] in device memory.
  virtual const float* params() const = 0;
};

}  // namespace innerloop
