// What trials believed of their tasks, as evaluation_tasks.json has it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/stages/trial_loop.h"

namespace innerloop {

/// Of the first trial of each listed task, of the beliefs that steps acted on: `belief_means` [task][point][number], their
/// means at the last step of the first episode and at the trial's last one (one point where these are the same for all);
/// `belief_deviations`, their standard deviations' mean over tasks and numbers at the trial's first step and at the last step
/// of each episode that is listed; `belief_path` [step], of the first task's trial the episode, from 1, and the means. An empty
/// object where the loop keeps no beliefs. Waits.
nlohmann::ordered_json beliefs_json(const TrialLoop& loop, Device& device);

}  // namespace innerloop
