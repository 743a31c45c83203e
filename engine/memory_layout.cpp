#include "engine/memory_layout.h"

#include <cmath>

#include "engine/environment_dispatch.h"
#include "kernels/gru.h"
#include "kernels/random.h"
#include "kernels/trial_rollout.h"

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

}  // namespace

MemoryPolicyShape memory_policy_shape(const Config& config) {
  const GruOptions& gru = std::get<GruOptions>(config.policy);
  MemoryPolicyShape shape;
  shape.memory.hidden = gru.hidden;
  shape.actor.width[0] = gru.hidden;
  shape.actor.min_log_std = static_cast<float>(gru.min_log_std);
  with_environment(config, [&]<class Env>(const typename Env::Options& options) {
    shape.memory.inputs = policy_inputs<Env>(options);
    shape.actor.width[1] = Env::action_count(options);
    shape.actor.head = Env::Action::discrete ? HeadKind::categorical : HeadKind::gaussian;
  });
  return shape;
}

int memory_policy_parameters(const MemoryPolicyShape& shape) {
  return Gru::parameters(shape.memory) + shape.head_parameters();
}

std::vector<LayoutEntry> memory_policy_layout(const MemoryPolicyShape& shape) {
  const std::int64_t inputs = shape.memory.inputs, hidden = shape.memory.hidden, actions = shape.actions();
  std::vector<LayoutEntry> layout;
  std::int64_t offset = 0;
  const auto add = [&](const char* name, const std::vector<std::int64_t>& sizes) {
    layout.push_back({name, offset, sizes});
    std::int64_t count = 1;
    for (const std::int64_t size : sizes) count *= size;
    offset += count;
  };
  add("gru.input_weight", {inputs, 3 * hidden});
  add("gru.recurrent_weight", {hidden, 3 * hidden});
  add("gru.bias", {3 * hidden});
  add("gru.candidate_bias", {hidden});
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
  const int inputs = shape.memory.inputs, hidden = shape.memory.hidden, actions = shape.actions();
  const auto glorot = [](int in, int out) { return std::sqrt(6.0f / static_cast<float>(in + out)); };
  for (int i = 0; i < inputs * 3 * hidden; ++i)
    params[static_cast<std::size_t>(i)] = numbers.uniform(glorot(inputs, 3 * hidden));
  float* const recurrent = params.data() + Gru::recurrent_offset(shape.memory);
  for (int gate = 0; gate < 3; ++gate) {
    const std::vector<double> matrix = orthogonal(hidden, numbers);
    for (int i = 0; i < hidden; ++i)
      for (int o = 0; o < hidden; ++o)
        recurrent[(i * 3 + gate) * hidden + o] =
            static_cast<float>(matrix[static_cast<std::size_t>(i * hidden + o)]);
  }
  float* const actor = params.data() + Gru::parameters(shape.memory);
  for (int i = 0; i < hidden * actions; ++i) actor[i] = numbers.uniform(0.01f * glorot(hidden, actions));
  if (shape.actor.head == HeadKind::gaussian)
    for (int o = 0; o < actions; ++o)
      actor[shape.actor.log_std_offset() + o] =
          static_cast<float>(std::get<GruOptions>(config.policy).initial_log_std);
  return params;
}

std::vector<LayoutEntry> parameter_layout(const Config& config) {
  return has_memory(config) ? memory_policy_layout(memory_policy_shape(config)) : learned_layout(config);
}

std::int64_t parameter_count(const Config& config) {
  return has_memory(config) ? memory_policy_parameters(memory_policy_shape(config))
                            : learned_parameters(config);
}

std::vector<float> initial_parameters(const Config& config) {
  return has_memory(config) ? initial_memory_parameters(config, memory_policy_shape(config))
                            : initial_parameters(config, policy_shape(config));
}

}  // namespace innerloop
