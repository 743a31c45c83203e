#include "engine/learned/create.h"

#include "engine/learned/policy.h"
#include "engine/learned/soft_actor_critic.h"
#include "engine/learned/trial_policy.h"

namespace innerloop {

Learned create_learned(const Config& config) {
  if (find_soft_options(config) != nullptr) return learned_soft_actor_critic(config);
  return plays_trials(config) ? learned_trial_policy(config) : learned_with_inner_steps(config);
}

}  // namespace innerloop
