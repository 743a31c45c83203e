// Trials of a policy with a memory as plain numbers in double, PPO's objective on them written from the formulas, and the
// kernels' gradient of it.
#pragma once

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "engine/device/operations/memory.h"
#include "engine/device/operations/trial.h"
#include "kernels/memories/registry.h"
#include "tests/support/kernels.h"
#include "tests/support/transformer_reference.h"

namespace innerloop {

template <class T, class List>
struct TrialPassesOf;
template <class T, class... Memories>
struct TrialPassesOf<T, TypeList<Memories...>> {
  using type = Joined<TrialOperations<T>, TypeList<TrialGradient<T, Memories>...>>;
};
/// What is done with played trials.
template <class T>
using TrialPasses = typename TrialPassesOf<T, MemoryTypes>::type;

const HostKernels<TrialPasses<double>>& double_trial_kernels();

/// The policy with its memory, a MemoryPolicy itself or one of a variant's.
template <class F>
decltype(auto) with_policy(const TrialPolicy& policy, const F& f) {
  return std::visit(f, policy);
}
template <class F, class Memory>
decltype(auto) with_policy(const MemoryPolicy<Memory>& policy, const F& f) {
  return f(policy);
}
inline MemoryPolicyShape& shape_of(TrialPolicy& policy) {
  return std::visit([](auto& with) -> MemoryPolicyShape& { return with; }, policy);
}
inline MemoryPolicyShape& shape_of(MemoryPolicyShape& shape) { return shape; }
inline const MemoryPolicyShape& shape_of(const MemoryPolicyShape& shape) { return shape; }
template <class Policy>
int policy_parameters(const Policy& policy) {
  return with_policy(policy, [](const auto& with) { return with.parameters(); });
}
template <class Policy>
int parameters_of_memories(const Policy& policy) {
  return with_policy(policy, [](const auto& with) { return with.memory_parameters(); });
}

/// Policy: TrialPolicy, or a MemoryPolicy.
template <class Policy>
struct TrialProblemOf {
  Policy policy;
  int envs = 0, steps = 0;
  int window = 0;  // 0: the whole trial
  double clip = 0.2, value_weight = 0.5, value_clip = 0, entropy_weight = 0.03;
  Vector theta;
  Vector inputs;                                  // [number][step][env]
  std::vector<std::int32_t> symbols;              // [place][step][env]
  Vector actions;                                 // [dimension][step][env]
  Vector log_probs, advantages, targets, values;  // [step][env]
  Vector weights;                                 // [step][env]  of samples; empty: all 1
  std::vector<int> order;                         // of the environments that count
  Vector prompts;  // [env][number]  what is added to the first network's prompt; empty: nothing

