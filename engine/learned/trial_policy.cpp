#include "engine/learned/trial_policy.h"

#include <algorithm>
#include <string>
#include <variant>

#include "engine/config/environment_info.h"
#include "kernels/memories/registry.h"
#include "kernels/trials/rollout.h"

namespace innerloop {
namespace {

MemoryKind kind_of(const GruOptions&) { return MemoryKind::gru; }
MemoryKind kind_of(const LstmOptions&) { return MemoryKind::lstm; }

// All but the inputs.
MemoryShape memory_shape(const RecurrentOptions& options, MemoryKind kind) {
  MemoryShape shape;
  shape.kind = kind;
  shape.hidden = options.hidden;
  shape.layer_norm = options.layer_norm;
  return shape;
}
MemoryShape memory_shape(const MlpOptions& options) {
  MemoryShape shape;
  shape.kind = MemoryKind::feedforward;
  shape.layers = static_cast<int>(options.hidden.size());
  std::ranges::copy(options.hidden, shape.width);
  shape.hidden = options.hidden.back();
  shape.activation = options.activation;
  return shape;
}

// W and U of the gates.
std::vector<ParameterBlock> gate_blocks(const MemoryShape& shape, const std::string& name, int gates) {
  const int inputs = shape.inputs, hidden = shape.hidden;
  return {{name + ".input_weight",
           {inputs, gates * hidden},
           true,
           InitialNumbers::glorot(inputs, gates * hidden)},
          {name + ".recurrent_weight", {hidden, gates * hidden}, true, InitialNumbers::orthogonal(gates)}};
}

// Of a memory, and of the layer normalisation behind it.
std::vector<ParameterBlock> memory_blocks(const MemoryShape& shape) {
  const int hidden = shape.hidden;
  std::vector<ParameterBlock> blocks;
  if (shape.kind == MemoryKind::gru) {
    blocks = gate_blocks(shape, "gru", 3);
    blocks.push_back({"gru.bias", {3 * hidden}});
    blocks.push_back({"gru.candidate_bias", {hidden}});
  } else if (shape.kind == MemoryKind::lstm) {
    blocks = gate_blocks(shape, "lstm", 4);
    blocks.push_back({"lstm.bias", {4 * hidden}, false, InitialNumbers::of_pieces({0, 1, 0, 0})});
  }
  for (int l = 0; l < shape.layers; ++l) {
    const int in = Feedforward::inputs(shape, l), out = shape.width[l];
    const std::string layer = "layer" + std::to_string(l);
    blocks.push_back({layer + ".weight", {in, out}, true, InitialNumbers::glorot(in, out)});
    blocks.push_back({layer + ".bias", {out}});
  }
  if (shape.layer_norm) {
    blocks.push_back({"layer_norm.gain", {hidden}, false, InitialNumbers::constant(1)});
    blocks.push_back({"layer_norm.bias", {hidden}});
  }
  return blocks;
}

}  // namespace

MemoryPolicyShape memory_policy_shape(const Config& config) {
  MemoryPolicyShape shape;
  std::visit(
      [&](const auto& policy) {
        if constexpr (requires { kind_of(policy); })
          shape.memory = memory_shape(policy, kind_of(policy));
        else
          shape.memory = memory_shape(policy);
        shape.actor.min_log_std = static_cast<float>(policy.min_log_std);
        shape.actor.squash = static_cast<float>(policy.squash.value_or(0));
      },
      config.policy);
  shape.separate_value = ppo_options(config).value_network == ValueNetwork::separate;
  shape.actor.width[0] = shape.memory.hidden;
  const EnvironmentInfo environment = environment_info(config);
  shape.memory.inputs = shape.memory.kind == MemoryKind::feedforward ? environment.observation.numbers
                                                                     : environment.trial_inputs;
  shape.actor.width[1] = environment.action_count;
  shape.actor.head = environment.head;
  set_groups(environment, shape.actor);
  return shape;
}

int memory_policy_parameters(const MemoryPolicyShape& shape) {
  return memory_parameters(shape) + shape.head_parameters();
}

Learned learned_trial_policy(const Config& config) {
  const MemoryPolicyShape shape = memory_policy_shape(config);
  const int hidden = shape.memory.hidden, actions = shape.actions();
  const double log_std = std::visit([](const auto& policy) { return policy.initial_log_std; }, config.policy);
  Learned learned;
  std::vector<ParameterBlock> network = memory_blocks(shape.memory);
  learned.add("", network);
  if (shape.separate_value) {
    for (ParameterBlock& block : network) block.drawn_last = true;
    learned.add("value.", network);
  }
  learned.add("actor.", {{"weight", {hidden, actions}, true, InitialNumbers::glorot(hidden, actions, 0.01f)},
                         {"bias", {actions}}});
  if (shape.actor.head == HeadKind::gaussian)
    learned.add("", {{"log_std", {actions}, false, InitialNumbers::constant(static_cast<float>(log_std))}});
  learned.add("value.", {{"weight", {hidden, 1}, true}, {"bias", {1}}});
  return learned;
}

}  // namespace innerloop
