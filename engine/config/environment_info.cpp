#include "engine/config/environment_info.h"

#include "engine/config/config.h"
#include "engine/config/environment_options.h"
#include "kernels/trials/play.h"

namespace innerloop {

EnvironmentInfo environment_info(const Config& config) {
  EnvironmentInfo info;
  with_environment(config.environment, [&]<class Env>(const typename Env::Options& options) {
    info.name = Env::name;
    info.observation_size = Env::observation_size;
    info.trial_inputs = policy_inputs<Env>(options);
    info.head = HeadOf<typename Env::Action>::kind;
    info.action_count = Env::action_count(options);
    info.task_size = kTaskSize<Env>;
    info.state_size = kStateSize<Env>;
    info.task_numbers = Env::task_numbers(options);
  });
  return info;
}

}  // namespace innerloop
