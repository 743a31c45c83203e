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

// A step along the gradient, uphill. Where the gradient is not finite only `norm` changes.
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

// Solves A·x = b by conjugate gradient, one product A·p a step: StartConjugateGradient, then a product and a
// ConjugateGradientStep as often as wanted. This is what they share.
template <class T>
struct ConjugateGradient {
  int size = 0;
  const T* b = nullptr;                                       // [P]
  const T* product = nullptr;                                 // [P]  A·p, without damping
  T damping = 0;                                              // A + damping·1
  T *x = nullptr, *residual = nullptr, *direction = nullptr;  // [P] each; `direction` is p
  T* residual_square = nullptr;                               // [1]
};

template <class T>
struct StartConjugateGradient {
  ConjugateGradient<T> solver;

  template <class Team>
  FN long scratch_bytes() const {
    return kChains * static_cast<long>(sizeof(T));
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch scratch) const {
    using L = typename Team::Lane;
    const ConjugateGradient<T>& s = solver;
    for_parameters(team, s.size, [&](int p, int count) FN_LAMBDA {
      const L g = load_first<L>(s.b + p, count);
      store_first(s.x + p, L(0), count);
      store_first(s.residual + p, g, count);
      store_first(s.direction + p, g, count);
    });
    const T square = dot(team, s.size, s.b, s.b, scratch.take<T>(kChains));
    if (team.rank() == 0) *s.residual_square = square;
  }
};

template <class T>
struct ConjugateGradientStep {
  ConjugateGradient<T> solver;

  template <class Team>
  FN long scratch_bytes() const {
    return kChains * static_cast<long>(sizeof(T));
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch scratch) const {
    using L = typename Team::Lane;
    const ConjugateGradient<T>& s = solver;
    T* chains = scratch.take<T>(kChains);
    const T square = *s.residual_square;
    const T curvature = dot(team, s.size, s.direction, s.product, chains) +
                        s.damping * dot(team, s.size, s.direction, s.direction, chains);
    // Where it is solved, or where there is no curvature left along p, it stays.
    const T alpha = square > T(1e-20) && curvature > T(0) ? square / curvature : T(0);
    for_parameters(team, s.size, [&](int p, int count) FN_LAMBDA {
      const L d = load_first<L>(s.direction + p, count);
      const L damped = fma(L(s.damping), d, load_first<L>(s.product + p, count));
      store_first(s.x + p, fma(L(alpha), d, load_first<L>(s.x + p, count)), count);
      store_first(s.residual + p, fma(L(-alpha), damped, load_first<L>(s.residual + p, count)), count);
    });
    const T next = dot(team, s.size, s.residual, s.residual, chains);
    const T beta = alpha > T(0) ? next / square : T(0);
    for_parameters(team, s.size, [&](int p, int count) FN_LAMBDA {
      store_first(s.direction + p,
                  fma(L(beta), load_first<L>(s.direction + p, count), load_first<L>(s.residual + p, count)),
                  count);
    });
    if (team.rank() == 0) *s.residual_square = alpha > T(0) ? next : T(0);
  }
};

// TRPO's line search (Schulman et al. 2015): θ + ratio^j·s·x with s = √(2δ / xᵀFx), the first j whose surrogate is
// better than before and whose mean KL is at most δ. A schedule shortens s, so δ falls with its square. After
// StartLineSearch come LineSearchCandidate, the candidate's values and LineSearchDecision as long as it is searching. This is
// what they share.
template <class T>
struct LineSearch {
  int size = 0;
  T* params = nullptr;          // [P]  θ
  const T* gradient = nullptr;  // [P]
  const T* x = nullptr;         // [P]  F⁻¹·gradient
  const T* product = nullptr;   // [P]  F·x, without damping
  T damping = 0;
  T max_kl = 0, ratio = 0;
  Schedule<T> schedule;
  T* candidate = nullptr;     // [P]
  const T* values = nullptr;  // [kPassValues]  means for θ at the start, then for the candidate
  T* scale = nullptr;         // [1]
  T* before = nullptr;        // [1]  the surrogate at θ
  T* norm = nullptr;          // [1]  of the gradient
  T* kl = nullptr;            // [1]  of the step taken; 0 if none
  int* searching = nullptr;   // [1]  1 while no candidate was good enough

  FN T delta() const { return max_kl * (schedule.factor() * schedule.factor()); }
};

template <class T>
struct StartLineSearch {
  LineSearch<T> search;

  template <class Team>
  FN long scratch_bytes() const {
    return kChains * static_cast<long>(sizeof(T));
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch scratch) const {
    using One = Pack<T, 1>;
    const LineSearch<T>& s = search;
    T* chains = scratch.take<T>(kChains);
    const T length = sqrt(One(dot(team, s.size, s.gradient, s.gradient, chains))).get(0);
    const T curvature =
        dot(team, s.size, s.x, s.product, chains) + s.damping * dot(team, s.size, s.x, s.x, chains);
    if (team.rank() != 0) return;
    const T step = sqrt(One(T(2) * s.delta() / curvature)).get(0);
    const bool usable = curvature > T(0) && step - step == T(0) && length - length == T(0);
    *s.norm = length;
    *s.scale = usable ? step : T(0);
    *s.before = s.values[kSurrogate];
    *s.kl = 0;
    *s.searching = usable ? 1 : 0;
  }
};

// candidate = θ + scale·x.
template <class T>
struct LineSearchCandidate {
  LineSearch<T> search;
  const int* enabled = nullptr;

  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch) const {
    using L = typename Team::Lane;
    const LineSearch<T>& s = search;
    const T step = *s.scale;
    for_parameters(team, s.size, [&](int p, int count) FN_LAMBDA {
      store_first(s.candidate + p,
                  fma(L(step), load_first<L>(s.x + p, count), load_first<L>(s.params + p, count)), count);
    });
  }
};

// Takes the candidate where its values are good enough; else the next one is nearer.
template <class T>
struct LineSearchDecision {
  LineSearch<T> search;
  const int* enabled = nullptr;

  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch) const {
    using L = typename Team::Lane;
    const LineSearch<T>& s = search;
    const bool good = s.values[kSurrogate] > *s.before && s.values[kDivergence] <= s.delta();
    if (good)
      for_parameters(team, s.size, [&](int p, int count) FN_LAMBDA {
        store_first(s.params + p, load_first<L>(s.candidate + p, count), count);
      });
    team.sync();  // all of a block have seen `enabled`, which may be `searching`
    if (team.rank() != 0) return;
    if (good) *s.kl = s.values[kDivergence];
    *s.searching = good ? 0 : 1;
    *s.scale = *s.scale * s.ratio;
  }
};

}  // namespace innerloop
