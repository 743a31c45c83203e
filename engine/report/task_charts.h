// Which tasks adaptation helps: charts with a dot for each held-out task, of runs in the same environment.
#pragma once

#include <string>
#include <vector>

#include "engine/report/curves.h"

namespace innerloop {

/// What each task brought before adaptation and after it, or in the first episode and the last: a chart for each of the two
/// that there is; and of tasks with two numbers the plane of these for each run, coloured by the return after adaptation. Of
/// runs with evaluation_tasks.json alone, and whose evaluation has more than one point.
std::vector<Chart> task_charts(const std::vector<ColouredRun>& runs);

/// What number `number` of a task is called in evaluation_tasks.json.
std::string name_of_number(const Json& tasks, std::size_t number);
/// A task of that file: "goal_x 0.3, goal_y -0.4"; "task 7" where its numbers are not there.
std::string name_of_task(const Json& tasks, std::size_t task);

}  // namespace innerloop
