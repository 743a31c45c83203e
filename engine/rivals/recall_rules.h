// Hand-written learners where something that was seen has to be remembered: t_maze, barcode_bandit, episodic_two_step,
// contextual_choice. Those that recall know a context again by what is seen of it.
#pragma once

#include <vector>

#include "engine/rivals/learner.h"

namespace innerloop {

/// oracle: knows where the goal is, and goes to the cue first where the start is beside it, as being in time wants it. guess:
/// the same way to one end at random, the best there is without a memory.
std::vector<Rival> t_maze_rivals();

/// oracle: pulls the barcode's arm. recall: the likeliest arm by all pulls with the same barcode in sight; no_recall: by those
/// of the episode alone. Of equals the first.
std::vector<Rival> barcode_bandit_rivals();

/// recall: knows, where a cue is shown, what that choice led to and paid, and how likely each state is to be the better one
/// by what was paid since. no_recall: the latter alone; with a cue in sight every second reward is one of the past.
std::vector<Rival> episodic_two_step_rivals();

/// oracle: knows the answers. recall: those of contexts that were seen before, and else the sign of the evidence; while that is
/// noise, a guess. no_recall: without the former.
std::vector<Rival> contextual_choice_rivals();

}  // namespace innerloop
