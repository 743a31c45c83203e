#include "engine/learned/policy.h"

#include <algorithm>
#include <string>
#include <variant>

#include "engine/config/environment_info.h"
#include "engine/learned/step_sizes.h"

namespace innerloop {

void set_groups(const EnvironmentInfo& environment, PolicyShape& shape) {
  if (environment.head != HeadKind::grouped) return;
  shape.groups = static_cast<int>(environment.group_sizes.size());
  std::ranges::copy(environment.group_sizes, shape.group_size);
}

PolicyShape policy_shape(const Config& config) {
  const MlpOptions& mlp = std::get<MlpOptions>(config.policy);
  PolicyShape shape;
  shape.layers = static_cast<int>(mlp.hidden.size()) + 1;
  for (std::size_t l = 0; l < mlp.hidden.size(); ++l) shape.width[l + 1] = mlp.hidden[l];
  shape.activation = mlp.activation;
  shape.context = inner_loop(config).context_size;
  shape.context_input = inner_loop(config).context_input;
  shape.min_log_std = static_cast<float>(mlp.min_log_std);
  shape.squash = static_cast<float>(mlp.squash.value_or(0));
  const EnvironmentInfo environment = environment_info(config);
  shape.width[0] = environment.observation.numbers;
  shape.symbols = environment.observation.symbols;
  shape.kinds = environment.observation.kinds;
  shape.width[shape.layers] = environment.action_count;
  shape.head = environment.head;
  set_groups(environment, shape);
  return shape;
}

PolicyShape value_shape(const Config& config) {
  PolicyShape shape;
  shape.layers = 0;
  const InnerLoopOptions& options = inner_loop(config);
  if (options.baseline != BaselineName::network) return shape;
  shape.layers = static_cast<int>(options.value_hidden.size()) + 1;
  const PolicyShape policy = policy_shape(config);
  shape.width[0] = policy.inputs() + 1;
  shape.symbols = policy.symbols;
  shape.kinds = policy.kinds;
  std::ranges::copy(options.value_hidden, shape.width + 1);
  shape.width[shape.layers] = 1;
  return shape;
}

std::vector<ParameterBlock> policy_blocks(const PolicyShape& shape, double log_std) {
  std::vector<ParameterBlock> blocks;
  for (int l = 0; l < shape.layers; ++l) {
    const int in = shape.width[l], out = shape.width[l + 1];
    const std::string layer = "layer" + std::to_string(l);
    // Symbols, each as one number, and a context enter layer 0 beside the observation's numbers.
    const int all_in = l > 0 ? in : in + shape.symbols + (shape.film() ? 0 : shape.context);
    const InitialNumbers initial = InitialNumbers::glorot(all_in, out);
    blocks.push_back({layer + ".weight", {in, out}, true, initial});
    blocks.push_back({layer + ".bias", {out}});
    if (l == 0 && shape.symbols > 0)
      blocks.push_back({layer + ".symbols", {shape.symbols, shape.kinds, out}, true, initial});
  }
  if (shape.head == HeadKind::gaussian)
    blocks.push_back(
        {"log_std", {shape.outputs()}, false, InitialNumbers::constant(static_cast<float>(log_std))});
  if (shape.context > 0) {
    const int in = shape.film() ? shape.context : shape.inputs() + shape.symbols + shape.context,
              out = shape.context_weights();
    blocks.push_back({"context_weight", {shape.context, out}, true, InitialNumbers::glorot(in, out)});
    blocks.push_back({"context", {shape.context}});
  }
  return blocks;
}

Learned learned_policy(const Config& config) {
  Learned learned;
  learned.add("", policy_blocks(policy_shape(config), std::get<MlpOptions>(config.policy).initial_log_std));
  return learned;
}

Learned learned_with_inner_steps(const Config& config) {
  Learned learned = learned_policy(config);
  const PolicyShape shape = policy_shape(config);
  learned.add("", step_size_blocks(config, shape));
  learned.add("multipliers.", multiplier_blocks(config, shape));
  if (const PolicyShape value = value_shape(config); value.layers > 0)
    learned.add("value.", policy_blocks(value, 0));
  return learned;
}

}  // namespace innerloop
