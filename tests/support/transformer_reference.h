// A transformer's outputs from the formulas in kernels/memories/transformer.h, in double, written without a cache.
#pragma once

#include "kernels/memories/policy.h"
#include "kernels/memories/transformer.h"
#include "tests/support/trajectories.h"

namespace innerloop::reference {

class TransformerReference {
 public:
  TransformerReference(const Transformer::Shape& shape, const Vector& theta) : s_(shape), theta_(theta) {}

 private:
  // The next matrix [in][out] and its bias.
  auto dense(int in, int out, bool bias = true) {
    const double* const w = theta_.data() + at_;
    const double* const b = bias ? w + in * out : nullptr;
    at_ += (in + (bias ? 1 : 0)) * out;
    return [=](const Vector& x) {
      Vector y(static_cast<std::size_t>(out));
      for (int o = 0; o < out; ++o) {
        double sum = b == nullptr ? 0 : b[o];
        for (int i = 0; i < in; ++i) sum += x[static_cast<std::size_t>(i)] * w[i * out + o];
        y[static_cast<std::size_t>(o)] = sum;
      }
      return y;
    };
  }
  auto norm() {
    const double *const gain = theta_.data() + at_, *const bias = gain + s_.hidden;
    at_ += 2 * s_.hidden;
    return [=, this](Vector x) {
      double mean = 0, variance = 0;
      for (const double v : x) mean += v / s_.hidden;
      for (const double v : x) variance += (v - mean) * (v - mean) / s_.hidden;
      for (std::size_t i = 0; i < x.size(); ++i)
        x[i] = gain[i] * (x[i] - mean) / std::sqrt(variance + 1e-5) + bias[i];
      return x;
    };
  }
  // What becomes of the stream and of what a sublayer made of it.
  auto joint() {
    const int n = s_.hidden;
    const double* const w = theta_.data() + at_;
    if (s_.gated) at_ += 6 * n * n + n;
    return [=, this](const Vector& x, const Vector& made) {
      Vector out(x.size());
      if (!s_.gated) {
        for (std::size_t i = 0; i < x.size(); ++i) out[i] = x[i] + made[i];
        return out;
      }
      const double *const by_state = w + 3 * n * n, *const by_reset = by_state + 2 * n * n,
                          *const bias = by_reset + n * n;
      const auto made_by = [&](int gate, int o) {
        double sum = 0;
        for (int i = 0; i < n; ++i)
          sum += std::max(made[static_cast<std::size_t>(i)], 0.0) * w[i * 3 * n + gate * n + o];
        return sum;
      };
      const auto logistic = [](double v) { return 1 / (1 + std::exp(-v)); };
      Vector r(x.size()), z(x.size());
      for (int o = 0; o < n; ++o) {
        double of_r = made_by(0, o), of_z = made_by(1, o) - bias[o];
        for (int i = 0; i < n; ++i) {
          of_r += x[static_cast<std::size_t>(i)] * by_state[i * 2 * n + o];
          of_z += x[static_cast<std::size_t>(i)] * by_state[i * 2 * n + n + o];
        }
        r[static_cast<std::size_t>(o)] = logistic(of_r);
        z[static_cast<std::size_t>(o)] = logistic(of_z);
      }
      for (int o = 0; o < n; ++o) {
        double h = made_by(2, o);
        for (int i = 0; i < n; ++i)
          h += r[static_cast<std::size_t>(i)] * x[static_cast<std::size_t>(i)] * by_reset[i * n + o];
        const auto at = static_cast<std::size_t>(o);
        out[at] = (1 - z[at]) * x[at] + z[at] * std::tanh(h);
      }
      return out;
    };
  }

  void add_place(Vector& x, int t) const {
    const int n = s_.hidden;
    for (int i = 0; i < n; ++i) {
      double& at = x[static_cast<std::size_t>(i)];
      if (s_.positions == Positions::learned)
        at += theta_[static_cast<std::size_t>((s_.inputs + 1 + t) * n + i)];
      if (s_.positions == Positions::sinusoidal)
        at += i < n / 2 ? std::sin(angle(t, i, n / 2)) : std::cos(angle(t, i - n / 2, n / 2));
    }
  }
  static double angle(int t, int i, int count) {
    return t * std::pow(10000.0, -static_cast<double>(i) / count);
  }
  // Queries or keys of a step, which begin at `first`.
  void turn(Vector& qkv, int first, int t) const {
    if (s_.positions != Positions::rotary) return;
    const int size = s_.hidden / s_.heads, half = size / 2;
    for (int head = 0; head < s_.heads; ++head)
      for (int i = 0; i < half; ++i) {
        double &a = qkv[static_cast<std::size_t>(first + head * size + i)],
               &b = qkv[static_cast<std::size_t>(first + head * size + half + i)];
        const double sine = std::sin(angle(t, i, half)), cosine = std::cos(angle(t, i, half)), before = a;
        a = before * cosine - b * sine;
        b = before * sine + b * cosine;
      }
  }

