// What the policy of a config that plays trials looks like to the kernels, with a memory or without.
#pragma once

#include "engine/config/config.h"
#include "engine/learned/learned.h"
#include "engine/learned/policy.h"
#include "kernels/memories/policy.h"
#include "kernels/memories/registry.h"

namespace innerloop {

/// The network for the config's environment and policy. @pre trials are played
MemoryPolicyShape memory_policy_shape(const Config& config);
int memory_policy_parameters(const MemoryPolicyShape& shape);

/// Its parameters: "gru.input_weight" [inputs, 3·hidden] (gates r, z, n), …, or "lstm.input_weight" [inputs, 4·hidden]
/// (i, f, g, o), …, or "layer0.weight" [inputs, out], …; then "layer_norm.gain" and "layer_norm.bias" [hidden] if there is one;
/// of a separate value network the same once more, "value.gru.input_weight", …; then "actor.weight" [hidden, actions], …,
/// "value.bias" [1].
///
/// Input and hidden weights start as those of `mlp`, each recurrent matrix orthogonal (Saxe et al. 2014), an LSTM's bias of the
/// forget gate at 1 (Jozefowicz et al. 2015), the actor's weights at a hundredth of `mlp`'s so that all actions are about
/// equally likely, the gain of a layer normalisation at 1, and everything else at 0. The policy starts the same with and
/// without a separate value network.
Learned learned_trial_policy(const Config& config);

}  // namespace innerloop
