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
          .bootstrap = config.at_time_limit == AtTimeLimit::bootstrap,
          .precision = config.precision};
}

}  // namespace innerloop
