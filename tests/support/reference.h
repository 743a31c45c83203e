// What the kernels compute, in double and in plain loops over single samples: policy, log-probability, KL, every
// surrogate with its gradient. Nothing of kernels/ is used but the description of the policy.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/networks/shape.h"
#include "kernels/options/choices.h"
#include "tests/support/trajectories.h"

namespace innerloop::reference {

inline double log_std(const PolicyShape& shape, const Vector& theta, int o) {
  return std::max(theta[static_cast<std::size_t>(shape.log_std_offset() + o)],
                  static_cast<double>(shape.min_log_std));
}

/// Σ_c φ_c·weight_c, with number 0's weight at `first`.
inline double context_sum(const PolicyShape& shape, const Vector& theta, int first) {
  double sum = 0;
  for (int c = 0; c < shape.context; ++c)
    sum += theta[static_cast<std::size_t>(shape.context_offset() + c)] *
           theta[static_cast<std::size_t>(first + c * shape.context_weights())];
  return sum;
}
inline bool modulated(const PolicyShape& shape, int layer) {
  return layer == 0 && shape.context > 0 && shape.context_input == ContextInput::film;
}

/// Numbers of each layer for one observation: layer 0 is the observation, the last one the outputs.
inline std::vector<Vector> forward(const PolicyShape& shape, const Vector& theta, const Vector& observation) {
  std::vector<Vector> layers = {observation};
  for (int l = 0; l < shape.layers; ++l) {
    const int in = shape.width[l], out = shape.width[l + 1];
    Vector next(static_cast<std::size_t>(out));
    for (int o = 0; o < out; ++o) {
      double sum = theta[static_cast<std::size_t>(shape.bias_offset(l) + o)];
      for (int i = 0; i < in; ++i)
        sum += layers.back()[static_cast<std::size_t>(i)] *
               theta[static_cast<std::size_t>(shape.weight_offset(l) + i * out + o)];
      if (modulated(shape, l)) sum *= 1 + context_sum(shape, theta, shape.context_weight_offset(0) + o);
      if (l == 0 && shape.context > 0)
        sum += context_sum(shape, theta, shape.context_weight_offset(0) + shape.context_weights() - out + o);
      if (l + 1 < shape.layers)
        sum = shape.activation == Activation::tanh ? std::tanh(sum) : std::max(sum, 0.0);
      next[static_cast<std::size_t>(o)] = sum;
    }
    layers.push_back(next);
  }
  return layers;
}

/// Derivatives by the outputs and by log_std.
struct Seeds {
  Vector output, log_std;
};

/// gradient += the derivative by θ that the seeds at the outputs lead to.
inline void backward(const PolicyShape& shape, const Vector& theta, const std::vector<Vector>& layers,
                     const Seeds& seeds, Vector& gradient) {
  Vector above = seeds.output;
  for (int l = shape.layers; l-- > 0;) {
    const int in = shape.width[l], out = shape.width[l + 1];
    const Vector& x = layers[static_cast<std::size_t>(l)];
    Vector below(static_cast<std::size_t>(in));
    for (int c = 0; l == 0 && c < shape.context; ++c)
      for (int o = 0; o < out; ++o) {
        const auto add = [&](int at, double by) {
          const auto context = static_cast<std::size_t>(shape.context_offset() + c),
                     weight = static_cast<std::size_t>(at);
          gradient[weight] += theta[context] * by;
          gradient[context] += theta[weight] * by;
        };
        const double by = above[static_cast<std::size_t>(o)];
        add(shape.context_weight_offset(c) + shape.context_weights() - out + o, by);
        if (!modulated(shape, l)) continue;
        double unscaled = theta[static_cast<std::size_t>(shape.bias_offset(l) + o)];
        for (int i = 0; i < in; ++i)
          unscaled += x[static_cast<std::size_t>(i)] *
                      theta[static_cast<std::size_t>(shape.weight_offset(l) + i * out + o)];
        add(shape.context_weight_offset(c) + o, by * unscaled);
      }
    if (modulated(shape, l))
      for (int o = 0; o < out; ++o)
        above[static_cast<std::size_t>(o)] *=
            1 + context_sum(shape, theta, shape.context_weight_offset(0) + o);
    for (int o = 0; o < out; ++o)
      gradient[static_cast<std::size_t>(shape.bias_offset(l) + o)] += above[static_cast<std::size_t>(o)];
    for (int i = 0; i < in; ++i) {
      for (int o = 0; o < out; ++o) {
        const auto p = static_cast<std::size_t>(shape.weight_offset(l) + i * out + o);
        gradient[p] += x[static_cast<std::size_t>(i)] * above[static_cast<std::size_t>(o)];
        below[static_cast<std::size_t>(i)] += theta[p] * above[static_cast<std::size_t>(o)];
      }
      const double h = x[static_cast<std::size_t>(i)];
      if (l > 0)
        below[static_cast<std::size_t>(i)] *= shape.activation == Activation::tanh ? 1 - h * h : h > 0;
    }
    above = below;
  }
  if (shape.head == HeadKind::gaussian)
    for (int o = 0; o < shape.outputs(); ++o) {
      const auto p = static_cast<std::size_t>(shape.log_std_offset() + o);
      if (theta[p] > static_cast<double>(shape.min_log_std))
        gradient[p] += seeds.log_std[static_cast<std::size_t>(o)];
    }
}

inline Vector probabilities(const Vector& logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double total = 0;
  for (double l : logits) total += std::exp(l - largest);
  Vector p;
  for (double l : logits) p.push_back(std::exp(l - largest) / total);
  return p;
}

inline double log_prob(const PolicyShape& shape, const Vector& theta, const Vector& outputs,
                       const Vector& action) {
  if (shape.head == HeadKind::categorical)
    return std::log(probabilities(outputs)[static_cast<std::size_t>(action[0])]);
  double sum = 0;
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    const double s = log_std(shape, theta, static_cast<int>(o)), z = (action[o] - outputs[o]) / std::exp(s);
    sum += -z * z / 2 - s - std::log(2 * M_PI) / 2;
  }
  return sum;
}

