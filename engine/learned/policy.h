// What a config's policy looks like to the kernels, and what an algorithm with an inner loop learns.
#pragma once

#include <vector>

#include "engine/config/config.h"
#include "engine/config/environment_info.h"
#include "engine/learned/learned.h"
#include "kernels/networks/shape.h"

namespace innerloop {

/// The network for the config's environment and policy.
PolicyShape policy_shape(const Config& config);

/// Gives a shape the groups of an environment's actions, where its head is grouped.
void set_groups(const EnvironmentInfo& environment, PolicyShape& shape);

/// The value network of baseline `network`, with 0 layers where there is none: observation and time to one number.
PolicyShape value_shape(const Config& config);

/// The parameters of such a network: "layer0.weight" [in, out], "layer0.bias" [out], where there are symbols "layer0.symbols"
/// [place, kind, out], "layer1.weight", …, and "log_std" [outputs], which starts at `log_std`; of a context "context_weight"
/// [context, out of layer 0], of `film` [context, 2·(out of layer 0)], and "context" [context]. Weights start uniform in
/// ±√(6/(in + out)) (Glorot and Bengio 2010), where a symbol counts as one input, and all else at 0.
std::vector<ParameterBlock> policy_blocks(const PolicyShape& shape, double log_std);

/// The parameters of the config's policy, which the inner steps of a task adapt.
Learned learned_policy(const Config& config);

/// All that an algorithm with an inner loop learns: the policy and, behind it, where step sizes are learned their numbers
/// (step_size_blocks), where they are multiplied that network's with "multipliers." before the names (multiplier_blocks), and
/// of baseline `network` where its networks start, with "value." before the names.
Learned learned_with_inner_steps(const Config& config);

}  // namespace innerloop
