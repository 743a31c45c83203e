#include "engine/stages/trial_setup.h"

#include "engine/config/config.h"
#include "engine/learned/trial_policy.h"

namespace innerloop {

TrialSetup trial_setup(const Config& config) {
  return {.environment = config.environment,
          .environment_info = environment_info(config),
          .train_tasks = config.train_tasks,
          .policy = trial_policy(config),
          .steps = trial_length(config),
          .episode_steps = config.horizon,
          .trial_episodes = trial_episodes(config),
          .looks_beyond = !has_memory(config),  // whose trials end with its memory
          .limit_ends = config.at_time_limit == AtTimeLimit::zero,
          .keeps_next = has_belief(config),
          .precision = config.precision};
}

}  // namespace innerloop
