// The tasks that a stage plays: drawn by their environment, drawn from a list, or fixed.
#pragma once

#include <vector>

#include "engine/config/environment_info.h"
#include "engine/config/environment_options.h"
#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"

namespace innerloop {

class PlayedTasks {
 public:
  /// `tasks`, each `copies` times side by side; drawn from `given` where that is not empty.
  PlayedTasks(const EnvironmentOptions& environment, const EnvironmentInfo& info, int tasks, int copies,
              const TaskTable& given, Device& device, BufferPlan& plan);

  /// After the plan's memory is bound.
  void prepare();
  /// Tasks to use from now on, in place of drawn ones: one for all, or as many as are played.
  void fix(const TaskTable& tasks);
  /// Room for the numbers of the tasks to use from now on, as numbers() has them, for whoever chooses them.
  float* take_over() {
    fixed_ = true;
    return numbers_;
  }
  /// Draws the tasks, unless they are fixed; `key` is in device memory.
  void draw(const RandomKey* key);

  /// [task · copies][numbers of a task in memory] in device memory, and behind them room for a whole pack.
  const float* numbers() const { return numbers_; }
  /// The numbers at a place of those, as in task_numbers. Waits.
  std::vector<float> at(int place) const;
  /// Of all places. Waits.
  TaskTable all() const;

 private:
  // As they lie in memory: what is not named is 0.
  std::vector<float> in_memory(const TaskTable& tasks) const;

  const EnvironmentOptions environment_;
  const int size_, named_, tasks_, copies_;
  const TaskTable given_;
  Device& device_;
  bool fixed_ = false;
  float* numbers_ = nullptr;
  float* given_numbers_ = nullptr;
};

}  // namespace innerloop
