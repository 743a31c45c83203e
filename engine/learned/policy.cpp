#include "engine/learned/policy.h"

#include <algorithm>
#include <cmath>

#include "engine/config/environment_info.h"
#include "engine/learned/step_sizes.h"
#include "kernels/lanes/random.h"

namespace innerloop {

PolicyShape policy_shape(const Config& config) {
  const MlpOptions& mlp = std::get<MlpOptions>(config.policy);
  PolicyShape shape;
  shape.layers = static_cast<int>(mlp.hidden.size()) + 1;
  for (std::size_t l = 0; l < mlp.hidden.size(); ++l) shape.width[l + 1] = mlp.hidden[l];
  shape.activation = mlp.activation;
  shape.context = context_size(config);
  shape.context_input = context_input(config);
  shape.min_log_std = static_cast<float>(mlp.min_log_std);
  shape.squash = static_cast<float>(mlp.squash.value_or(0));
  const EnvironmentInfo environment = environment_info(config);
  shape.width[0] = environment.observation_size;
  shape.width[shape.layers] = environment.action_count;
  shape.head = environment.head;
  return shape;
}

PolicyShape value_shape(const Config& config) {
  PolicyShape shape;
  shape.layers = 0;
  const InnerLoopOptions& options = inner_loop(config);
  if (options.baseline != BaselineName::network) return shape;
  shape.layers = static_cast<int>(options.value_hidden.size()) + 1;
  shape.width[0] = policy_shape(config).inputs() + 1;
  std::ranges::copy(options.value_hidden, shape.width + 1);
  shape.width[shape.layers] = 1;
  return shape;
}

std::vector<LayoutEntry> policy_layout(const PolicyShape& shape) {
  std::vector<LayoutEntry> layout;
  for (int l = 0; l < shape.layers; ++l) {
    const std::string layer = "layer" + std::to_string(l);
    layout.push_back({layer + ".weight", shape.weight_offset(l), {shape.width[l], shape.width[l + 1]}});
    layout.push_back({layer + ".bias", shape.bias_offset(l), {shape.width[l + 1]}});
  }
  if (shape.head == HeadKind::gaussian)
    layout.push_back({"log_std", shape.log_std_offset(), {shape.outputs()}});
  if (shape.context > 0) {
    layout.push_back(
        {"context_weight", shape.context_weight_offset(0), {shape.context, shape.context_weights()}});
    layout.push_back({"context", shape.context_offset(), {shape.context}});
  }
  return layout;
}

std::vector<LayoutEntry> learned_layout(const Config& config) {
  const PolicyShape shape = policy_shape(config);
  std::vector<LayoutEntry> layout = policy_layout(shape);
  const StepSizeLayout sizes = step_size_layout(inner_loop(config), shape, inner_loop(config).inner_steps);
  if (sizes.sets > 0)
    layout.push_back(
        {sizes.positive ? "log_inner_lr" : "inner_lr", shape.parameters(), {sizes.sets, sizes.numbers}});
  const MultiplierLayout multipliers = multiplier_layout(inner_loop(config), shape);
  const std::int64_t start = shape.parameters() + sizes.learned(), units = multipliers.units();
  for (int pass = 0; units > 0 && pass < 2; ++pass) {
    const std::string name = pass == 0 ? "multipliers.hidden_" : "multipliers.output_";
    layout.push_back({name + "weight", start + multipliers.weight(pass), {units, units}});
    layout.push_back({name + "bias", start + multipliers.bias(pass), {units}});
  }
  if (const PolicyShape value = value_shape(config); value.layers > 0)
    for (LayoutEntry& entry : policy_layout(value))
      layout.push_back({"value." + entry.name, start + multipliers.learned() + entry.offset, entry.shape});
  return layout;
}

std::int64_t value_parameters(const Config& config) {
  const PolicyShape shape = value_shape(config);
  return shape.layers > 0 ? shape.parameters() : 0;
}

std::int64_t learned_parameters(const Config& config) {
  const PolicyShape shape = policy_shape(config);
  return shape.parameters() + step_size_layout(inner_loop(config), shape, inner_loop(config).inner_steps).learned() +
         multiplier_layout(inner_loop(config), shape).learned() + value_parameters(config);
}

std::vector<float> initial_parameters(const Config& config, const PolicyShape& shape) {
  using One = Pack<float, 1>;
  std::vector<float> params(static_cast<std::size_t>(shape.parameters()), 0.0f);
  std::uint32_t drawn = 0;
  const auto draw_weights = [&](int at, int count, int in, int out) {
    const float bound = std::sqrt(6.0f / static_cast<float>(in + out));
    for (int i = 0; i < count; ++i, ++drawn) {
      Random<One> random({config.seed, 0}, 0u, 0u, drawn, Purpose::initial_parameters, 0);
      params[static_cast<std::size_t>(at + i)] = random.uniform(One(-bound), One(bound)).get(0);
    }
  };
  for (int l = 0; l < shape.layers; ++l) {
    const int in = shape.width[l], out = shape.width[l + 1];
    draw_weights(shape.weight_offset(l), in * out, l == 0 && !shape.film() ? in + shape.context : in, out);
  }
  draw_weights(shape.context_weight_offset(0), shape.context * shape.context_weights(),
               shape.film() ? shape.context : shape.inputs() + shape.context, shape.context_weights());
  if (shape.head == HeadKind::gaussian)
    for (int o = 0; o < shape.outputs(); ++o)
      params[static_cast<std::size_t>(shape.log_std_offset() + o)] =
          static_cast<float>(std::get<MlpOptions>(config.policy).initial_log_std);
  const std::vector<float> step_sizes = initial_step_sizes(config, shape);
  params.insert(params.end(), step_sizes.begin(), step_sizes.end());
  const MultiplierLayout multipliers = multiplier_layout(inner_loop(config), shape);
  const int units = multipliers.units(), start = static_cast<int>(params.size());
  params.resize(params.size() + static_cast<std::size_t>(multipliers.learned()), 0.0f);
  draw_weights(start + multipliers.weight(0), units * units, units, units);
  std::fill(params.end() - units, params.end(), 1.0f);
  const PolicyShape value = value_shape(config);
  const int value_start = static_cast<int>(params.size());
  params.resize(params.size() + static_cast<std::size_t>(value_parameters(config)), 0.0f);
  for (int l = 0; l < value.layers; ++l) {
    const int in = value.width[l], out = value.width[l + 1];
    draw_weights(value_start + value.weight_offset(l), in * out, in, out);
  }
  return params;
}

}  // namespace innerloop
