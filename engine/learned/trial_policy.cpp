#include "engine/learned/trial_policy.h"

#include <utility>
#include <variant>
#include <vector>

#include "engine/config/environment_info.h"
#include "engine/learned/policy.h"

namespace innerloop {
namespace {

// All but what the environment decides of it.
template <class Options>
TrialPolicy policy_of(const Config& config, const Options& options) {
  using Memory = typename Options::Memory;
  MemoryPolicy<Memory> policy;
  if constexpr (requires { options.layer_norm; }) policy.layer_norm = options.layer_norm;
  policy.separate_value = ppo_options(config).value_network == ValueNetwork::separate;
  policy.actor.min_log_std = static_cast<float>(options.min_log_std);
  policy.actor.squash = static_cast<float>(options.squash.value_or(0));
  const EnvironmentInfo environment = environment_info(config);
  policy.symbols = environment.observation.symbols;
  policy.kinds = environment.observation.kinds;
  policy.embedding = policy.symbols > 0 ? options.embedding : 0;
  policy.inputs = policy.embedding + policy_inputs(config);
  policy.actor.width[1] = environment.action_count;
  policy.actor.head = environment.head;
  set_groups(environment, policy.actor);
  policy.memory = Memory::shape_of(options, policy.inputs);
  policy.memory.learned = policy.embedding;
  if constexpr (std::is_same_v<Memory, Episodic>) {
    // Of an environment that says nothing of a context all numbers are one.
    const ContextPart context = environment.context;
    const bool says = context.count > 0;
    policy.memory.key_first = policy.embedding + (says ? context.first : 0);
    policy.memory.key_count = says ? context.count : environment.observation.numbers;
  }
  if constexpr (kTakesWholeTrials<Memory>) policy.memory.steps = trial_length(config);
  if constexpr (requires { Memory::set_environment(policy.memory, 0, 0, 0); })
    Memory::set_environment(policy.memory, environment.observation.numbers, environment.action_count,
                            environment.grid_side);
  policy.hidden = policy.actor.width[0] = policy.memory.hidden;
  return policy;
}

// Of a memory, of the layer normalisation behind it, and of the embedding before it.
std::vector<ParameterBlock> network_blocks(const TrialPolicy& policy) {
  std::vector<ParameterBlock> blocks;
  const auto add = [&](ParameterBlock block) { blocks.push_back(std::move(block)); };
  with_memory(policy, [&]<class Memory>(const MemoryPolicy<Memory>& with) {
    Memory::describe_parameters(with.memory, add);
    if (with.layer_norm) {
      add({"layer_norm.gain", {with.hidden}, false, InitialNumbers::constant(1)});
      add({"layer_norm.bias", {with.hidden}});
    }
    if (with.embedding > 0)
      add({"embedding",
           {with.symbols, with.kinds, with.embedding},
           true,
           InitialNumbers::glorot(with.symbols, with.embedding)});
  });
  return blocks;
}

}  // namespace

TrialPolicy trial_policy(const Config& config) {
  return std::visit([&](const auto& options) { return policy_of(config, options); }, config.policy);
}

Learned learned_trial_policy(const Config& config) {
  return learned_trial_policy(
      trial_policy(config),
      std::visit([](const auto& options) { return options.initial_log_std; }, config.policy));
}

Learned learned_trial_policy(const TrialPolicy& policy, double log_std) {
  const MemoryPolicyShape& shape = shape_of(policy);
  const int hidden = shape.hidden, actions = shape.actions();
  Learned learned;
  std::vector<ParameterBlock> network = network_blocks(policy);
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
