// Plays a hand-written learner's trials, on the host: the tasks, and what their steps draw, are those that an agent with a
// memory meets (kernels/trials/play.h).
#pragma once

#include <vector>

#include "engine/config/config.h"
#include "engine/rivals/learner.h"
#include "engine/stages/trial_loop.h"

namespace innerloop {

/// The trials of the config's `evaluation`: in each its held-out task, or the `fixed_task` (engine/config/tasks.h) where
/// that is not empty. `threads` >= 1 never change the result.
/// @pre the config's algorithm plays trials, and the learner is one of its environment's (rivals_of).
TrialLoop::Returns play_rival(const LearnerOfTrial& learner, const Config& config, int threads,
                              const std::vector<float>& fixed_task = {});

}  // namespace innerloop
