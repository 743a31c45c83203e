// Outer optimisers on the flat parameter vector: gradient norm, Adam, AdamW, steps with or without momentum; conjugate
// gradient and the line search of TRPO. All of their state is in device memory, so that no step needs the host.
#pragma once

#include "kernels/networks/batch.h"
#include "kernels/networks/gradient_sums.h"
#include "kernels/outer/schedule.h"

namespace innerloop {

// Σ of a[p]·b[p] in 16 chains and a fixed tree; every thread gets it. Syncs.
template <class Team>
TEAM_FN typename Team::Scalar dot(const Team& team, int size, const typename Team::Scalar* a,
                                  const typename Team::Scalar* b, typename Team::Scalar* chains) {
  using L = typename Team::Lane;
  team.sync();
  for (int chain = team.rank() * L::lanes; chain < kChains; chain += team.size() * L::lanes) {
    L sum(0);
    for (int p = chain; p < size; p += kChains)
      sum = fma(load_first<L>(a + p, size - p), load_first<L>(b + p, size - p), sum);
    store(chains + chain, sum);
  }
  team.sync();
  return close_chains(chains);
}

// Calls at(p, count) for packs of parameters.
template <class Team, class At>
TEAM_FN void for_parameters(const Team& team, int size, const At& at) {
  using L = typename Team::Lane;
  for (int p = team.rank() * L::lanes; p < size; p += team.size() * L::lanes) at(p, size - p);
}

// A step along the gradient, uphill. Where the gradient is not finite nothing changes but `norm`.
//
// adam: Kingma and Ba 2015; with `decay`, AdamW (Loshchilov and Hutter 2019): θ ← θ + rate·(m̂/(√v̂ + ε) − λ∘θ).
// sgd: θ ← θ + rate·g; with `velocity`, w ← μ·w + g and a step along w (Polyak 1964) or, nesterov, along g + μ·w
// (Sutskever et al. 2013).
template <class T>
struct OuterStep {
  enum class Kind { adam, sgd };
  Kind kind = Kind::adam;
  int size = 0;
  T* params = nullptr;          // [P]
  const T* gradient = nullptr;  // [P]
  T* first_moment = nullptr;    // [P]  adam
  T* second_moment = nullptr;   // [P]  adam
  double* powers = nullptr;     // [2]  adam: beta1^n, beta2^n after n steps
  T* velocity = nullptr;        // [P]  sgd: w; null: no momentum
  const T* decay = nullptr;     // [P]  adam: λ of each parameter; null: none decays
  T lr = 0, beta1 = 0, beta2 = 0, epsilon = 0;
  T momentum = 0;  // μ
  bool nesterov = false;
  Schedule<T> schedule;
  T max_norm = 0;     // 0: the gradient is not clipped
  T* norm = nullptr;  // [1]  of the gradient, before clipping
  const int* enabled = nullptr;

  template <class Team>
  FN long scratch_bytes() const {
    return kChains * static_cast<long>(sizeof(T));
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch scratch) const {
    using L = typename Team::Lane;
    using One = Pack<T, 1>;
    T* chains = scratch.take<T>(kChains);
    const T length = sqrt(One(dot(team, size, gradient, gradient, chains))).get(0);
    if (team.rank() == 0) *norm = length;
    if (!(length - length == T(0))) return;
    const T clip = max_norm > T(0) && length > max_norm ? max_norm / length : T(1);
    const T rate = lr * schedule.factor();
    if (kind == Kind::sgd) {
      for_parameters(team, size, [&](int p, int count) FN_LAMBDA {
        const L g = load_first<L>(gradient + p, count) * L(clip);
        L step = g;
        if (velocity != nullptr) {
          const L w = fma(L(momentum), load_first<L>(velocity + p, count), g);
          store_first(velocity + p, w, count);
          step = nesterov ? fma(L(momentum), w, g) : w;
        }
        store_first(params + p, fma(L(rate), step, load_first<L>(params + p, count)), count);
      });
      return;
    }
    const double power1 = powers[0] * static_cast<double>(beta1),
                 power2 = powers[1] * static_cast<double>(beta2);
    const T correction1 = static_cast<T>(1.0 / (1.0 - power1)),
            correction2 = static_cast<T>(1.0 / (1.0 - power2));
    for_parameters(team, size, [&](int p, int count) FN_LAMBDA {
      const L g = load_first<L>(gradient + p, count) * L(clip);
      const L m = fma(L(beta1), load_first<L>(first_moment + p, count), L(T(1) - beta1) * g);
      const L v = fma(L(beta2), load_first<L>(second_moment + p, count), L(T(1) - beta2) * (g * g));
      store_first(first_moment + p, m, count);
      store_first(second_moment + p, v, count);
      const L theta = load_first<L>(params + p, count);
      L step = (m * L(correction1)) / (sqrt(v * L(correction2)) + L(epsilon));
      if (decay != nullptr) step = fma(-load_first<L>(decay + p, count), theta, step);
      store_first(params + p, fma(L(rate), step, theta), count);
    });
    team.sync();
    if (team.rank() == 0) {
      powers[0] = power1;
      powers[1] = power2;
    }
  }
};

// Solves A·x = b by conjugate gradient, one product A·p a step: `start`, then (product, `step`) as often as wanted.
template <class T>
struct ConjugateGradient {
  enum class Phase { start, step };
  Phase phase = Phase::start;
  int size = 0;
  const T* b = nullptr;                                       // [P]
  const T* product = nullptr;                                 // [P]  A·p, without damping
  T damping = 0;                                              // A + damping·1
  T *x = nullptr, *residual = nullptr, *direction = nullptr;  // [P] each; `direction` is p
  T* residual_square = nullptr;                               // [1]

