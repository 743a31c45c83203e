// Surrogate objectives of a policy gradient, each given by its weights on single samples.
//
// S = mean over valid samples of φ(log π(a|s)); the gradient weighs ∇lp with φ′, and the Hessian-vector product with
// u weighs ∇(d) with φ′ and d·∇lp with φ″, where d = ∇lp·u. `ratio` is exp(lp − lp as drawn).
#pragma once

#include "kernels/lanes/pack.h"
#include "kernels/options/choices.h"

namespace innerloop {

// A·lp: the log-likelihood surrogate (Williams 1992; MAML as published, Finn et al. 2017).
struct Reinforce {
  template <class R>
  FN static R value(R advantage, R log_prob, R, R) {
    return advantage * log_prob;
  }
  template <class R>
  FN static R gradient_weight(R advantage, R, R) {
    return advantage;
  }
  template <class R>
  FN static R curvature_weight(R, R, R) {
    return R(0);
  }
};

// LVC, A·exp(lp − ⊥lp): ProMP's inner objective (Rothfuss et al. 2019).
struct Ratio {
  template <class R>
  FN static R value(R advantage, R, R ratio, R) {
    return advantage * ratio;
  }
  template <class R>
  FN static R gradient_weight(R advantage, R ratio, R) {
    return advantage * ratio;
  }
  template <class R>
  FN static R curvature_weight(R advantage, R ratio, R) {
    return advantage * ratio;
  }
};

// PPO's min(r·A, clip(r, 1 ± ε)·A) (Schulman et al. 2017), which has no weight where clipping took the gradient away.
struct Clipped {
  template <class R>
  FN static R value(R advantage, R, R ratio, R epsilon) {
    return min(advantage * ratio, advantage * max(min(ratio, R(1) + epsilon), R(1) - epsilon));
  }
  template <class R>
  FN static R gradient_weight(R advantage, R ratio, R epsilon) {
    const auto clipped =
        ((advantage > R(0)) & (ratio > R(1) + epsilon)) | ((advantage < R(0)) & (ratio < R(1) - epsilon));
    return select(clipped, R(0), advantage * ratio);
  }
  template <class R>
  FN static R curvature_weight(R advantage, R ratio, R epsilon) {
    return gradient_weight(advantage, ratio, epsilon);
  }
};

// Calls f with the rule of an estimator that weighs each sample on its own. DiCE weighs whole trajectories (dice.h).
template <class F>
FN void with_estimator(EstimatorName name, const F& f) {
  if (name == EstimatorName::ratio)
    f(Ratio{});
  else if (name == EstimatorName::clipped)
    f(Clipped{});
  else
    f(Reinforce{});
}

}  // namespace innerloop