  std::vector<Vector> layer(std::vector<Vector> stream) {
    const int n = s_.hidden, size = n / s_.heads;
    const auto first_norm = norm();
    const auto to_qkv = dense(n, 3 * n), to_out = dense(n, n);
    const auto first_joint = joint();
    const auto second_norm = norm();
    const auto up = dense(n, s_.feedforward), down = dense(s_.feedforward, n);
    const auto second_joint = joint();
    std::vector<Vector> qkv, after;
    for (std::size_t t = 0; t < stream.size(); ++t) {
      qkv.push_back(to_qkv(first_norm(stream[t])));
      turn(qkv.back(), 0, static_cast<int>(t));
      turn(qkv.back(), n, static_cast<int>(t));
    }
    for (std::size_t t = 0; t < stream.size(); ++t) {
      Vector seen(static_cast<std::size_t>(n));
      for (int head = 0; head < s_.heads; ++head) {
        Vector weights;
        double total = 0;
        for (std::size_t j = 0; j <= t; ++j) {
          double score = 0;
          for (int i = head * size; i < (head + 1) * size; ++i)
            score += qkv[t][static_cast<std::size_t>(i)] * qkv[j][static_cast<std::size_t>(n + i)];
          weights.push_back(std::exp(score / std::sqrt(size)));
          total += weights.back();
        }
        for (std::size_t j = 0; j <= t; ++j)
          for (int i = head * size; i < (head + 1) * size; ++i)
            seen[static_cast<std::size_t>(i)] +=
                weights[j] / total * qkv[j][static_cast<std::size_t>(2 * n + i)];
      }
      const Vector middle = first_joint(stream[t], to_out(seen));
      Vector grown = up(second_norm(middle));
      for (double& v : grown) v = s_.activation == Activation::tanh ? std::tanh(v) : std::max(v, 0.0);
      after.push_back(second_joint(middle, down(grown)));
    }
    return after;
  }

  const Transformer::Shape& s_;
  const Vector& theta_;
  int at_ = 0;

 public:
  /// What the heads read of each step, before the last normalisation. `prompt`: what is added to the tokens, or nothing.
  std::vector<Vector> outputs(const std::vector<Vector>& inputs, const Vector& prompt = {}) {
    at_ = 0;
    const auto first = dense(s_.inputs, s_.hidden);
    std::vector<Vector> stream;
    for (const Vector& x : inputs) stream.push_back(first(x));
    for (std::size_t t = 0; t < stream.size(); ++t) add_place(stream[t], static_cast<int>(t));
    if (s_.positions == Positions::learned) at_ += s_.steps * s_.hidden;
    for (int token = s_.tokens; token-- > 0;) {
      Vector row;
      for (int i = token * s_.hidden; i < (token + 1) * s_.hidden; ++i)
        row.push_back(theta_[static_cast<std::size_t>(at_ + i)] +
                      (prompt.empty() ? 0 : prompt[static_cast<std::size_t>(i)]));
      stream.insert(stream.begin(), row);
    }
    at_ += s_.tokens * s_.hidden;
    for (int l = 0; l < s_.layers; ++l) stream = layer(std::move(stream));
    return {stream.begin() + s_.tokens, stream.end()};
  }
};

/// What is added to the tokens of the trials that are gone through from now on; empty: nothing.
inline Vector& prompt_in_use() {
  static Vector prompt;
  return prompt;
}
/// The state is the outputs, and behind them all inputs so far.
inline Vector memory_step(const MemoryPolicy<Transformer>& p, const Vector& theta, const Vector& x,
                          Vector state) {
  state.resize(std::max(state.size(), static_cast<std::size_t>(p.hidden)));
  state.insert(state.end(), x.begin(), x.end());
  std::vector<Vector> inputs;
  for (auto at = state.begin() + p.hidden; at != state.end(); at += static_cast<long>(x.size()))
    inputs.emplace_back(at, at + static_cast<long>(x.size()));
  const Vector last = TransformerReference(p.memory, theta).outputs(inputs, prompt_in_use()).back();
  std::copy(last.begin(), last.end(), state.begin());
  return state;
}

}  // namespace innerloop::reference
