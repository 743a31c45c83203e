// Trajectories as plain numbers in double, laid out like Batch (kernels/networks/shape.h), and random ones to test with.
#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "kernels/networks/batch.h"

namespace innerloop {

using Vector = std::vector<double>;

struct Trajectories {
  int tasks = 0, horizon = 0, envs = 0;
  int observation_size = 0, action_size = 0, output_size = 0;
  long row_stride = 0;
  Vector observations, actions, outputs;  // [task][quantity][row_stride]
  bool looks_beyond = false;              // as of Batch: observations and `terminated` are there for it
  Vector log_probs, rewards, valid, ends, terminated, advantages, credits,
      statistics;  // [task][row_stride]; [task][kStatistics]

  int rows() const { return horizon * envs; }
  int row(int env, int step) const { return step * envs + env; }
  /// One number a row, of a task.
  const double* of(const Vector& quantity, int task) const { return quantity.data() + task * row_stride; }
  double* of(Vector& quantity, int task) const { return quantity.data() + task * row_stride; }
  /// `size` numbers of one row of a task.
  Vector at_row(const Vector& quantity, int size, int task, int row) const {
    Vector numbers(static_cast<std::size_t>(size));
    for (int i = 0; i < size; ++i) numbers[static_cast<std::size_t>(i)] = quantity[index(size, task, i, row)];
    return numbers;
  }
  std::size_t index(int size, int task, int i, int row) const {
    return static_cast<std::size_t>((static_cast<long>(task) * size + i) * row_stride + row);
  }
  Vector observation(int task, int row) const { return at_row(observations, observation_size, task, row); }
  Vector action(int task, int row) const { return at_row(actions, action_size, task, row); }
  double samples(int task) const {
    return statistics[static_cast<std::size_t>(task * kStatistics + kSamples)];
  }
};

/// Trajectories with room for everything, all 0; `row_stride` leaves padding.
inline Trajectories empty_trajectories(int observation_size, int action_size, int output_size, int tasks,
                                       int horizon, int envs, bool looks_beyond = false) {
  Trajectories t;
  t.tasks = tasks;
  t.horizon = horizon;
  t.envs = envs;
  t.observation_size = observation_size;
  t.action_size = action_size;
  t.output_size = output_size;
  t.looks_beyond = looks_beyond;
  t.row_stride = padded(t.rows() + (looks_beyond ? envs : 0));
  const auto numbers = [&](int size) {
    return Vector(static_cast<std::size_t>(tasks * size * t.row_stride));
  };
  t.observations = numbers(observation_size);
  t.actions = numbers(action_size);
  t.outputs = numbers(output_size);
  for (Vector* v : {&t.log_probs, &t.rewards, &t.valid, &t.ends, &t.terminated, &t.advantages, &t.credits})
    *v = numbers(1);
  t.statistics.resize(static_cast<std::size_t>(tasks * kStatistics));
  return t;
}

inline double normal(std::mt19937_64& random) { return std::normal_distribution<double>()(random); }
inline double uniform(std::mt19937_64& random) { return std::uniform_real_distribution<double>()(random); }

/// Random observations, rewards, advantages and episodes. An episode may end at any step (each with probability
/// `ending`); then either a new one starts, or the rest of the trajectory does not count. Numbers of rows that do not
/// count are random as well. Actions and log-probabilities are left to reference::draw_actions.
inline Trajectories random_trajectories(const PolicyShape& shape, int tasks, int horizon, int envs,
                                        double ending, std::mt19937_64& random, bool looks_beyond = false) {
  const int outputs = shape.outputs(), actions = shape.head == HeadKind::categorical ? 1
                                                 : shape.head == HeadKind::grouped   ? shape.groups
                                                                                     : outputs;
  Trajectories t = empty_trajectories(shape.inputs(), actions, outputs, tasks, horizon, envs, looks_beyond);
  for (double& o : t.observations) o = normal(random);
  for (int task = 0; task < tasks; ++task) {
    double samples = 0;
    for (int env = 0; env < envs; ++env) {
      const bool restart = uniform(random) < 0.5;
      bool alive = true;
      double following = 0;
      for (int step = 0; step < horizon; ++step) {
        const int r = t.row(env, step);
        const bool last = step + 1 == horizon;
        const bool terminated = alive && (!last || looks_beyond) && uniform(random) < ending;
        const bool end = terminated || (alive && last);
        t.of(t.valid, task)[r] = alive;
        t.of(t.ends, task)[r] = end;
        t.of(t.terminated, task)[r] = terminated;
        t.of(t.rewards, task)[r] = alive ? normal(random) : 0;
        t.of(t.advantages, task)[r] = alive ? normal(random) : 0;
        samples += alive;
        if (end && !restart) alive = false;
      }
      for (int step = horizon; step-- > 0;) {
        const int r = t.row(env, step);
        following = (t.of(t.ends, task)[r] > 0 ? 0 : following) + t.of(t.advantages, task)[r];
        t.of(t.credits, task)[r] = following;
      }
    }
    t.statistics[static_cast<std::size_t>(task * kStatistics + kSamples)] = samples;
  }
  return t;
}

/// A policy of these widths (inputs, hidden layers …, outputs).
inline PolicyShape policy_of(const std::vector<int>& widths, HeadKind head,
                             Activation activation = Activation::tanh) {
  PolicyShape shape;
  shape.layers = static_cast<int>(widths.size()) - 1;
  for (std::size_t l = 0; l < widths.size(); ++l) shape.width[l] = widths[l];
  shape.head = head;
  shape.activation = activation;
  return shape;
}

inline Vector random_vector(int size, double scale, std::mt19937_64& random) {
  Vector v(static_cast<std::size_t>(size));
  for (double& x : v) x = scale * normal(random);
  return v;
}

/// ‖a − b‖ / ‖b‖; not a number where either is not.
inline double relative_error(const Vector& a, const Vector& b) {
  if (a.size() != b.size()) return INFINITY;
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    size += b[i] * b[i];
  }
  return std::sqrt(difference / size);
}

/// Central differences of f at x, step h.
template <class F>
Vector central_differences(const F& f, Vector x, double h) {
  Vector gradient(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double middle = x[i];
    x[i] = middle + h;
    const double above = f(x);
    x[i] = middle - h;
    gradient[i] = (above - f(x)) / (2 * h);
    x[i] = middle;
  }
  return gradient;
}

}  // namespace innerloop
