// What the policy of a config that plays trials looks like to the kernels, with a memory or without.
#pragma once

#include "engine/config/config.h"
#include "engine/learned/learned.h"
#include "kernels/memories/registry.h"

namespace innerloop {

/// The policy for the config's environment, with the memory that its options name. @pre trials are played
TrialPolicy trial_policy(const Config& config);

/// What it learns: its memory's parameters (kernels/memories has each one's); then "layer_norm.gain" and "layer_norm.bias"
/// [hidden] if there is one, and where the environment shows symbols "embedding" [place, kind, number]; of a separate value
/// network the same once more, "value.gru.input_weight", …; then "actor.weight" [hidden, actions], …, "value.bias" [1].
///
/// Memories start as each says, the actor's weights at a hundredth of `mlp`'s so that all actions are about equally likely,
/// the gain of a layer normalisation at 1, an embedding uniform in ±√(6/(places + numbers)), and everything else at 0. The
/// policy starts the same with and without a separate value network. @pre trials are played
Learned learned_trial_policy(const Config& config);
/// Of any policy; "log_std" starts at `log_std`.
Learned learned_trial_policy(const TrialPolicy& policy, double log_std);

}  // namespace innerloop
