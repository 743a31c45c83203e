// What soft actor-critic learns, and how its networks look to the kernels.
#pragma once

#include "engine/config/config.h"
#include "engine/learned/learned.h"
#include "kernels/critics/soft_actor_critic.h"
#include "kernels/critics/task_belief.h"
#include "kernels/memories/registry.h"

namespace innerloop {

/// What stands before the names of each network's blocks, and of its optimiser's state.
inline constexpr auto kEncoderPrefix = "encoder.", kActorPrefix = "actor.", kStateValuePrefix = "value.",
                      kTemperaturePrefix = "log_temperature", kCriticsPrefix = "critic";

/// The networks for the config's environment and policy. @pre there are soft_options
SoftNetworks soft_networks(const Config& config);

/// What acts: the policy, and where it acts on a task's latent variable the encoder that this is inferred by.
struct SoftActor {
  SoftNetworks nets;
  TaskEncoder encoder;
  int prior_episodes = 0;  // that act on N(0, I)

  bool infers() const { return nets.latent > 0; }
  /// Of what is learned, the first ones: the encoder's, and then the policy's.
  int policy_at() const { return encoder.net.parameters(); }
  int parameters() const { return policy_at() + nets.policy.parameters(); }
};
SoftActor soft_actor(const Config& config);

/// The policy that the environments' part of a trial knows (kernels/critics/act.h): its head puts out what it reads.
TrialPolicy identity_policy(const Config& config);

/// Of algorithm `pearl` "encoder.layer0.weight" [action, observation, reward, next observation; out] to
/// "encoder.output.weight" [hidden, 2·latent], means and what becomes variances, and then, seeing the latent variable before
/// the observation, what `sac` has: the policy's "actor.layer0.weight" [observation, out], "actor.layer0.bias", …,
/// "actor.output.weight" [hidden, 2·action] and "actor.output.bias": means, then log standard deviations; of version
/// `value_network` "value.…" [observation] to 1, else "log_temperature" [1]; and "critic0.…" and "critic1.…" [action,
/// observation] to 1.
///
/// Hidden weights start uniform as `mlp`'s, the outputs' at a hundredth of that, the log standard deviations' biases at
/// initial_log_std, and everything else at 0.
Learned learned_soft_actor_critic(const Config& config);

}  // namespace innerloop
