#include "engine/learned/soft_actor_critic.h"

#include <algorithm>
#include <cmath>
#include <variant>
#include <vector>

#include "engine/config/environment_info.h"

namespace innerloop {
namespace {

PerceptronShape perceptron(const std::vector<int>& hidden, Activation activation, int inputs, int learned,
                           int outputs) {
  PerceptronShape shape{Feedforward::shape_of(hidden, activation, inputs), outputs};
  shape.hidden.learned = learned;
  return shape;
}

// The output's biases start at the pieces.
void add_perceptron(Learned& learned, const std::string& prefix, const PerceptronShape& shape,
                    const std::vector<float>& pieces = {0}) {
  std::vector<ParameterBlock> blocks;
  Feedforward::describe_parameters(shape.hidden,
                                   [&](const ParameterBlock& block) { blocks.push_back(block); });
  const int units = shape.hidden.hidden, outputs = shape.outputs;
  blocks.push_back({"output.weight", {units, outputs}, true, InitialNumbers::glorot(units, outputs, 0.01f)});
  blocks.push_back({"output.bias", {outputs}, false, InitialNumbers::of_pieces(pieces)});
  learned.add(prefix, blocks);
}

}  // namespace

SoftNetworks soft_networks(const Config& config) {
  const SoftUpdateOptions& options = soft_options(config);
  const auto& mlp = std::get<MlpOptions>(config.policy);
  const EnvironmentInfo environment = environment_info(config);
  SoftNetworks nets;
  nets.actions = environment.action_count;
  nets.observed = environment.observation.numbers;
  nets.min_log_std = static_cast<float>(mlp.min_log_std);
  if (const auto* pearl = std::get_if<PearlOptions>(&config.algorithm)) nets.latent = pearl->latent;
  const int seen = nets.latent + nets.observed;
  nets.policy = perceptron(mlp.hidden, mlp.activation, seen, 0, 2 * nets.actions);
  nets.critic =
      perceptron(options.critic_hidden, mlp.activation, nets.actions + seen, nets.actions + nets.latent, 1);
  if (options.version == SoftVersion::value_network)
    nets.value = perceptron(options.critic_hidden, mlp.activation, seen, 0, 1);
  return nets;
}

SoftActor soft_actor(const Config& config) {
  SoftActor actor{soft_networks(config), {}, 0};
  const auto* pearl = std::get_if<PearlOptions>(&config.algorithm);
  if (pearl == nullptr) return actor;
  TaskEncoder& encoder = actor.encoder;
  encoder.steps.actions = actor.nets.actions;
  encoder.steps.observed = actor.nets.observed;
  encoder.steps.next_state = pearl->next_state;
  encoder.steps.within = static_cast<float>(pearl->sparse_within.value_or(0));
  encoder.steps.from = static_cast<float>(pearl->sparse_from.value_or(0));
  encoder.steps.shrinks = pearl->sparse_from ? pearl->sparse_iterations : 0;
  encoder.latent = pearl->latent;
  encoder.net = perceptron(pearl->encoder_hidden, std::get<MlpOptions>(config.policy).activation,
                           encoder.steps.inputs(), 0, 2 * pearl->latent);
  actor.prior_episodes = pearl->prior_episodes;
  return actor;
}

TrialPolicy identity_policy(const Config& config) {
  const auto& mlp = std::get<MlpOptions>(config.policy);
  const EnvironmentInfo environment = environment_info(config);
  MemoryPolicy<Feedforward> policy;
  policy.inputs = environment.observation.numbers;
  policy.hidden = environment.action_count;
  policy.actor.width[0] = policy.actor.width[1] = environment.action_count;
  policy.actor.squash = static_cast<float>(mlp.squash.value());
  policy.memory = Feedforward::shape_of({policy.hidden}, mlp.activation, policy.inputs);
  return policy;
}

Learned learned_soft_actor_critic(const Config& config) {
  const SoftNetworks nets = soft_networks(config);
  const auto log_std = static_cast<float>(std::get<MlpOptions>(config.policy).initial_log_std);
  Learned learned;
  const SoftActor actor = soft_actor(config);
  if (actor.infers()) {
    // softplus, which makes the variances of the encoder's outputs, the other way round
    const auto& variance = std::get<PearlOptions>(config.algorithm).initial_variance;
    const double raw = variance ? *variance + std::log(-std::expm1(-*variance)) : 0;
    add_perceptron(learned, kEncoderPrefix, actor.encoder.net, {0, static_cast<float>(raw)});
  }
  add_perceptron(learned, kActorPrefix, nets.policy, {0, log_std});
  if (nets.has_value())
    add_perceptron(learned, kStateValuePrefix, nets.value);
  else
    learned.add(
        "",
        {{kTemperaturePrefix,
          {1},
          false,
          InitialNumbers::constant(static_cast<float>(std::log(soft_options(config).initial_temperature)))}});
  for (const char* critic : {"critic0.", "critic1."}) add_perceptron(learned, critic, nets.critic);
  return learned;
}

}  // namespace innerloop
