// What the engine knows of an environment without its type: names, kinds and sizes, made once from its options.
#pragma once

#include <string>
#include <vector>

#include "kernels/networks/shape.h"
#include "kernels/options/task_numbers.h"

namespace innerloop {

struct Config;

struct EnvironmentInfo {
  std::string name;
  int observation_size = 0;  // numbers that a policy sees in each step
  int trial_inputs = 0;      // numbers that a policy with a memory takes in (kernels/trials/play.h)
  HeadKind head =
      HeadKind::gaussian;  // categorical: an action is one of action_count; else that many real numbers
  int action_count = 0;
  int task_size = 0;                     // numbers that a task takes in memory, named or not
  int state_size = 0;                    // numbers of the state between two steps
  std::vector<TaskNumber> task_numbers;  // the task's numbers that have a name: the first ones

  /// Numbers that a batch keeps of an action.
  int action_size() const { return head == HeadKind::categorical ? 1 : action_count; }
};

/// Of the environment that the config names.
EnvironmentInfo environment_info(const Config& config);

}  // namespace innerloop
