#include "engine/stages/trial_setup.h"

#include "engine/config/config.h"
#include "engine/learned/soft_actor_critic.h"
#include "engine/learned/trial_policy.h"

namespace innerloop {

TrialSetup trial_setup(const Config& config) {
  const bool soft = find_soft_options(config) != nullptr;
  return {.environment = config.environment,
          .environment_info = environment_info(config),
          .train_tasks = config.train_tasks,
          .policy = soft ? identity_policy(config) : trial_policy(config),
          .soft = soft ? std::optional(soft_actor(config)) : std::nullopt,
          .steps = trial_length(config),
          .episode_steps = config.horizon,
          .trial_episodes = trial_episodes(config),
          .looks_beyond = !has_memory(config),  // whose trials end with its memory
          .limit_ends = config.at_time_limit == AtTimeLimit::zero,
          .keeps_next = has_belief(config) || soft,
          .precision = config.precision};
}

TrialSetup training_setup(const Config& config) {
  TrialSetup setup = trial_setup(config);
  setup.steps = rollout_steps(config);
  setup.goes_on = episodes_go_on(config);
  return setup;
}

}  // namespace innerloop
