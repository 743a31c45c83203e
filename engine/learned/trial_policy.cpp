#include "engine/learned/trial_policy.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <variant>

#include "engine/config/environment_info.h"
#include "kernels/lanes/random.h"
#include "kernels/memories/registry.h"
#include "kernels/trials/rollout.h"

namespace innerloop {
namespace {

using One = Pack<float, 1>;

// Numbers one after the other, each the first draw of a stream of its own.
class InitialNumbers {
 public:
  explicit InitialNumbers(std::uint32_t seed) : seed_(seed) {}
  float uniform(float bound) { return next().uniform(One(-bound), One(bound)).get(0); }
  double normal() { return next().normal().get(0); }

 private:
  Random<One> next() { return {{seed_, 0}, 0u, 0u, drawn_++, Purpose::initial_parameters, 0}; }
  const std::uint32_t seed_;
  std::uint32_t drawn_ = 0;
};

// The rows of a matrix of normal numbers, made orthonormal one after the other (modified Gram and Schmidt).
std::vector<double> orthogonal(int size, InitialNumbers& numbers) {
  const auto n = static_cast<std::size_t>(size);
  std::vector<double> matrix(n * n);
  for (double& x : matrix) x = numbers.normal();
  for (std::size_t row = 0; row < n; ++row) {
    double* const own = matrix.data() + row * n;
    for (std::size_t other = 0; other < row; ++other) {
      const double* const done = matrix.data() + other * n;
      double dot = 0;
      for (std::size_t i = 0; i < n; ++i) dot += own[i] * done[i];
      for (std::size_t i = 0; i < n; ++i) own[i] -= dot * done[i];
    }
    double square = 0;
    for (std::size_t i = 0; i < n; ++i) square += own[i] * own[i];
    for (std::size_t i = 0; i < n; ++i) own[i] /= std::sqrt(square);
  }
  return matrix;
}

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

float glorot(int in, int out) { return std::sqrt(6.0f / static_cast<float>(in + out)); }

// W [inputs][gates·hidden] and U [hidden][gates·hidden], one behind the other.
void draw_gates(const MemoryShape& shape, int gates, InitialNumbers& numbers, float* params) {
  const int inputs = shape.inputs, hidden = shape.hidden;
  for (int i = 0; i < inputs * gates * hidden; ++i)
    params[i] = numbers.uniform(glorot(inputs, gates * hidden));
  float* const recurrent = params + std::ptrdiff_t{inputs} * gates * hidden;
  for (int gate = 0; gate < gates; ++gate) {
    const std::vector<double> matrix = orthogonal(hidden, numbers);
    for (int i = 0; i < hidden; ++i)
      for (int o = 0; o < hidden; ++o)
        recurrent[(i * gates + gate) * hidden + o] =
            static_cast<float>(matrix[static_cast<std::size_t>(i * hidden + o)]);
  }
}

void draw_memory(const MemoryShape& shape, InitialNumbers& numbers, float* params) {
  if (shape.kind == MemoryKind::gru) draw_gates(shape, 3, numbers, params);
  if (shape.kind == MemoryKind::lstm) {
    draw_gates(shape, 4, numbers, params);
    std::fill_n(params + Lstm::bias_offset(shape) + shape.hidden, shape.hidden, 1.0f);
  }
  if (shape.kind == MemoryKind::feedforward)
    for (int l = 0; l < shape.layers; ++l) {
      const int in = Feedforward::inputs(shape, l), out = shape.width[l];
      float* const weight = params + Feedforward::weight_offset(shape, l);
      for (int i = 0; i < in * out; ++i) weight[i] = numbers.uniform(glorot(in, out));
    }
  if (shape.layer_norm)
    with_memory(shape.kind,
                [&]<class Memory>() { std::fill_n(params + Memory::parameters(shape), shape.hidden, 1.0f); });
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
  shape.memory.inputs =
      shape.memory.kind == MemoryKind::feedforward ? environment.observation_size : environment.trial_inputs;
  shape.actor.width[1] = environment.action_count;
  shape.actor.head = environment.head;
  return shape;
}

int memory_policy_parameters(const MemoryPolicyShape& shape) {
  return memory_parameters(shape) + shape.head_parameters();
}

std::vector<LayoutEntry> memory_policy_layout(const MemoryPolicyShape& shape) {
  const MemoryShape& memory = shape.memory;
  const std::int64_t inputs = memory.inputs, hidden = memory.hidden, actions = shape.actions();
  std::vector<LayoutEntry> layout;
  std::int64_t offset = 0;
  const auto add = [&](const std::string& name, const std::vector<std::int64_t>& sizes) {
    layout.push_back({name, offset, sizes});
    std::int64_t count = 1;
    for (const std::int64_t size : sizes) count *= size;
    offset += count;
  };
  for (int network = 0; network < shape.networks(); ++network) {
    const std::string of = network == 0 ? "" : "value.";
    if (memory.kind == MemoryKind::gru) {
      add(of + "gru.input_weight", {inputs, 3 * hidden});
      add(of + "gru.recurrent_weight", {hidden, 3 * hidden});
      add(of + "gru.bias", {3 * hidden});
      add(of + "gru.candidate_bias", {hidden});
    } else if (memory.kind == MemoryKind::lstm) {
      add(of + "lstm.input_weight", {inputs, 4 * hidden});
      add(of + "lstm.recurrent_weight", {hidden, 4 * hidden});
      add(of + "lstm.bias", {4 * hidden});
    }
    for (int l = 0; l < memory.layers; ++l) {
      const std::string layer = of + "layer" + std::to_string(l);
      add(layer + ".weight", {Feedforward::inputs(memory, l), memory.width[l]});
      add(layer + ".bias", {memory.width[l]});
    }
    if (memory.layer_norm) {
      add(of + "layer_norm.gain", {hidden});
      add(of + "layer_norm.bias", {hidden});
    }
  }
  add("actor.weight", {hidden, actions});
  add("actor.bias", {actions});
  if (shape.actor.head == HeadKind::gaussian) add("log_std", {actions});
  add("value.weight", {hidden, 1});
  add("value.bias", {1});
  return layout;
}

std::vector<float> initial_memory_parameters(const Config& config, const MemoryPolicyShape& shape) {
  std::vector<float> params(static_cast<std::size_t>(memory_policy_parameters(shape)), 0.0f);
  InitialNumbers numbers(config.seed);
  const int hidden = shape.memory.hidden, actions = shape.actions();
  float* const actor = params.data() + memory_parameters(shape);
  draw_memory(shape.memory, numbers, params.data());
  for (int i = 0; i < hidden * actions; ++i) actor[i] = numbers.uniform(0.01f * glorot(hidden, actions));
  if (shape.actor.head == HeadKind::gaussian)
    std::fill_n(actor + shape.actor.log_std_offset(), actions,
                std::visit([](const auto& policy) { return static_cast<float>(policy.initial_log_std); },
                           config.policy));
  // Last, so that the policy starts the same with and without it.
  if (shape.separate_value) draw_memory(shape.memory, numbers, params.data() + memory_parameters(shape) / 2);
  return params;
}

std::vector<LayoutEntry> parameter_layout(const Config& config) {
  return find_ppo_options(config) != nullptr ? memory_policy_layout(memory_policy_shape(config))
                                             : learned_layout(config);
}

std::int64_t parameter_count(const Config& config) {
  return find_ppo_options(config) != nullptr ? memory_policy_parameters(memory_policy_shape(config))
                                             : learned_parameters(config);
}

std::vector<float> initial_parameters(const Config& config) {
  return find_ppo_options(config) != nullptr ? initial_memory_parameters(config, memory_policy_shape(config))
                                             : initial_parameters(config, policy_shape(config));
}

}  // namespace innerloop
