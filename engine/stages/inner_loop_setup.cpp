#include "engine/stages/inner_loop_setup.h"

#include "engine/config/config.h"
#include "engine/learned/policy.h"

namespace innerloop {

InnerLoopSetup inner_loop_setup(const Config& config) {
  return {.environment = config.environment,
          .environment_info = environment_info(config),
          .policy = policy_shape(config),
          .value = value_shape(config),
          .options = inner_loop(config),
          .horizon = config.horizon,
          .restart = config.at_episode_end == AtEpisodeEnd::restart,
          .precision = config.precision};
}

}  // namespace innerloop
