// Hand-written learners where something that was seen has to be remembered.
#pragma once

#include <vector>

#include "engine/rivals/learner.h"

namespace innerloop {

/// oracle: knows where the goal is, and with start "beside" goes to look all the same, as the steps that are paid for count
/// from there. guess: goes the same way to one end at random, as the best do without a memory.
std::vector<Rival> t_maze_rivals();

}  // namespace innerloop
