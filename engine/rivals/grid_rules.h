// The best that can be done on the grid by one who knows the goal.
#pragma once

#include <vector>

#include "engine/rivals/learner.h"

namespace innerloop {

/// oracle: walks to the goal the shortest way, and stays there.
std::vector<Rival> grid_navigation_rivals();

}  // namespace innerloop
