// What agents that act on beliefs came to believe of held-out tasks: planes with a dot for each task.
#pragma once

#include <string>
#include <vector>

#include "engine/report/curves.h"

namespace innerloop {

struct BeliefCharts {
  std::vector<Chart> charts;
  std::string note;  // what they show, a sentence for each run
};

/// Of each run whose evaluation_tasks.json has beliefs, their means after the first episode and at the trial's end, along the
/// two principal axes of the latter (engine/statistics/principal_axes.h). Colours show the number of a task that these axes
/// tell best by a line, or its last return where tasks have no numbers there; a line is the first task's trial, step by step.
BeliefCharts belief_charts(const std::vector<ColouredRun>& runs);

}  // namespace innerloop
