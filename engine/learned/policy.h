// What a config's policy looks like to the kernels, and what its flat parameters are called.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/config/config.h"
#include "kernels/networks/shape.h"

namespace innerloop {

/// The network for the config's environment and policy.
PolicyShape policy_shape(const Config& config);

/// The value network of baseline `network`, with 0 layers where there is none: observation and time to one number.
PolicyShape value_shape(const Config& config);

/// One tensor in the flat parameter vector: "layer0.weight" [in, out], "layer0.bias" [out], …, "log_std" [outputs],
/// and of a context "context_weight" [context, out of layer 0], of `film` [context, 2·(out of layer 0)], and "context" [context].
struct LayoutEntry {
  std::string name;
  std::int64_t offset;
  std::vector<std::int64_t> shape;
  bool operator==(const LayoutEntry&) const = default;
};
std::vector<LayoutEntry> policy_layout(const PolicyShape& shape);

/// The tensors of all that is learned: the policy's and, behind them, where step sizes are learned "log_inner_lr" or
/// "inner_lr" [set, number] (kernels/inner/step_size.h), and where they are multiplied "multipliers.hidden_weight" [unit, unit],
/// "….hidden_bias" [unit], "….output_weight" and "….output_bias" (kernels/inner/step_multipliers.h); and of baseline `network`
/// where its networks start, "value.layer0.weight", …, "value.log_std" (kernels/inner/value_network.h).
std::vector<LayoutEntry> learned_layout(const Config& config);
/// How many numbers of them are the value network's.
std::int64_t value_parameters(const Config& config);
/// How many numbers they are.
std::int64_t learned_parameters(const Config& config);

/// What is learned, as training starts. Of the policy: weights uniform in ±√(6/(in + out)) (Glorot and Bengio 2010),
/// biases 0, log_std as configured; step sizes: inner_lr; of the network that multiplies them: weights into the hidden
/// units as the policy's, those into the outputs 0, and the outputs' biases 1; of a value network weights as the policy's.
/// Element i of the weights in order is the first draw of (task 0, env 0, step i, Purpose::initial_parameters).
std::vector<float> initial_parameters(const Config& config, const PolicyShape& shape);

}  // namespace innerloop