inline Seeds log_prob_seeds(const PolicyShape& shape, const Vector& theta, const Vector& outputs,
                            const Vector& action) {
  Seeds seeds{Vector(outputs.size()), Vector(outputs.size())};
  const Vector p = probabilities(outputs);
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    if (shape.head == HeadKind::categorical) {
      seeds.output[o] = (static_cast<double>(o) == action[0]) - p[o];
      continue;
    }
    const double sigma = std::exp(log_std(shape, theta, static_cast<int>(o))),
                 z = (action[o] - outputs[o]) / sigma;
    seeds.output[o] = z / sigma;
    seeds.log_std[o] = z * z - 1;
  }
  return seeds;
}

/// KL(old ‖ now) of one observation.
inline double divergence(const PolicyShape& shape, const Vector& old_theta, const Vector& old_outputs,
                         const Vector& theta, const Vector& outputs) {
  double sum = 0;
  const Vector p = probabilities(old_outputs), q = probabilities(outputs);
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    if (shape.head == HeadKind::categorical) {
      sum += p[o] * std::log(p[o] / q[o]);
      continue;
    }
    const double s0 = log_std(shape, old_theta, static_cast<int>(o)),
                 s1 = log_std(shape, theta, static_cast<int>(o));
    const double shift = old_outputs[o] - outputs[o];
    sum += s1 - s0 + (std::exp(2 * s0) + shift * shift) / (2 * std::exp(2 * s1)) - 0.5;
  }
  return sum;
}

inline Seeds divergence_seeds(const PolicyShape& shape, const Vector& old_theta, const Vector& old_outputs,
                              const Vector& theta, const Vector& outputs) {
  Seeds seeds{Vector(outputs.size()), Vector(outputs.size())};
  const Vector p = probabilities(old_outputs), q = probabilities(outputs);
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    if (shape.head == HeadKind::categorical) {
      seeds.output[o] = q[o] - p[o];
      continue;
    }
    const double s0 = log_std(shape, old_theta, static_cast<int>(o)),
                 s1 = log_std(shape, theta, static_cast<int>(o));
    const double shift = outputs[o] - old_outputs[o], variance = std::exp(2 * s1);
    seeds.output[o] = shift / variance;
    seeds.log_std[o] = 1 - (std::exp(2 * s0) + shift * shift) / variance;
  }
  return seeds;
}

