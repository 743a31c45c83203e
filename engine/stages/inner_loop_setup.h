// What an inner loop is made from: the part of a config that it needs, and the sizes that its user asks for.
#pragma once

#include <vector>

#include "engine/config/algorithm_options.h"
#include "engine/config/environment_info.h"
#include "engine/config/environment_options.h"
#include "engine/learned/learned.h"
#include "kernels/networks/shape.h"

namespace innerloop {

struct InnerLoopSetup {
  EnvironmentOptions environment;
  EnvironmentInfo environment_info;
  TaskTable train_tasks;  // that tasks are drawn from; empty: the environment draws them
  PolicyShape policy;
  PolicyShape value;  // the networks of baseline `network`; 0 layers where there are none
  InnerLoopOptions options;
  std::int64_t learned = 0;  // M: numbers of all that is learned
  // Where these lie in all that is learned, [M]; of size 0 where there are none. The policy's parameters are the first.
  LearnedRange step_sizes;
  LearnedRange multipliers;
  LearnedRange value_start;
  int horizon = 0;
  bool restart = false;    // whether an episode that ends before the horizon is followed by another
  bool bootstrap = false;  // an episode that is cut off is worth there what the baseline says
  Precision precision = Precision::float32;
};

/// @pre the config's algorithm has an inner loop.
InnerLoopSetup inner_loop_setup(const Config& config);

struct InnerLoopSizes {
  int tasks = 0;
  int envs = 0;
  int steps = 0;                // K
  std::vector<double> lr = {};  // [K]
  bool way_back = false;        // the trajectories of all inner steps stay, for gradients through them
  bool drawn_outputs = false;   // KL divergences from the drawing policies will be wanted
  bool candidates = false;      // other parameters will be tried on the same data (TRPO, ProMP)
};

}  // namespace innerloop
