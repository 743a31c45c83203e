// An algorithm that learns to learn by gradient steps: an inner loop for each task, and the way back through it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/algorithms/algorithm.h"
#include "engine/config/config.h"
#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"
#include "engine/device/state_tensor.h"
#include "engine/learned/learned.h"
#include "engine/optimisers/optimiser.h"
#include "engine/stages/inner_loop.h"
#include "engine/stages/iteration_report.h"

namespace innerloop {

class MetaLearner : public Algorithm {
 public:
  /// As Algorithm::create, of an algorithm with an inner loop. @throws std::logic_error of another one.
  static std::unique_ptr<MetaLearner> create(const Config& config, Device& device);

  const BufferPlan& plan() const override { return plan_; }
  void allocate() override;
  IterationReport iterate(std::uint32_t iteration) override;
  std::vector<StateTensor> state() const override;
  const float* params() const override { return params_; }
  const Learned& learned() const override { return learned_; }

  /// Trajectories and parameters of the last iteration, for the batch file.
  const InnerLoop& inner_loop() const { return *inner_; }
  const float* meta_gradient() const { return meta_gradient_; }    // [M], device memory; before clipping
  const float* outer_gradient() const { return outer_gradient_; }  // [task][P], device memory

 protected:
  /// `sizes` as the algorithm needs the inner loop; tasks, envs, steps and step sizes are filled in from the config.
  MetaLearner(const Config& config, Device& device, InnerLoopSizes sizes);

  /// mean_i of x[task] ([task][P], less `minus` if there is one) into the meta-gradient, with the learned step sizes'.
  void mean_over_tasks(const float* x, const float* minus = nullptr);

  const std::uint32_t seed_;
  const Learned learned_;
  Device& device_;
  BufferPlan plan_;
  std::unique_ptr<InnerLoop> inner_;
  std::unique_ptr<OuterOptimiser> outer_;
  int tasks_ = 0, steps_ = 0;
  float* params_ = nullptr;
  float* meta_gradient_ = nullptr;
  float* outer_gradient_ = nullptr;

 private:
  /// Enqueues one meta-iteration: always the same operations on the same memory, no host decision between them.
  virtual void enqueue() = 0;
  /// What the algorithm adds to the report. Waits.
  virtual void add_to(IterationReport&) const {}
  IterationReport report() const;

  virtual void prepare() {}  // constants of the algorithm, once memory is there
  virtual std::vector<StateTensor> own_state() const { return {}; }

  Recording recording_;
  const float* per_task_ = nullptr;  // [task][P]  what the meta-gradient is the mean of
  std::shared_ptr<void> memory_;
};

}  // namespace innerloop
