// An algorithm with its state on a device: what training runs once an iteration.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/config.h"
#include "engine/device.h"
#include "engine/inner_loop.h"
#include "engine/memory_plan.h"
#include "engine/safetensors.h"

namespace innerloop {

/// A tensor of the learner's state, in device memory.
struct StateTensor {
  std::string name;  // "params", "adam.first_moment", …
  DType dtype;
  std::vector<std::int64_t> shape;
  void* data;
  std::int64_t bytes;
};

/// What one meta-iteration did.
struct IterationReport {
  std::vector<double> returns;        // mean return before and after each inner step: K + 1 numbers
  double gradient_norm = 0;           // of the meta-gradient, before clipping
  bool gradient_finite = true;        // else nothing was updated
  std::vector<int> bad_tasks;         // those whose gradient is not finite
  std::int64_t env_steps = 0;         // of this iteration, those that count
  std::vector<std::pair<std::string, double>> extra;  // "kl", "kl_penalty", …
};

class MetaLearner {
 public:
  virtual ~MetaLearner() = default;

  /// The algorithm that the config names. Declares all buffers; allocates nothing.
  static std::unique_ptr<MetaLearner> create(const Config& config, Device& device);

  const MemoryPlan& plan() const { return plan_; }
  /// Allocates what the plan says and sets θ to its start.
  /// @throws InputError with the bytes wanted and had, where they do not fit.
  void allocate();

  /// One meta-iteration; its random numbers are keyed by (seed, iteration). Waits until it is done.
  virtual IterationReport iterate(std::uint32_t iteration) = 0;

  /// Everything that the next iteration depends on.
  std::vector<StateTensor> state() const { return state_; }

  /// Trajectories and parameters of the last iteration, for the batch file.
  const InnerLoop& inner_loop() const { return *inner_; }
  const float* params() const { return params_; }                // [P], device memory
  const float* meta_gradient() const { return meta_gradient_; }  // [P], device memory; before clipping
  const float* outer_gradient() const { return outer_gradient_; }  // [task][P], device memory

 protected:
  MetaLearner(const Config& config, Device& device);

  const Config config_;
  Device& device_;
  MemoryPlan plan_;
  std::unique_ptr<InnerLoop> inner_;
  std::vector<StateTensor> state_;
  float* params_ = nullptr;
  float* meta_gradient_ = nullptr;
  float* outer_gradient_ = nullptr;

 private:
  std::shared_ptr<void> memory_;
};

}  // namespace innerloop
