// The outer optimisers as their papers write them, uphill, in double.
#pragma once

#include <cmath>
#include <cstddef>

#include "tests/support/reference.h"

namespace innerloop {

// Adam (Kingma and Ba 2015, algorithm 1); with `decay` AdamW (Loshchilov and Hutter 2019, algorithm 2, whose schedule
// multiplier and step size are both in `lr`).
struct PlainAdam {
  void step(Vector& theta, const Vector& g, double lr, double beta1 = 0.9, double beta2 = 0.999,
            double epsilon = 1e-8) {
    m.resize(theta.size());
    v.resize(theta.size());
    ++steps;
    for (std::size_t i = 0; i < theta.size(); ++i) {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
      const double m_hat = m[i] / (1 - std::pow(beta1, steps)), v_hat = v[i] / (1 - std::pow(beta2, steps));
      const double shrunk = decay.empty() ? 0 : lr * decay[i] * theta[i];
      theta[i] += lr * m_hat / (std::sqrt(v_hat) + epsilon) - shrunk;
    }
  }
  Vector decay = {};  // λ of each parameter; empty: none
  Vector m = {}, v = {};
  int steps = 0;
};

// SGD with momentum μ: w ← μ·w + g, and a step along w or, nesterov, along g + μ·w.
struct PlainMomentum {
  void step(Vector& theta, const Vector& g, double lr) {
    w.resize(theta.size());
    for (std::size_t i = 0; i < theta.size(); ++i) {
      w[i] = momentum * w[i] + g[i];
      theta[i] += lr * (nesterov ? g[i] + momentum * w[i] : w[i]);
    }
  }
  double momentum = 0;
  bool nesterov = false;
  Vector w = {};
};

}  // namespace innerloop