inline double entropy(const PolicyShape& shape, const Vector& theta, const Vector& outputs) {
  double sum = 0;
  const Vector p = probabilities(outputs);
  for (std::size_t o = 0; o < outputs.size(); ++o)
    sum += shape.head == HeadKind::categorical
               ? -p[o] * std::log(p[o])
               : log_std(shape, theta, static_cast<int>(o)) + std::log(2 * M_PI * M_E) / 2;
  return sum;
}

inline Seeds entropy_seeds(const PolicyShape& shape, const Vector& theta, const Vector& outputs) {
  Seeds seeds{Vector(outputs.size()), Vector(outputs.size(), 1.0)};
  if (shape.head == HeadKind::gaussian) return seeds;
  const Vector p = probabilities(outputs);
  const double all = entropy(shape, theta, outputs);
  for (std::size_t o = 0; o < outputs.size(); ++o) seeds.output[o] = -p[o] * (std::log(p[o]) + all);
  return seeds;
}

/// Discounted returns-to-go of a task's rows, 0 where they do not count. Where the trajectories look beyond the last step, an
/// episode that is cut off there is worth one c behind it, which is then the mean of all returns.
inline Vector returns_to_go(const Trajectories& t, int task, double discount) {
  Vector returns(static_cast<std::size_t>(t.row_stride)), to_cut(returns.size());
  double sum = 0, lost = 0;
  for (int env = 0; env < t.envs; ++env)
    for (int step = 0; step < t.horizon; ++step) {
      const auto r = static_cast<std::size_t>(t.row(env, step));
      if (t.of(t.valid, task)[r] == 0) continue;
      double factor = 1;
      bool over = false;
      for (int s = step; !over; ++s, factor *= discount) {
        returns[r] += factor * t.of(t.rewards, task)[t.row(env, s)];
        over = t.of(t.ends, task)[t.row(env, s)] > 0;
        if (over && t.looks_beyond && t.of(t.terminated, task)[t.row(env, s)] == 0)
          to_cut[r] = factor * discount;
      }
      sum += returns[r];
      lost += 1 - to_cut[r];
    }
  for (std::size_t r = 0; t.looks_beyond && r < returns.size(); ++r) returns[r] += to_cut[r] * sum / lost;
  return returns;
}

/// Chooses the actions of task `task` by the policy θ, and sets outputs and log-probabilities to θ's.
inline void draw_actions(const PolicyShape& shape, const Vector& theta, int task, Trajectories& t,
                         std::mt19937_64& random) {
  for (int r = 0; r < t.rows(); ++r) {
    const Vector outputs = forward(shape, theta, t.observation(task, r)).back();
    Vector action(static_cast<std::size_t>(t.action_size));
    if (shape.head == HeadKind::categorical) {
      const Vector p = probabilities(outputs);
      double left = uniform(random);
      while (action[0] + 1 < shape.outputs() && (left -= p[static_cast<std::size_t>(action[0])]) > 0)
        ++action[0];
    } else {
      for (int o = 0; o < shape.outputs(); ++o)
        action[static_cast<std::size_t>(o)] =
            outputs[static_cast<std::size_t>(o)] + std::exp(log_std(shape, theta, o)) * normal(random);
    }
    for (int i = 0; i < t.action_size; ++i)
      t.actions[t.index(t.action_size, task, i, r)] = action[static_cast<std::size_t>(i)];
    for (int o = 0; o < t.output_size; ++o)
      t.outputs[t.index(t.output_size, task, o, r)] = outputs[static_cast<std::size_t>(o)];
    t.of(t.log_probs, task)[r] = log_prob(shape, theta, outputs, action);
  }
}

/// What is to be maximised on one task's trajectories, a mean over its valid samples.
struct Term {
  EstimatorName estimator = EstimatorName::reinforce;
  double weight = 1;      // of the surrogate
  double clip = 0;        // ε of `clipped`
  double entropy = 0;     // weight on the policy's entropy
  double score = 0;       // weight on the log-probability itself (E-MAML)
  double divergence = 0;  // weight on KL(as drawn ‖ θ) (ProMP)
  Vector drawn = {};      // θ that drew the trajectories, for that KL
};

