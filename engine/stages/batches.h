// The tasks of an inner loop, and the trajectories D_0 … D_K that their policies draw, with advantages.
#pragma once

#include <optional>
#include <vector>

#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"
#include "engine/stages/inner_loop_setup.h"
#include "engine/stages/played_tasks.h"
#include "engine/stages/value_baseline.h"

namespace innerloop {

class Batches {
 public:
  Batches(const InnerLoopSetup& setup, const InnerLoopSizes& sizes, Device& device, BufferPlan& plan);

  const Batch<float>& operator[](int k) const { return batches_[static_cast<std::size_t>(k)]; }
  /// The hidden layers of D_k's samples, where the device keeps them.
  const Kept<float>& kept(int k) const { return kept_[static_cast<std::size_t>(k)]; }
  PlayedTasks& tasks() { return tasks_; }
  const PlayedTasks& tasks() const { return tasks_; }
  /// [1] on the device, once the plan's memory is bound.
  const RandomKey* key() const { return key_; }
  /// The value networks of baseline `network`; null where there are none.
  ValueBaseline* value_baseline() { return value_ ? &*value_ : nullptr; }
  const ValueBaseline* value_baseline() const { return value_ ? &*value_ : nullptr; }

  /// After the plan's memory is bound.
  void prepare();
  /// Keys all random numbers from now on.
  void set_key(RandomKey key);
  /// Draws the tasks, unless they are fixed.
  void draw_tasks() { tasks_.draw(key_); }
  /// D_k with `params`, and its advantages. `deterministic`: acts by the mean or the likeliest action.
  void play(int k, const Parameters<float>& params, bool deterministic);
  /// Statistics of D_k on the host: [task][kStatistics]. Waits.
  std::vector<float> statistics(int k) const;

 private:
  void declare(int k, BufferPlan& plan);
  void estimate_advantages(int k);

  const EnvironmentOptions environment_;
  const EnvironmentInfo environment_info_;
  const PolicyShape shape_;
  const InnerLoopOptions options_;
  const bool restart_;
  const InnerLoopSizes sizes_;
  Device& device_;
  PlayedTasks tasks_;
  std::vector<Batch<float>> batches_;  // [K + 1]
  std::vector<Kept<float>> kept_;      // [K + 1]
  std::optional<ValueBaseline> value_;
  RandomKey* key_ = nullptr;
};

}  // namespace innerloop
