#include "engine/learned/create.h"

#include "engine/learned/policy.h"
#include "engine/learned/trial_policy.h"

namespace innerloop {

Learned create_learned(const Config& config) {
  return find_ppo_options(config) != nullptr ? learned_trial_policy(config)
                                             : learned_with_inner_steps(config);
}

}  // namespace innerloop
