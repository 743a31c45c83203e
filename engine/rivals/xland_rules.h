// A hand-written learner of rooms with rules.
#pragma once

#include <vector>

#include "engine/rivals/learner.h"

namespace innerloop {

/// oracle: knows the ruleset and where everything lies, and goes the shortest way to the goal that carries only what the goal
/// and the rules that lead to it ask for, and puts it down where something comes of it; where there is no such way, puts down
/// once, else twice, where nothing does. Of rulesets of trivial and small.
std::vector<Rival> xland_rivals();

}  // namespace innerloop
