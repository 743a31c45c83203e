#include "engine/stages/inner_loop_setup.h"

#include "engine/learned/policy.h"
#include "engine/learned/step_sizes.h"

namespace innerloop {

InnerLoopSetup inner_loop_setup(const Config& config) {
  const Learned learned = learned_with_inner_steps(config);
  return {.environment = config.environment,
          .environment_info = environment_info(config),
          .train_tasks = config.train_tasks,
          .policy = policy_shape(config),
          .value = value_shape(config),
          .options = inner_loop(config),
          .learned = learned.size(),
          .step_sizes = learned.range(step_size_block(inner_loop(config))),
          .multipliers = learned.range("multipliers."),
          .value_start = learned.range("value."),
          .horizon = config.horizon,
          .restart = config.at_episode_end == AtEpisodeEnd::restart,
          .bootstrap = config.at_time_limit == AtTimeLimit::bootstrap,
          .precision = config.precision};
}

}  // namespace innerloop
