// Steps that soft actor-critic learns from as plain numbers in double, and its objectives written from the formulas in
// kernels/critics/soft_actor_critic.h.
#pragma once

#include "kernels/critics/soft_actor_critic.h"
#include "tests/support/buffers.h"
#include "tests/support/trial_problem.h"

namespace innerloop {

struct SoftForm {
  bool has_value = false;
  int latent = 0, tasks = 1, steps = 9, actions = 2;
  std::vector<int> hidden = {5, 7}, critic_hidden = {6};
  double min_log_std = -20;
  Activation activation = Activation::tanh;
};

struct SoftProblem {
  SoftNetworks nets;
  int tasks = 1, steps = 0, rings = 3, capacity = 20;
  double discount = 0.9, reward_scale = 3, wanted_entropy = -2, regularisation = 0.2;
  Vector theta, targets, replay, noise, latents;
  std::vector<int> of, drawn;

  Replay<double> shape() const {
    return {.tasks = rings, .capacity = capacity, .observed = nets.observed, .actions = nets.actions};
  }
  int rows() const { return tasks * steps; }
  const double* row(int i) const {
    const auto n = static_cast<std::size_t>(i);
    return replay.data() +
           (of[n / static_cast<std::size_t>(steps)] * capacity + drawn[n]) * shape().row_size();
  }
  Vector latent_of(int i) const {
    const double* const at = latents.data() + i / steps * padded(nets.latent);
    return {at, at + nets.latent};
  }
  const double* noise_of(int i, int which) const { return noise.data() + (2 * i + which) * nets.actions; }
};

inline Vector part(const Vector& all, int from, int size) {
  return {all.begin() + from, all.begin() + from + size};
}

inline PerceptronShape perceptron_of(const std::vector<int>& hidden, Activation activation, int inputs,
                                     int learned, int outputs) {
  PerceptronShape shape{Feedforward::shape_of(hidden, activation, inputs), outputs};
  shape.hidden.learned = learned;
  return shape;
}

inline SoftNetworks soft_networks_of(const SoftForm& form) {
  SoftNetworks nets;
  nets.actions = form.actions;
  nets.latent = form.latent;
  nets.observed = 3;
  nets.min_log_std = static_cast<float>(form.min_log_std);
  const int seen = nets.latent + nets.observed;
  nets.policy = perceptron_of(form.hidden, form.activation, seen, 0, 2 * nets.actions);
  nets.critic =
      perceptron_of(form.critic_hidden, form.activation, nets.actions + seen, nets.actions + nets.latent, 1);
  if (form.has_value) nets.value = perceptron_of(form.critic_hidden, form.activation, seen, 0, 1);
  return nets;
}

inline SoftProblem random_soft_problem(const SoftForm& form, std::uint64_t seed = 7) {
  std::mt19937_64 random(seed);
  SoftProblem p;
  p.nets = soft_networks_of(form);
  p.tasks = form.tasks;
  p.steps = form.steps;
  p.theta = random_vector(p.nets.parameters(), 0.5, random);
  p.targets = random_vector(p.nets.targets(), 0.5, random);
  p.replay = random_vector(p.rings * p.capacity * p.shape().row_size(), 1, random);
  for (int i = 0; i < p.rings * p.capacity; ++i) {
    double& end = p.replay[static_cast<std::size_t>(i * p.shape().row_size() + p.shape().end_at())];
    end = uniform(random) < 0.3 ? 1 : 0;
  }
  for (int i = 0; i < p.tasks; ++i) p.of.push_back(static_cast<int>(uniform(random) * p.rings));
  for (int i = 0; i < p.rows(); ++i) p.drawn.push_back(static_cast<int>(uniform(random) * p.capacity));
  p.noise = random_vector(p.rows() * 2 * p.nets.actions, 1, random);
  p.latents = random_vector(p.tasks * padded(p.nets.latent), 1, random);
  return p;
}

namespace reference {

struct SoftAction {
  Vector action, mean, log_std;
  double log_prob = 0;
};

inline Vector soft_inputs(const Vector& action, const Vector& latent, const double* observed, int count) {
  Vector x = action;
  x.insert(x.end(), latent.begin(), latent.end());
  x.insert(x.end(), observed, observed + count);
  return x;
}

inline SoftAction soft_action(const SoftProblem& p, const Vector& theta, const Vector& latent,
                              const double* observed, const double* noise) {
  const SoftNetworks& nets = p.nets;
  const Vector out = layers_step(nets.policy.hidden, theta.data(),
                                 soft_inputs({}, latent, observed, nets.observed), nets.policy.outputs);
  SoftAction drawn;
  for (int j = 0; j < nets.actions; ++j) {
    const auto d = static_cast<std::size_t>(j);
    const double log_std = std::clamp(out[d + static_cast<std::size_t>(nets.actions)],
                                      static_cast<double>(nets.min_log_std), 2.0),
                 std = std::exp(log_std), u = out[d] + std * noise[j], a = std::tanh(u);
    drawn.mean.push_back(out[d]);
    drawn.log_std.push_back(log_std);
    drawn.action.push_back(a);
    // 1 − tanh²u is 1/cosh²u, whose logarithm is there where tanh u is ±1.
    const double log_cosh = std::abs(u) + std::log1p(std::exp(-2 * std::abs(u))) - std::log(2);
    drawn.log_prob +=
        -0.5 * std::pow((u - out[d]) / std, 2) - log_std - 0.5 * std::log(2 * M_PI) + 2 * log_cosh;
  }
  return drawn;
}

inline double soft_critic(const SoftProblem& p, const double* critic, const Vector& x) {
  return layers_step(p.nets.critic.hidden, critic, x, 1)[0];
}
inline double soft_value(const SoftProblem& p, const double* value, const Vector& x) {
  return layers_step(p.nets.value.hidden, value, x, 1)[0];
}
inline double soft_temperature(const SoftProblem& p) {
  return p.nets.has_value() ? 1 : std::exp(p.theta[static_cast<std::size_t>(p.nets.temperature_at())]);
}

/// What the critics are to be, for row i.
inline double soft_target(const SoftProblem& p, int i, const Vector& latents) {
  const SoftNetworks& nets = p.nets;
  SoftProblem with = p;
  with.latents = latents;
  const Vector z = with.latent_of(i);
  const double *const row = p.row(i), *const next = row + p.shape().next_at();
  double follows;
  if (nets.has_value()) {
    follows = soft_value(p, p.targets.data(), soft_inputs({}, z, next, nets.observed));
  } else {
    const SoftAction drawn = soft_action(p, p.theta, z, next, p.noise_of(i, 0));
    const Vector x = soft_inputs(drawn.action, z, next, nets.observed);
    follows = std::min(soft_critic(p, p.targets.data(), x),
                       soft_critic(p, p.targets.data() + nets.critic.parameters(), x)) -
              soft_temperature(p) * drawn.log_prob;
  }
  return p.reward_scale * row[p.shape().reward_at()] + p.discount * (1 - row[p.shape().end_at()]) * follows;
}

/// What the critics climb, summed over rows; the targets are of the problem's own latent variables.
inline double critic_objective(const SoftProblem& p, const Vector& theta, const Vector& latents) {
  SoftProblem with = p;
  with.latents = latents;
  double sum = 0;
  for (int i = 0; i < p.rows(); ++i) {
    Vector action;
    for (int j = 0; j < p.nets.actions; ++j) action.push_back(std::tanh(p.row(i)[p.shape().drawn_at() + j]));
    const Vector x = soft_inputs(action, with.latent_of(i), p.row(i), p.nets.observed);
    const double target = soft_target(p, i, p.latents);
    for (int critic = 0; critic < 2; ++critic)
      sum -= std::pow(soft_critic(p, theta.data() + p.nets.critic_at(critic), x) - target, 2);
  }
  return sum;
}

/// What the policy, the values' network and the temperature climb, summed over rows: `theta` where they are learned, the
/// problem's own where they are constants.
inline double actor_objective(const SoftProblem& p, const Vector& theta) {
  const SoftNetworks& nets = p.nets;
  double sum = 0;
  for (int i = 0; i < p.rows(); ++i) {
    const double* const seen = p.row(i);
    const Vector z = p.latent_of(i);
    const auto worth = [&](const SoftAction& drawn) {
      const Vector x = soft_inputs(drawn.action, z, seen, nets.observed);
      return std::min(soft_critic(p, p.theta.data() + nets.critic_at(0), x),
                      soft_critic(p, p.theta.data() + nets.critic_at(1), x));
    };
    const SoftAction drawn = soft_action(p, theta, z, seen, p.noise_of(i, 1)),
                     fixed = soft_action(p, p.theta, z, seen, p.noise_of(i, 1));
    sum += worth(drawn) - soft_temperature(p) * drawn.log_prob;
    for (std::size_t j = 0; j < drawn.mean.size(); ++j)
      sum -= p.regularisation / nets.actions *
             (drawn.mean[j] * drawn.mean[j] + drawn.log_std[j] * drawn.log_std[j]);
    if (nets.has_value())
      sum -= std::pow(soft_value(p, theta.data() + nets.value_at(), soft_inputs({}, z, seen, nets.observed)) -
                          (worth(fixed) - fixed.log_prob),
                      2);
    else
      sum += (fixed.log_prob + p.wanted_entropy) * theta[static_cast<std::size_t>(nets.temperature_at())];
  }
  return sum;
}

}  // namespace reference

/// What both operations are computed from, in `memory`.
template <class Op, class T>
Op soft_operation_of(const SoftProblem& p, Buffers& memory) {
  Op op;
  op.nets = p.nets;
  op.params = memory.hold<T>("params", p.theta);
  op.latents = memory.hold<T>("latents", p.latents);
  ReplayBatch<T>& batch = op.batch;
  const Replay<double> shape = p.shape();
  batch.replay = {
      .tasks = shape.tasks, .capacity = shape.capacity, .observed = shape.observed, .actions = shape.actions};
  batch.replay.rows = memory.hold<T>("replay", p.replay);
  batch.tasks = p.tasks;
  batch.steps = p.steps;
  batch.of = memory.hold<int>("of", p.of);
  batch.drawn = memory.hold<int>("drawn", p.drawn);
  batch.noise = memory.hold<T>("noise", p.noise);
  op.values = memory.blank<T>("values", static_cast<long>(op.tiles()) * kSoftValues);
  return op;
}

template <class T>
CriticGradient<T> critic_gradient_of(const SoftProblem& p, Buffers& memory) {
  auto op = soft_operation_of<CriticGradient<T>, T>(p, memory);
  op.targets = memory.hold<T>("targets", p.targets);
  op.discount = static_cast<T>(p.discount);
  op.reward_scale = static_cast<T>(p.reward_scale);
  op.partial = memory.blank<T>("partial", 2L * op.tiles() * p.nets.critic.parameters());
  if (p.nets.latent > 0)
    op.by_latent = memory.blank<T>("by_latent", static_cast<long>(op.tiles()) * padded(p.nets.latent));
  return op;
}

template <class T>
ActorGradient<T> actor_gradient_of(const SoftProblem& p, Buffers& memory) {
  auto op = soft_operation_of<ActorGradient<T>, T>(p, memory);
  op.wanted_entropy = static_cast<T>(p.wanted_entropy);
  op.regularisation = static_cast<T>(p.regularisation);
  op.partial = memory.blank<T>("partial", static_cast<long>(op.tiles()) * p.nets.critics_at());
  return op;
}

}  // namespace innerloop