struct Value {
  double total = 0;
  Vector gradient;
};

/// Value of a term at θ and, if wanted, its gradient. DiCE in the form that is valid away from where the data was
/// drawn: Σ_t exp(c_t − c_t as drawn)·w_t with c_t the sum of log-probabilities of the episode up to t.
inline Value evaluate(const PolicyShape& shape, const Trajectories& t, int task, const Vector& theta,
                      const Term& term, bool with_gradient) {
  Value value;
  value.gradient.resize(theta.size());
  const double scale = 1 / t.samples(task);
  for (int env = 0; env < t.envs; ++env) {
    Vector episode(static_cast<std::size_t>(t.horizon)), weight(episode.size());  // DiCE's exp(…)·w_t; on ∇lp
    std::vector<std::vector<Vector>> layers(episode.size());
    double moved = 0;
    for (int step = 0; step < t.horizon; ++step) {
      const int r = t.row(env, step);
      if (t.of(t.valid, task)[r] == 0) continue;
      const auto s = static_cast<std::size_t>(step);
      layers[s] = forward(shape, theta, t.observation(task, r));
      const double lp = log_prob(shape, theta, layers[s].back(), t.action(task, r));
      const double advantage = t.of(t.advantages, task)[r], off = lp - t.of(t.log_probs, task)[r],
                   ratio = std::exp(off);
      double surrogate = 0;
      if (term.estimator == EstimatorName::reinforce) {
        surrogate = advantage * lp;
        weight[s] = advantage;
      } else if (term.estimator == EstimatorName::ratio) {
        surrogate = weight[s] = advantage * ratio;
      } else if (term.estimator == EstimatorName::clipped) {
        const double clipped = advantage * std::clamp(ratio, 1 - term.clip, 1 + term.clip);
        surrogate = std::min(advantage * ratio, clipped);
        weight[s] = advantage * ratio <= clipped ? advantage * ratio : 0;
      } else {
        moved += off;
        surrogate = episode[s] = std::exp(moved) * advantage;
        if (t.of(t.ends, task)[r] > 0) moved = 0;
      }
      value.total += scale * (term.weight * surrogate + term.score * lp);
      if (term.entropy != 0) value.total += scale * term.entropy * entropy(shape, theta, layers[s].back());
      if (term.divergence != 0)
        value.total += scale * term.divergence *
                       divergence(shape, term.drawn, t.at_row(t.outputs, t.output_size, task, r), theta,
                                  layers[s].back());
    }
    if (!with_gradient) continue;
    double following = 0;
    for (int step = t.horizon; step-- > 0;) {
      const int r = t.row(env, step);
      const auto s = static_cast<std::size_t>(step);
      if (t.of(t.valid, task)[r] == 0) continue;
      if (t.of(t.ends, task)[r] > 0) following = 0;
      following += episode[s];
      if (term.estimator == EstimatorName::dice) weight[s] = following;
      Seeds seeds = log_prob_seeds(shape, theta, layers[s].back(), t.action(task, r));
      for (Vector* v : {&seeds.output, &seeds.log_std})
        for (double& x : *v) x *= scale * (term.weight * weight[s] + term.score);
      if (term.entropy != 0) {
        const Seeds more = entropy_seeds(shape, theta, layers[s].back());
        for (std::size_t o = 0; o < seeds.output.size(); ++o) {
          seeds.output[o] += scale * term.entropy * more.output[o];
          seeds.log_std[o] += scale * term.entropy * more.log_std[o];
        }
      }
      if (term.divergence != 0) {
        const Seeds more = divergence_seeds(shape, term.drawn, t.at_row(t.outputs, t.output_size, task, r),
                                            theta, layers[s].back());
        for (std::size_t o = 0; o < seeds.output.size(); ++o) {
          seeds.output[o] += scale * term.divergence * more.output[o];
          seeds.log_std[o] += scale * term.divergence * more.log_std[o];
        }
      }
      backward(shape, theta, layers[s], seeds, value.gradient);
    }
  }
  return value;
}

}  // namespace innerloop::reference
