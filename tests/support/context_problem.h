// Contexts that beliefs about tasks are inferred from as plain numbers in double, and the formulas of
// kernels/critics/task_belief.h.
#pragma once

#include "kernels/critics/task_belief.h"
#include "tests/support/soft_problem.h"

namespace innerloop {

struct ContextForm {
  int latent = 3, tasks = 1, steps = 9;
  std::vector<int> count = {};  // of each task; none: all steps
  bool next_state = false;
  float within = 0, from = 0;
  int shrinks = 0, iteration = 0;
  std::vector<int> hidden = {6, 5};
};

struct ContextProblem {
  TaskEncoder encoder;
  int tasks = 1, steps = 0, rings = 3, capacity = 150, iteration = 0;
  double kl_weight = 0.7, scale = 0.3;
  Vector theta, replay, noise;
  std::vector<int> of, drawn, count;

  Replay<double> shape() const {
    return {.tasks = rings,
            .capacity = capacity,
            .observed = encoder.steps.observed,
            .actions = encoder.steps.actions};
  }
  const double* row(int task, int step) const {
    return replay.data() + (of[static_cast<std::size_t>(task)] * capacity +
                            drawn[static_cast<std::size_t>(task * steps + step)]) *
                               shape().row_size();
  }
};

inline ContextProblem random_context_problem(const ContextForm& form, std::uint64_t seed = 11) {
  std::mt19937_64 random(seed);
  ContextProblem p;
  p.encoder.steps = {.actions = 2,
                     .observed = 3,
                     .next_state = form.next_state,
                     .within = form.within,
                     .from = form.from,
                     .shrinks = form.shrinks};
  p.iteration = form.iteration;
  p.encoder.latent = form.latent;
  p.encoder.net = perceptron_of(form.hidden, Activation::tanh, p.encoder.steps.inputs(), 0, 2 * form.latent);
  p.tasks = form.tasks;
  p.steps = form.steps;
  p.theta = random_vector(p.encoder.net.parameters(), 0.5, random);
  p.replay = random_vector(p.rings * p.capacity * p.shape().row_size(), 1, random);
  p.noise = random_vector(p.tasks * padded(form.latent), 1, random);
  for (int i = 0; i < p.tasks; ++i) {
    p.of.push_back(static_cast<int>(uniform(random) * p.rings));
    p.count.push_back(form.count.empty() ? p.steps : form.count[static_cast<std::size_t>(i)]);
    for (int step = 0; step < p.steps; ++step)
      p.drawn.push_back(static_cast<int>(uniform(random) * p.capacity));
  }
  return p;
}

namespace reference {

inline Vector encoder_outputs(const ContextProblem& p, const Vector& theta, const double* row) {
  const ContextSteps& steps = p.encoder.steps;
  const Replay<double> shape = p.shape();
  Vector x;
  for (int j = 0; j < steps.actions; ++j) x.push_back(std::tanh(row[shape.drawn_at() + j]));
  x.insert(x.end(), row, row + steps.observed);
  const double reward = row[shape.reward_at()], end = double{steps.within};
  const double within = p.iteration < steps.shrinks
                            ? double{steps.from} - (double{steps.from} - end) * p.iteration / steps.shrinks
                            : end;
  x.push_back(within == 0 ? reward : reward >= -within ? 1 + reward : 0);
  if (steps.next_state) x.insert(x.end(), row + shape.next_at(), row + shape.next_at() + steps.observed);
  return layers_step(p.encoder.net.hidden, theta.data(), x, p.encoder.net.outputs);
}

struct TaskBelief {
  Vector mean, variance, latent;
  double divergence = 0;
};

inline TaskBelief task_belief(const ContextProblem& p, const Vector& theta, int task) {
  const auto latent = static_cast<std::size_t>(p.encoder.latent);
  Vector precision(latent), weighed(latent);
  for (int step = 0; step < p.count[static_cast<std::size_t>(task)]; ++step) {
    const Vector out = encoder_outputs(p, theta, p.row(task, step));
    for (std::size_t d = 0; d < latent; ++d) {
      const double variance = std::max(std::log1p(std::exp(out[d + latent])), 1e-7);
      precision[d] += 1 / variance;
      weighed[d] += out[d] / variance;
    }
  }
  TaskBelief q;
  for (std::size_t d = 0; d < latent; ++d) {
    const bool any = p.count[static_cast<std::size_t>(task)] > 0;
    const double variance = any ? 1 / precision[d] : 1, mean = any ? variance * weighed[d] : 0;
    q.mean.push_back(mean);
    q.variance.push_back(variance);
    q.latent.push_back(mean + std::sqrt(variance) *
                                  p.noise[static_cast<std::size_t>(task * padded(p.encoder.latent)) + d]);
    q.divergence += 0.5 * (variance + mean * mean - 1 - std::log(variance));
  }
  return q;
}

/// scale · Σ by_z · z less the weight times the mean divergence.
inline double belief_objective(const ContextProblem& p, const Vector& theta, const Vector& by_z) {
  double sum = 0;
  for (int task = 0; task < p.tasks; ++task) {
    const TaskBelief q = task_belief(p, theta, task);
    for (std::size_t d = 0; d < q.latent.size(); ++d)
      sum += p.scale * by_z[static_cast<std::size_t>(task * padded(p.encoder.latent)) + d] * q.latent[d];
    sum -= p.kl_weight / p.tasks * q.divergence;
  }
  return sum;
}

}  // namespace reference

template <class T>
struct ContextOperations {
  EncodeContext<T> encode;
  FormBeliefs<T> form;
};

template <class T>
ContextOperations<T> context_operations_of(const ContextProblem& p, Buffers& memory) {
  ContextOperations<T> ops;
  ContextBatch<T> contexts;
  const Replay<double> shape = p.shape();
  contexts.ring = {
      .tasks = shape.tasks, .capacity = shape.capacity, .observed = shape.observed, .actions = shape.actions};
  contexts.ring.rows = memory.hold<T>("replay", p.replay);
  contexts.tasks = p.tasks;
  contexts.steps = p.steps;
  contexts.latent = p.encoder.latent;
  contexts.of = memory.hold<int>("of", p.of);
  contexts.drawn = memory.hold<int>("drawn", p.drawn);
  contexts.count = memory.hold<int>("count", p.count);
  contexts.noise = memory.hold<T>("noise", p.noise);
  const long wide = padded(p.encoder.latent), of_task = 2 * wide;
  EncodeContext<T>& encode = ops.encode;
  encode.encoder = p.encoder;
  encode.contexts = contexts;
  encode.params = memory.hold<T>("params", p.theta);
  auto* const key = reinterpret_cast<RandomKey*>(memory.blank<std::uint32_t>("iteration", 2));
  *key = {1, static_cast<std::uint32_t>(p.iteration)};
  encode.key = key;
  encode.sums = memory.blank<T>("sums", encode.tiles() * of_task);
  encode.partial = memory.blank<T>("partial", static_cast<long>(encode.tiles()) * p.encoder.net.parameters());
  FormBeliefs<T>& form = ops.form;
  form.contexts = contexts;
  form.sum_tiles = encode.tiles_of_task();
  form.sums = encode.sums;
  form.beliefs = memory.blank<T>("beliefs", p.tasks * of_task);
  form.latents = memory.blank<T>("latents", p.tasks * wide);
  form.divergence = memory.blank<T>("divergence", 1);
  form.scale = static_cast<T>(p.scale);
  form.kl_weight = static_cast<T>(p.kl_weight);
  form.by_beliefs = memory.blank<T>("by_beliefs", p.tasks * of_task);
  encode.beliefs = form.beliefs;
  encode.by_beliefs = form.by_beliefs;
  return ops;
}

}  // namespace innerloop