  MemoryPolicyShape& shape() { return shape_of(policy); }
  const MemoryPolicyShape& shape() const { return shape_of(policy); }
  int parameters() const { return policy_parameters(policy); }
  int rows() const { return envs * steps; }
  double input(int i, int t, int e) const {
    return inputs[static_cast<std::size_t>((i * steps + t) * envs + e)];
  }
  /// The symbol at each place.
  std::vector<int> seen(int t, int e) const {
    std::vector<int> seen;
    for (int place = 0; place < shape().symbols; ++place)
      seen.push_back(symbols[static_cast<std::size_t>((place * steps + t) * envs + e)]);
    return seen;
  }
  double action(int i, int t, int e) const {
    return actions[static_cast<std::size_t>((i * steps + t) * envs + e)];
  }
  std::size_t row(int t, int e) const { return static_cast<std::size_t>(t * envs + e); }
};
using TrialProblem = TrialProblemOf<TrialPolicy>;

/// A memory of `hidden` units; without a memory three hidden layers; a transformer has heads of 16 numbers.
template <class Memory>
typename Memory::Shape memory_shape_of(int inputs, int hidden) {
  if constexpr (std::is_same_v<Memory, Feedforward>) {
    MlpOptions options;
    options.hidden = {hidden + 2, 3, hidden};
    return Feedforward::shape_of(options, inputs);
  } else if constexpr (std::is_same_v<Memory, Transformer>) {
    TransformerOptions options;
    options.hidden = hidden;
    options.heads = hidden / 16;
    options.feedforward = 32;
    return Transformer::shape_of(options, inputs);
  } else if constexpr (std::is_same_v<Memory, Episodic>) {
    Episodic::Shape shape;
    shape.inputs = inputs;
    shape.hidden = hidden;
    shape.entries = 100;
    return shape;
  } else if constexpr (std::is_same_v<Memory, Belief>) {
    BeliefOptions options;
    options.latent = 3;
    options.encoder = hidden + 2;
    options.decoder_hidden = {4};
    options.hidden = {hidden + 1, hidden};
    Belief::Shape shape = Belief::shape_of(options, inputs);
    Belief::set_environment(shape, inputs > 2 ? inputs - 2 : 1, 0, 0);
    return shape;
  } else {
    return {inputs, hidden};
  }
}
/// With that memory, and no head yet.
template <class Memory>
MemoryPolicy<Memory> policy_with(int inputs, int hidden) {
  MemoryPolicy<Memory> policy;
  policy.memory = memory_shape_of<Memory>(inputs, hidden);
  policy.inputs = inputs;
  policy.hidden = hidden;
  return policy;
}
template <class Memory>
TrialPolicy trial_policy_with(int inputs, int hidden) {
  return policy_with<Memory>(inputs, hidden);
}
using PolicyOfSizes = TrialPolicy (*)(int inputs, int hidden);
/// The same, with an embedding of symbols before its inputs.
template <class Memory>
void add_embedding(MemoryPolicy<Memory>& policy, int places, int kinds, int embedding) {
  policy.symbols = places;
  policy.kinds = kinds;
  policy.embedding = policy.memory.learned = embedding;
  policy.inputs = policy.memory.inputs += embedding;
}
inline void add_embedding(TrialPolicy& policy, int places, int kinds, int embedding) {
  std::visit([&](auto& with) { add_embedding(with, places, kinds, embedding); }, policy);
}

/// Tells a memory that takes whole trials how long they are.
template <class Memory>
void set_steps(MemoryPolicy<Memory>& policy, int steps) {
  if constexpr (kTakesWholeTrials<Memory>) policy.memory.steps = steps;
}
inline void set_steps(TrialPolicy& policy, int steps) {
  std::visit([&](auto& with) { set_steps(with, steps); }, policy);
}

/// `policy` has its memory.
template <class Policy>
TrialProblemOf<Policy> random_trial_problem_of(const Policy& policy, int actions, HeadKind head, int envs,
                                               int steps, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  TrialProblemOf<Policy> p;
  p.policy = policy;
  const int numbers = p.shape().numbers();
  p.shape().actor = policy_of({p.shape().hidden, actions}, head);
  set_steps(p.policy, steps);
  p.envs = envs;
  p.steps = steps;
  p.theta = random_vector(p.parameters(), 0.4, random);
  p.inputs = random_vector(numbers * p.rows(), 1, random);
  const bool discrete = head == HeadKind::categorical;
  p.actions = random_vector(p.rows() * (discrete ? 1 : actions), 1, random);
  if (discrete)
    for (double& a : p.actions) a = std::floor(uniform(random) * actions);
  p.log_probs = random_vector(p.rows(), 0.3, random);
  for (double& lp : p.log_probs) lp -= discrete ? std::log(actions) : 1.3 * actions;
  p.advantages = random_vector(p.rows(), 1, random);
  p.targets = random_vector(p.rows(), 1, random);
  p.values = random_vector(p.rows(), 0.5, random);
  p.order.resize(static_cast<std::size_t>(envs));
  std::iota(p.order.begin(), p.order.end(), 0);
  std::shuffle(p.order.begin(), p.order.end(), random);
  for (int i = 0; i < p.shape().symbols * p.rows(); ++i)
    p.symbols.push_back(static_cast<std::int32_t>(uniform(random) * p.shape().kinds));
  return p;
}

inline TrialProblem random_trial_problem(int inputs, int hidden, int actions, HeadKind head, int envs,
                                         int steps, std::uint64_t seed,
                                         PolicyOfSizes policy = &trial_policy_with<Gru>) {
  return random_trial_problem_of(policy(inputs, hidden), actions, head, envs, steps, seed);
}

namespace reference {

/// The state after a step of a GRU, from the formulas in kernels/memories/gru.h.
inline Vector gru_step(const Gru::Shape& s, const Vector& theta, const Vector& x, const Vector& h) {
  const int n = s.hidden;
  const double *w = theta.data(), *u = w + s.inputs * 3 * n, *b = u + n * 3 * n, *c = b + 3 * n;
  const auto sum = [&](int gate, int j, bool by_input, bool by_state) {
    double total = 0;
    if (by_input) {
      total += b[gate * n + j];
      for (int i = 0; i < s.inputs; ++i) total += x[static_cast<std::size_t>(i)] * w[(i * 3 + gate) * n + j];
    }
    if (by_state)
      for (int i = 0; i < n; ++i) total += h[static_cast<std::size_t>(i)] * u[(i * 3 + gate) * n + j];
    return total;
  };
  const auto logistic = [](double v) { return 1 / (1 + std::exp(-v)); };
  Vector after(static_cast<std::size_t>(n));
  for (int j = 0; j < n; ++j) {
    const double r = logistic(sum(0, j, true, true)), z = logistic(sum(1, j, true, true));
    const double candidate = std::tanh(sum(2, j, true, false) + r * (c[j] + sum(2, j, false, true)));
    after[static_cast<std::size_t>(j)] = (1 - z) * candidate + z * h[static_cast<std::size_t>(j)];
  }
  return after;
}

/// The state (h, then c) after a step of an LSTM, from the formulas in kernels/memories/lstm.h.
inline Vector lstm_step(const Lstm::Shape& s, const Vector& theta, const Vector& x, const Vector& state) {
  const int n = s.hidden;
  const double *w = theta.data(), *u = w + s.inputs * 4 * n, *b = u + n * 4 * n;
  const auto sum = [&](int gate, int j) {
    double total = b[gate * n + j];
    for (int i = 0; i < s.inputs; ++i) total += x[static_cast<std::size_t>(i)] * w[(i * 4 + gate) * n + j];
    for (int i = 0; i < n; ++i) total += state[static_cast<std::size_t>(i)] * u[(i * 4 + gate) * n + j];
    return total;
  };
  const auto logistic = [](double v) { return 1 / (1 + std::exp(-v)); };
  Vector after(static_cast<std::size_t>(2 * n));
  for (int j = 0; j < n; ++j) {
    const double cell = logistic(sum(1, j)) * state[static_cast<std::size_t>(n + j)] +
                        logistic(sum(0, j)) * std::tanh(sum(2, j));
    after[static_cast<std::size_t>(j)] = logistic(sum(3, j)) * std::tanh(cell);
    after[static_cast<std::size_t>(n + j)] = cell;
  }
  return after;
}

/// The outputs of the last layer of some, and with `linear` of one more, whose parameters lie one behind the other at `at`.
inline Vector layers_step(const Feedforward::Shape& s, const double* at, const Vector& x, int linear = 0) {
  Vector h = x;
  for (int l = 0; l < s.layers + (linear > 0 ? 1 : 0); ++l) {
    const bool hidden = l < s.layers;
    const int in = static_cast<int>(h.size()), out = hidden ? s.width[l] : linear;
    Vector next(at + in * out, at + (in + 1) * out);
    for (int o = 0; o < out; ++o) {
      double& sum = next[static_cast<std::size_t>(o)];
      for (int i = 0; i < in; ++i) sum += h[static_cast<std::size_t>(i)] * at[i * out + o];
      if (hidden) sum = s.activation == Activation::tanh ? std::tanh(sum) : std::max(sum, 0.0);
    }
    h = std::move(next);
    at += (in + 1) * out;
  }
  return h;
}

/// The last of the hidden layers of a policy without a memory.
inline Vector feedforward_step(const Feedforward::Shape& s, const Vector& theta, const Vector& x) {
  return layers_step(s, theta.data(), x);
}

/// What the moments of a belief are after the unit's state, from the formulas in kernels/memories/belief.h.
inline Vector belief_moments(const Belief::Shape& s, const Vector& theta, const Vector& unit) {
  const int units = s.encoder.hidden, count = s.moments();
  const double* const weight = theta.data() + Gru::parameters(s.encoder);
  Vector moments(weight + units * count, weight + (units + 1) * count);
  for (int i = 0; i < units; ++i)
    for (int o = 0; o < count; ++o)
      moments[static_cast<std::size_t>(o)] += unit[static_cast<std::size_t>(i)] * weight[i * count + o];
  return moments;
}

/// What the memory is after a step; its first `hidden` numbers are what the heads read. A trial starts from no numbers.
inline Vector memory_step(const MemoryPolicy<Gru>& p, const Vector& theta, const Vector& x, Vector state) {
  state.resize(static_cast<std::size_t>(p.hidden));
  return gru_step(p.memory, theta, x, state);
}
inline Vector memory_step(const MemoryPolicy<Lstm>& p, const Vector& theta, const Vector& x, Vector state) {
  state.resize(2 * static_cast<std::size_t>(p.hidden));
  return lstm_step(p.memory, theta, x, state);
}
/// What an episodic memory recalled in each of its steps, in the order in which they were made: recorded, or given back.
struct Recalled {
  bool record = true;
  std::size_t next = 0;
  std::vector<Vector> of_step;
};
inline Recalled& recalled() {
  static Recalled all;
  return all;
}
/// The state is h, c, and the key that was seen last; behind them a key and a cell for each context that is stored.
inline Vector memory_step(const MemoryPolicy<Episodic>& p, const Vector& theta, const Vector& x,
                          Vector state) {
  const Episodic::Shape& s = p.memory;
  const auto n = static_cast<std::size_t>(s.hidden), k = static_cast<std::size_t>(s.key_count), entry = k + n;
  if (state.empty()) state.resize(2 * n + k);
  const auto is_context = [](const Vector& key) {
    return std::ranges::any_of(key, [](double v) { return v != 0; });
  };
  const auto part = [&](std::size_t first, std::size_t count) {
    return Vector(state.begin() + static_cast<long>(first), state.begin() + static_cast<long>(first + count));
  };
  const bool ended = x.back() != 0;
  const Vector last = part(2 * n, k), seen(x.begin() + s.key_first, x.begin() + s.key_first + s.key_count);
  if (ended && is_context(last) && state.size() < 2 * n + k + static_cast<std::size_t>(s.entries) * entry) {
    const Vector cell = part(n, n);
    state.insert(state.end(), last.begin(), last.end());
    state.insert(state.end(), cell.begin(), cell.end());
  }
  for (std::size_t i = 0; i < k; ++i) state[2 * n + i] = is_context(seen) ? seen[i] : ended ? 0 : last[i];
  if (ended && s.resets) std::fill_n(state.begin(), 2 * n, 0.0);
  Vector m(n);
  if (is_context(seen)) {
    std::vector<std::pair<double, std::size_t>> distances;  // of equals the last one comes first
    for (std::size_t at = 2 * n + k; at < state.size(); at += entry) {
      double distance = 0;
      for (std::size_t i = 0; i < k; ++i) distance += std::pow(state[at + i] - seen[i], 2);
      distances.emplace_back(distance, state.size() - at);
    }
    std::ranges::sort(distances);
    if (distances.size() > static_cast<std::size_t>(s.nearest))
      distances.resize(static_cast<std::size_t>(s.nearest));
    double total = 0;
    for (const auto& [distance, at] : distances) total += 1 / (distance + 1e-3);
    for (const auto& [distance, from_end] : distances)
      for (std::size_t i = 0; i < n; ++i)
        m[i] += state[state.size() - from_end + k + i] / (distance + 1e-3) / total;
  }
  Recalled& all = recalled();
  if (all.record)
    all.of_step.push_back(m);
  else
    m = all.of_step[all.next++];
  const double *w = theta.data(), *u = w + s.inputs * 5 * s.hidden, *b = u + s.hidden * 5 * s.hidden;
  const auto sum = [&](int gate, std::size_t j) {
    const int o = gate * s.hidden + static_cast<int>(j);
    double total = b[o];
    for (int i = 0; i < s.inputs; ++i) total += x[static_cast<std::size_t>(i)] * w[i * 5 * s.hidden + o];
    for (int i = 0; i < s.hidden; ++i) total += state[static_cast<std::size_t>(i)] * u[i * 5 * s.hidden + o];
    return total;
  };
  const auto logistic = [](double v) { return 1 / (1 + std::exp(-v)); };
  Vector h(n), c(n);
  for (std::size_t j = 0; j < n; ++j) {
    c[j] = logistic(sum(1, j)) * state[n + j] + logistic(sum(0, j)) * std::tanh(sum(2, j)) +
           logistic(sum(4, j)) * std::tanh(m[j]);
    h[j] = logistic(sum(3, j)) * std::tanh(c[j]);
  }
  std::copy(h.begin(), h.end(), state.begin());
  std::copy(c.begin(), c.end(), state.begin() + static_cast<long>(n));
  return state;
}
inline Vector memory_step(const MemoryPolicy<Feedforward>& p, const Vector& theta, const Vector& x,
                          const Vector&) {
  return feedforward_step(p.memory, theta, x);
}
/// The perceptron's outputs, and behind them the unit's state.
inline Vector memory_step(const MemoryPolicy<Belief>& p, const Vector& theta, const Vector& x,
                          const Vector& state) {
  const Belief::Shape& s = p.memory;
  Vector unit(static_cast<std::size_t>(s.encoder.hidden));
  if (!state.empty()) unit = gru_step(s.encoder, theta, x, Vector(state.begin() + s.hidden, state.end()));
  Vector taken = belief_moments(s, theta, unit);
  taken.insert(taken.end(), x.begin(), x.begin() + s.observed);
  Vector after = layers_step(s.policy, theta.data() + Belief::belief_parameters(s), taken);
  after.insert(after.end(), unit.begin(), unit.end());
  return after;
}

/// What the heads read of the memory, from the formula in kernels/memories/layer_norm.h; behind gain and bias there is the
/// network's embedding alone.
inline Vector head_inputs(const MemoryPolicyShape& s, const Vector& network, Vector state) {
  state.resize(static_cast<std::size_t>(s.hidden));
  if (!s.layer_norm) return state;
  const double *const bias = network.data() + network.size() - s.embedding_parameters() - s.hidden,
                      *const gain = bias - s.hidden;
  double mean = 0, variance = 0;
  for (const double h : state) mean += h / s.hidden;
  for (const double h : state) variance += (h - mean) * (h - mean) / s.hidden;
  for (std::size_t i = 0; i < state.size(); ++i)
    state[i] = gain[i] * (state[i] - mean) / std::sqrt(variance + 1e-5) + bias[i];
  return state;
}

/// The parameters of a network: the policy's, and with a separate value the value's.
template <class Policy>
Vector network_of(const Policy& policy, const Vector& theta, int network) {
  const int size = parameters_of_memories(policy) / shape_of(policy).networks();
  return {theta.begin() + network * size, theta.begin() + (network + 1) * size};
}

/// What a network takes in: the embedding of the symbols, by the last of its parameters, and then the trial's numbers.
inline Vector taken_in(const MemoryPolicyShape& s, const Vector& network, const std::vector<int>& seen,
                       const Vector& numbers) {
  const double* const rows = network.data() + network.size() - s.embedding_parameters();
  Vector x(static_cast<std::size_t>(s.embedding));
  for (std::size_t i = 0; i < x.size(); ++i)
    for (int place = 0; place < s.symbols; ++place)
      x[i] +=
          rows[(place * s.kinds + seen[static_cast<std::size_t>(place)]) * s.embedding + static_cast<int>(i)];
  x.insert(x.end(), numbers.begin(), numbers.end());
  return x;
}

/// What each network's memory is after a step that brings these numbers and symbols.
template <class Policy>
std::vector<Vector> memories_step(const Policy& policy, const Vector& theta, const Vector& numbers,
                                  std::vector<Vector> states, const std::vector<int>& seen = {}) {
  const int networks = shape_of(policy).networks();
  states.resize(static_cast<std::size_t>(networks));
  for (int n = 0; n < networks; ++n) {
    if (n > 0) prompt_in_use().clear();  // it is the first network's
    Vector& state = states[static_cast<std::size_t>(n)];
    const Vector network = network_of(policy, theta, n),
                 x = taken_in(shape_of(policy), network, seen, numbers);
    state = with_policy(policy, [&](const auto& with) { return memory_step(with, network, x, state); });
  }
  return states;
}

struct HeadOutputs {
  Vector actor;
  double value;
  const double* log_std;
};
/// From the first network's state the actor's, from the last one's the value.
template <class Policy>
HeadOutputs head_outputs(const Policy& policy, const Vector& theta, const std::vector<Vector>& states) {
  const MemoryPolicyShape& shape = shape_of(policy);
  const int hidden = shape.hidden, actions = shape.actions(), last = shape.networks() - 1;
  const double* const actor = theta.data() + parameters_of_memories(policy);
  const double *const bias = actor + hidden * actions, *const value = actor + shape.actor.parameters();
  const Vector of_actor = head_inputs(shape, network_of(policy, theta, 0), states.front()),
               of_value = head_inputs(shape, network_of(policy, theta, last), states.back());
  HeadOutputs outputs{Vector(bias, bias + actions), value[hidden], bias + actions};
  for (int i = 0; i < hidden; ++i) {
    for (int o = 0; o < actions; ++o)
      outputs.actor[static_cast<std::size_t>(o)] +=
          of_actor[static_cast<std::size_t>(i)] * actor[i * actions + o];
    outputs.value += of_value[static_cast<std::size_t>(i)] * value[i];
  }
  return outputs;
}

/// Log-probability of an action, and the entropy, from the actor's outputs.
template <class Problem>
std::pair<double, double> of_actor(const Problem& p, const Vector& outputs, const double* log_std, int t,
                                   int e) {
  double log_prob = 0, entropy = 0;
  if (p.shape().actor.head == HeadKind::categorical) {
    double total = 0;
    for (const double o : outputs) total += std::exp(o);
    for (const double o : outputs) entropy -= std::exp(o) / total * (o - std::log(total));
    return {outputs[static_cast<std::size_t>(p.action(0, t, e))] - std::log(total), entropy};
  }
  for (std::size_t d = 0; d < outputs.size(); ++d) {
    const double z = (p.action(static_cast<int>(d), t, e) - outputs[d]) / std::exp(log_std[d]);
    log_prob += -z * z / 2 - log_std[d] - kHalfLog2Pi;
    entropy += log_std[d] + kHalfLog2Pi + 0.5;
  }
  return {log_prob, entropy};
}

struct TrialSums {
  double surrogate = 0, entropy = 0, value_loss = 0, divergence = 0;
};

/// Sums over all rows of the environments in `order`. What the memory is at the border of two windows is a constant: that
/// which it is with p.theta.
template <class Problem>
TrialSums trial_sums(const Problem& p, const Vector& theta) {
  TrialSums sums;
  for (const int e : p.order) {
    const auto each = static_cast<std::ptrdiff_t>(p.prompts.size()) / p.envs;
    std::vector<Vector> h, constant;
    for (int t = 0; t < p.steps; ++t) {
      prompt_in_use() = Vector(p.prompts.begin() + e * each, p.prompts.begin() + (e + 1) * each);
      Vector x;
      for (int i = 0; i < p.shape().numbers(); ++i) x.push_back(p.input(i, t, e));
      const std::vector<int> seen = p.seen(t, e);
      if (p.window > 0) {
        if (t % p.window == 0) h = constant;
        constant = memories_step(p.policy, p.theta, x, constant, seen);
      }
      h = memories_step(p.policy, theta, x, h, seen);
      const HeadOutputs outputs = head_outputs(p.policy, theta, h);
      const double v = outputs.value;
      const auto [log_prob, entropy] = of_actor(p, outputs.actor, outputs.log_std, t, e);
      const double ratio = std::exp(log_prob - p.log_probs[p.row(t, e)]), a = p.advantages[p.row(t, e)];
      const double weight = p.weights.empty() ? 1 : p.weights[p.row(t, e)];
      sums.surrogate += weight * std::min(ratio * a, std::clamp(ratio, 1 - p.clip, 1 + p.clip) * a);
      sums.entropy += weight * entropy;
      const double target = p.targets[p.row(t, e)];
      double square = std::pow(v - target, 2);
      if (p.value_clip > 0) {
        const double drawn = p.values[p.row(t, e)];
        square =
            std::max(square, std::pow(std::clamp(v, drawn - p.value_clip, drawn + p.value_clip) - target, 2));
      }
      sums.value_loss += weight * square / 2;
      sums.divergence += weight * (ratio - 1 - std::log(ratio));
    }
  }
  return sums;
}

template <class Problem>
double trial_objective(const Problem& p, const Vector& theta) {
  const TrialSums sums = trial_sums(p, theta);
  return sums.surrogate + p.entropy_weight * sums.entropy - p.value_weight * sums.value_loss;
}

}  // namespace reference

struct TrialGradientResult {
  Vector gradient, values;
  Vector by_prompts;  // [env][number]
};
/// By `kernel` of TrialGradient<double, Memory>.
template <class Memory, class Problem>
TrialGradientResult kernel_trial_gradient_of(const Problem& p, const MemoryPolicy<Memory>& policy,
                                             const HostKernel<TrialGradient<double, Memory>>& kernel) {
  using T = double;
  TrialGradient<T, Memory> op;
  const long stride = padded(p.rows());
  const auto rows = [&](const Vector& numbers) {
    const long quantities = static_cast<long>(numbers.size()) / p.rows();
    Vector to(static_cast<std::size_t>(quantities * stride), NAN);
    for (long q = 0; q < quantities; ++q)
      std::copy_n(numbers.begin() + q * p.rows(), p.rows(), to.begin() + q * stride);
    return to;
  };
  Vector inputs = rows(p.inputs), actions = rows(p.actions), log_probs = rows(p.log_probs),
         advantages = rows(p.advantages), targets = rows(p.targets), drawn_values = rows(p.values);
  Vector weights = p.weights.empty() ? Vector() : rows(p.weights);
  std::vector<std::int32_t> symbols(static_cast<std::size_t>(p.shape().symbols * stride), -1);
  for (int place = 0; place < p.shape().symbols; ++place)
    std::copy_n(p.symbols.begin() + place * p.rows(), p.rows(), symbols.begin() + place * stride);
  Batch<T>& batch = op.trials.batch;
  batch.horizon = p.steps;
  batch.envs = p.envs;
  batch.observation_size = p.shape().numbers();
  batch.symbol_places = p.shape().symbols;
  batch.symbols = symbols.data();
  batch.action_size = static_cast<int>(p.actions.size()) / p.rows();
  batch.row_stride = stride;
  batch.observations = inputs.data();
  batch.actions = actions.data();
  batch.log_probs = log_probs.data();
  if (!weights.empty()) batch.valid = weights.data();
  batch.advantages = advantages.data();
  op.trials.targets = targets.data();
  op.trials.values = drawn_values.data();
  op.trials.episode_steps = 1;
  op.shape = policy;
  op.params = p.theta.data();
  op.order = p.order.data();
  op.envs = static_cast<int>(p.order.size());
  op.window = p.window;
  op.clip = p.clip;
  op.value_weight = p.value_weight;
  op.value_clip = p.value_clip;
  op.entropy_weight = p.entropy_weight;
  TrialGradientResult result;
  if constexpr (requires { op.prompts; })
    if (!p.prompts.empty()) {
      result.by_prompts.resize(p.prompts.size());
      op.prompts = p.prompts.data();
      op.by_prompts = result.by_prompts.data();
    }
  const auto tiles = static_cast<std::size_t>(op.tiles()), size = static_cast<std::size_t>(p.parameters());
  Vector partial(tiles * size, NAN), values(tiles * kTrialValues, NAN);
  op.partial = partial.data();
  op.values = values.data();
  run_kernel(kernel, op, op.tiles());
  result.gradient.resize(size);
  result.values.resize(kTrialValues);
  for (std::size_t tile = 0; tile < tiles; ++tile) {
    for (std::size_t i = 0; i < size; ++i) result.gradient[i] += partial[tile * size + i];
    for (std::size_t i = 0; i < kTrialValues; ++i) result.values[i] += values[tile * kTrialValues + i];
  }
  return result;
}

/// The kernels' gradient of trial_objective at p.theta, and the values: sums over all tiles.
inline TrialGradientResult kernel_trial_gradient(const TrialProblem& p) {
  return with_memory(p.policy, [&]<class Memory>(const MemoryPolicy<Memory>& policy) {
    const HostKernel<TrialGradient<double, Memory>>& kernel = double_trial_kernels();
    return kernel_trial_gradient_of(p, policy, kernel);
  });
}

}  // namespace innerloop