  template <class Team>
  FN long scratch_bytes() const {
    return kChains * static_cast<long>(sizeof(T));
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch scratch) const {
    using L = typename Team::Lane;
    T* chains = scratch.take<T>(kChains);
    if (phase == Phase::start) {
      for_parameters(team, size, [&](int p, int count) FN_LAMBDA {
        const L g = load_first<L>(b + p, count);
        store_first(x + p, L(0), count);
        store_first(residual + p, g, count);
        store_first(direction + p, g, count);
      });
      const T square = dot(team, size, b, b, chains);
      if (team.rank() == 0) *residual_square = square;
      return;
    }
    const T square = *residual_square;
    const T curvature =
        dot(team, size, direction, product, chains) + damping * dot(team, size, direction, direction, chains);
    // Solved, or no curvature left along p: stay.
    const T alpha = square > T(1e-20) && curvature > T(0) ? square / curvature : T(0);
    for_parameters(team, size, [&](int p, int count) FN_LAMBDA {
      const L d = load_first<L>(direction + p, count);
      const L damped = fma(L(damping), d, load_first<L>(product + p, count));
      store_first(x + p, fma(L(alpha), d, load_first<L>(x + p, count)), count);
      store_first(residual + p, fma(L(-alpha), damped, load_first<L>(residual + p, count)), count);
    });
    const T next = dot(team, size, residual, residual, chains);
    const T beta = alpha > T(0) ? next / square : T(0);
    for_parameters(team, size, [&](int p, int count) FN_LAMBDA {
      store_first(direction + p,
                  fma(L(beta), load_first<L>(direction + p, count), load_first<L>(residual + p, count)),
                  count);
    });
    if (team.rank() == 0) *residual_square = alpha > T(0) ? next : T(0);
  }
};

// TRPO's line search (Schulman et al. 2015): θ + ratio^j·s·x with s = √(2δ / xᵀFx), the first j whose surrogate is
// better than before and whose mean KL is at most δ. A schedule shortens s, so δ falls with its square.
template <class T>
struct LineSearch {
  enum class Phase { start, candidate, decide };
  Phase phase = Phase::start;
  int size = 0;
  T* params = nullptr;          // [P]  θ
  const T* gradient = nullptr;  // [P]
  const T* x = nullptr;         // [P]  F⁻¹·gradient
  const T* product = nullptr;   // [P]  F·x, without damping (start)
  T damping = 0;
  T max_kl = 0, ratio = 0;
  Schedule<T> schedule;
  T* candidate = nullptr;     // [P]
  const T* values = nullptr;  // [kPassValues]  means for θ at `start`, then for the candidate
  T* scale = nullptr;         // [1]
  T* before = nullptr;        // [1]  the surrogate at θ
  T* norm = nullptr;          // [1]  of the gradient
  T* kl = nullptr;            // [1]  of the step taken; 0 if none
  int* searching = nullptr;   // [1]  1 while no candidate was good enough
  const int* enabled = nullptr;

  template <class Team>
  FN long scratch_bytes() const {
    return kChains * static_cast<long>(sizeof(T));
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch scratch) const {
    using L = typename Team::Lane;
    using One = Pack<T, 1>;
    T* chains = scratch.take<T>(kChains);
    const T delta = max_kl * (schedule.factor() * schedule.factor());
    if (phase == Phase::start) {
      const T length = sqrt(One(dot(team, size, gradient, gradient, chains))).get(0);
      const T curvature = dot(team, size, x, product, chains) + damping * dot(team, size, x, x, chains);
      if (team.rank() != 0) return;
      const T step = sqrt(One(T(2) * delta / curvature)).get(0);
      const bool usable = curvature > T(0) && step - step == T(0) && length - length == T(0);
      *norm = length;
      *scale = usable ? step : T(0);
      *before = values[kSurrogate];
      *kl = 0;
      *searching = usable ? 1 : 0;
    } else if (phase == Phase::candidate) {
      const T step = *scale;
      for_parameters(team, size, [&](int p, int count) FN_LAMBDA {
        store_first(candidate + p,
                    fma(L(step), load_first<L>(x + p, count), load_first<L>(params + p, count)), count);
      });
    } else {
      const bool good = values[kSurrogate] > *before && values[kDivergence] <= delta;
      if (good)
        for_parameters(team, size, [&](int p, int count) FN_LAMBDA {
          store_first(params + p, load_first<L>(candidate + p, count), count);
        });
      team.sync();
      if (team.rank() != 0) return;
      if (good) *kl = values[kDivergence];
      *searching = good ? 0 : 1;
      *scale = *scale * ratio;
    }
  }
};

}  // namespace innerloop
