// What the policy of a config that plays trials looks like to the kernels, with a memory or without, and what the flat
// parameters of any policy are called.
#pragma once

#include <vector>

#include "engine/config/config.h"
#include "engine/learned/policy.h"
#include "kernels/memories/policy.h"
#include "kernels/memories/registry.h"

namespace innerloop {

/// The network for the config's environment and policy. @pre trials are played
MemoryPolicyShape memory_policy_shape(const Config& config);
int memory_policy_parameters(const MemoryPolicyShape& shape);

/// "gru.input_weight" [inputs, 3·hidden] (gates r, z, n), …, or "lstm.input_weight" [inputs, 4·hidden] (i, f, g, o), …, or
/// "layer0.weight" [inputs, out], …; then "layer_norm.gain" and "layer_norm.bias" [hidden] if there is one; of a
/// separate value network the same once more, "value.gru.input_weight", …; then "actor.weight" [hidden, actions], …,
/// "value.bias" [1].
std::vector<LayoutEntry> memory_policy_layout(const MemoryPolicyShape& shape);

/// θ as training starts: input and hidden weights as of `mlp`, each recurrent matrix orthogonal (Saxe et al. 2014), an LSTM's
/// bias of the forget gate 1 (Jozefowicz et al. 2015), the actor's weights a hundredth of `mlp`'s so that all actions are
/// about equally likely, the gain of a layer normalisation 1, and everything else 0.
std::vector<float> initial_memory_parameters(const Config& config, const MemoryPolicyShape& shape);

/// Of the config's policy, with a memory or without.
std::vector<LayoutEntry> parameter_layout(const Config& config);
std::int64_t parameter_count(const Config& config);
std::vector<float> initial_parameters(const Config& config);

}  // namespace innerloop
