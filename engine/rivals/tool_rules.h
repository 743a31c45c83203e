// Hand-written learners of tool_calls. All plan exactly, by dynamic programming over the sets of types that may be held and the
// steps that an episode has left; they differ in what they take the tools to be.
#pragma once

#include <vector>

#include "engine/rivals/learner.h"

namespace innerloop {

/// oracle: knows the tools, and gets what can be got. explore_then_plan: keeps of each tool what its calls have shown for
/// certain; plans where that suffices for the goal, and else goes the cheapest way to a call whose result it cannot tell.
/// thompson: plans, in each step, with tools drawn from all those that fit what was seen, each as likely.
std::vector<Rival> tool_calls_rivals();

}  // namespace innerloop
