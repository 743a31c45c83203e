// Hand-written learners of alchemy: one that knows the chemistry, and two that never ask for it.
#pragma once

#include <vector>

#include "engine/rivals/learner.h"

namespace innerloop {

/// oracle: knows the chemistry, and finds the best use of each episode's potions by trying all of them. random_potions: pours
/// all potions, any on any stone that is not yet worth 15, and puts into the cauldron what is worth more than nothing. cash_in:
/// does the latter at once.
std::vector<Rival> alchemy_rivals();

}  // namespace innerloop
