// What the engine knows of an environment without its type: names, kinds and sizes, made once from its options.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/mask_words.h"
#include "kernels/networks/shape.h"
#include "kernels/options/task_numbers.h"

namespace innerloop {

struct Config;

struct EnvironmentInfo {
  std::string name;
  Observation observation;  // what a policy sees in each step
  ContextPart context;      // the numbers of it that say which context it is in
  int trial_inputs = 0;     // numbers that a policy with a memory takes in (kernels/trials/play.h)
  HeadKind head = HeadKind::gaussian;
  int action_count = 0;  // numbers that a policy puts out for an action: one a dimension, or one a choice
  int action_size = 0;   // numbers that a batch keeps of an action
  std::vector<int> group_sizes;   // of discrete actions: the choices of each group
  bool pays_alike = false;        // every step pays the same, whatever is done
  bool solved_when_paid = false;  // an episode whose last step pays more than 0 is solved
  // Whether an observation's numbers are beyond a limit of the plant; empty where it has none.
  std::function<bool(std::span<const float>)> beyond_limits;
  bool has_allowed = false;  // not every choice is allowed in every state
  int grid_side =
      0;  // what is seen is a cell of a grid with so many along each side, each axis from −1 to 1; 0: it is not
  int task_size = 0;                     // numbers that a task takes in memory, named or not
  bool task_in_memory = false;           // it stays there, for what it is too large to be held in registers
  int state_size = 0;                    // numbers of an environment between two steps
  std::vector<TaskNumber> task_numbers;  // the task's numbers that have a name: the first ones

  /// Words of 32 bits that tell which choices are allowed.
  int action_words() const { return mask_words(action_count); }
};

/// Tasks, each its numbers as in EnvironmentInfo::task_numbers.
using TaskTable = std::vector<std::vector<float>>;

/// What is to be known of the environment that the config names.
EnvironmentInfo environment_info(const Config& config);

}  // namespace innerloop
