#include "engine/config/environment_info.h"

#include "engine/config/config.h"
#include "engine/config/environment_options.h"
#include "kernels/environment/limits.h"
#include "kernels/environment/solved.h"
#include "kernels/trials/play.h"

namespace innerloop {

EnvironmentInfo environment_info(const Config& config) {
  EnvironmentInfo info;
  with_environment(config.environment, [&]<class Env>(const typename Env::Options& options) {
    info.name = Env::name;
    info.observation = Env::observation(options);
    info.context = context_of<Env>(options);
    info.trial_inputs = policy_inputs<Env>(options);
    info.head = HeadOf<Env>::kind;
    info.action_count = action_outputs<Env>(options);
    info.action_size = Env::Action::size;
    if constexpr (Env::Action::discrete)
      for (int group = 0; group < Env::Action::size; ++group)
        info.group_sizes.push_back(Env::action_sizes(options)[group]);
    info.has_allowed = kHasAllowed<Env>;
    info.pays_alike = kPaysAlike<Env>;
    info.solved_when_paid = kSolvedWhenPaid<Env>;
    if constexpr (HasLimits<Env>)
      info.beyond_limits = [options](std::span<const float> seen) {
        return Env::beyond_limits(options, seen);
      };
    if constexpr (requires { Env::grid_side(options); }) info.grid_side = Env::grid_side(options);
    info.task_size = kTaskSize<Env>;
    info.task_in_memory = kTaskInMemory<Env>;
    info.state_size = episode_size<Env>(options);
    info.task_numbers = Env::task_numbers(options);
  });
  return info;
}

}  // namespace innerloop
