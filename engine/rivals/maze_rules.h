// Hand-written learners of mazes.
#pragma once

#include <vector>

#include "engine/rivals/learner.h"

namespace innerloop {

/// oracle: knows the maze, and walks to the goal the shortest way, turns counted. explorer: depth first, always to the cell
/// next to its way that it saw last and has not been to, of several ahead, then left, then right; remembers the maze and the
/// goal, and from then on walks the shortest way that it knows.
std::vector<Rival> maze_navigation_rivals();

}  // namespace innerloop
