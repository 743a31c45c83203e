// The head of real-valued actions, for a pack of rows: log-probability, its derivatives, divergences.
//
// Independent dimensions, the log-probability is their sum. Outputs are the means μ; with σ = exp(log_std), z = (u − μ)/σ.
//
// Squashed, the environment is handed a = bound·tanh u (Haarnoja et al. 2018), and a batch keeps u. Since a determines u,
// KL divergences are those of u; and since the change of variables does not depend on the policy, so are all derivatives of
// log-probabilities. The entropy of a has no closed form: it is that of u plus E[log|da/du|], one integral a dimension, for
// which ten nodes of Gauss–Hermite quadrature stand (off by 2e-4 at σ = 1, by 2e-6 at 0.6, by 0.02 at 2).
#pragma once

#include "kernels/networks/head_rows.h"

namespace innerloop {

inline constexpr double kHalfLog2Pi = 0.91893853320467274178, kLog2 = 0.69314718055994530942;

struct GaussianHead {
  static constexpr HeadKind kind = HeadKind::gaussian;

  template <class R, class T>
  FN static R standardised(const HeadConstants<T>& c, const HeadRows<T>& rows, int d) {
    const R mean = load<R>(rows.outputs + d * rows.output_stride),
            action = load<R>(rows.actions + d * rows.action_stride);
    return (action - mean) * R(c.inverse_std[d]);
  }

  // log π(a|s) = Σ_d −z²/2 − log σ − log(2π)/2, and squashed − log|da/du|
  template <class R, class T>
  FN static R log_prob(const HeadConstants<T>& c, const HeadRows<T>& rows) {
    R sum(0);
    for (int d = 0; d < c.outputs; ++d) {
      const R z = standardised<R>(c, rows, d);
      sum = sum + fma(z * R(T(-0.5)), z, R(-(c.log_std[d] + static_cast<T>(kHalfLog2Pi))));
    }
    if (c.squash > T(0))
      for (int d = 0; d < c.outputs; ++d)
        sum = sum - log_stretch(load<R>(rows.actions + d * rows.action_stride), c.squash);
    return sum;
  }

  // weight · ∇log π, by output and by log_std: sink(output, ∂/∂μ, ∂/∂log σ).
  template <class R, class T, class Sink>
  FN static void gradient(const HeadConstants<T>& c, const HeadRows<T>& rows, R weight, const Sink& sink) {
    for (int d = 0; d < c.outputs; ++d) {
      const R z = standardised<R>(c, rows, d);
      sink(d, weight * (z * R(c.inverse_std[d])), weight * (fma(z, z, R(-1)) * R(c.follows[d])));
    }
  }

  // d = ∇log π · u, for the outputs' tangents and log_std's tangent u_std.
  template <class R, class T>
  FN static R tangent(const HeadConstants<T>& c, const HeadRows<T>& rows, const T* output_tangents,
                      const T* u_std) {
    R sum(0);
    for (int d = 0; d < c.outputs; ++d) {
      const R z = standardised<R>(c, rows, d), mean = load<R>(output_tangents + d * rows.output_stride);
      sum = fma(z * R(c.inverse_std[d]), mean, sum);
      sum = fma(fma(z, z, R(-1)), R(u_std[d] * c.follows[d]), sum);
    }
    return sum;
  }

  // weight · (derivative of ∇log π along the tangents) + score · ∇log π, and weight · ∇log π itself:
  // sink(output, by μ, by log σ, weight·∂log π/∂μ).
  template <class R, class T, class Sink>
  FN static void curvature(const HeadConstants<T>& c, const HeadRows<T>& rows, const T* output_tangents,
                           const T* u_std, R weight, R score, const Sink& sink) {
    for (int d = 0; d < c.outputs; ++d) {
      const R inverse(c.inverse_std[d]), u(u_std[d] * c.follows[d]), follows(c.follows[d]);
      const R z = standardised<R>(c, rows, d), mean = load<R>(output_tangents + d * rows.output_stride);
      const R z_tangent = -fma(mean, inverse, z * u);
      const R by_mean = z * inverse, by_std = fma(z, z, R(-1)) * follows;
      sink(d, fma(weight, inverse * (z_tangent - z * u), score * by_mean),
           fma(weight, (z * z_tangent) * (follows * R(T(2))), score * by_std), weight * by_mean);
    }
  }

  // KL(old ‖ now), for one row.
  template <class R, class T>
  FN static R divergence(const HeadConstants<T>& c, const HeadConstants<T>& old, const HeadRows<T>& rows,
                         const T* old_outputs, long old_stride) {
    R sum(0);
    for (int d = 0; d < c.outputs; ++d) {
      const R inverse(c.inverse_std[d]), old_std(old.std[d]);
      const R shift =
          (load<R>(rows.outputs + d * rows.output_stride) - load<R>(old_outputs + d * old_stride)) * inverse;
      const R ratio = old_std * inverse;
      sum = sum + fma(fma(shift, shift, ratio * ratio), R(T(0.5)), R(c.log_std[d] - old.log_std[d] - T(0.5)));
    }
    return sum;
  }

  // weight · ∇KL(old ‖ now): sink(output, by μ, by log σ).
  template <class R, class T, class Sink>
  FN static void divergence_gradient(const HeadConstants<T>& c, const HeadConstants<T>& old,
                                     const HeadRows<T>& rows, const T* old_outputs, long old_stride, R weight,
                                     const Sink& sink) {
    for (int d = 0; d < c.outputs; ++d) {
      const R inverse(c.inverse_std[d]), old_std(old.std[d]);
      const R shift =
          (load<R>(rows.outputs + d * rows.output_stride) - load<R>(old_outputs + d * old_stride)) * inverse;
      const R ratio = old_std * inverse;
      sink(d, weight * (shift * inverse),
           weight * ((R(T(1)) - fma(shift, shift, ratio * ratio)) * R(c.follows[d])));
    }
  }

  // The entropy for one row: Σ_d log σ + (1 + log 2π)/2, and squashed + E[log|da/du|].
  template <class R, class T>
  FN static R entropy(const HeadConstants<T>& c, const HeadRows<T>& rows) {
    T sum = 0;
    for (int d = 0; d < c.outputs; ++d) sum = sum + (c.log_std[d] + static_cast<T>(kHalfLog2Pi + 0.5));
    R all(sum);
    if (c.squash > T(0))
      for (int d = 0; d < c.outputs; ++d)
        for_nodes<R>(c, rows, d,
                     [&](R u, T, T share) FN_LAMBDA { all = fma(R(share), log_stretch(u, c.squash), all); });
    return all;
  }

  // weight · ∇entropy: sink(output, by μ, by log σ).
  template <class R, class T, class Sink>
  FN static void entropy_gradient(const HeadConstants<T>& c, const HeadRows<T>& rows, R weight,
                                  const Sink& sink) {
    for (int d = 0; d < c.outputs; ++d) {
      if (c.squash == T(0)) {
        sink(d, R(0), weight * R(c.follows[d]));
        continue;
      }
      R by_mean(0), by_std(T(1));
      for_nodes<R>(c, rows, d, [&](R u, T noise, T share) FN_LAMBDA {
        const R slope = tanh(u) * R(T(-2) * share);
        by_mean = by_mean + slope;
        by_std = fma(slope, R(c.std[d] * noise), by_std);
      });
      sink(d, weight * by_mean, weight * by_std * R(c.follows[d]));
    }
  }

  // weight · ∂entropy/∂μ, and the derivatives of weight · ∇entropy along the tangents: sink(output, ∂/∂μ, its derivative,
  // that of ∂/∂log σ). Not squashed, it is linear in log σ and does not depend on μ: nothing.
  template <class R, class T, class Sink>
  FN static void entropy_curvature(const HeadConstants<T>& c, const HeadRows<T>& rows,
                                   const T* output_tangents, const T* u_std, R weight, const Sink& sink) {
    if (c.squash == T(0)) return;
    for (int d = 0; d < c.outputs; ++d) {
      const R mean = load<R>(output_tangents + d * rows.output_stride), u_d(u_std[d] * c.follows[d]);
      R by_mean(0), moved_mean(0), moved_std(0);
      for_nodes<R>(c, rows, d, [&](R u, T noise, T share) FN_LAMBDA {
        const R h = tanh(u), reach(c.std[d] * noise);  // ∂u/∂log σ
        const R slope = h * R(T(-2) * share), bend = fma(h, h, R(-1)) * R(T(2) * share);
        const R moved = bend * fma(reach, u_d, mean);
        by_mean = by_mean + slope;
        moved_mean = moved_mean + moved;
        moved_std = moved_std + fma(moved, reach, slope * (reach * u_d));
      });
      sink(d, weight * by_mean, weight * moved_mean, weight * moved_std * R(c.follows[d]));
    }
  }

  // weight · (metric of KL at equality, times the tangents): sink(output, by μ, by log σ).
  template <class R, class T, class Sink>
  FN static void metric(const HeadConstants<T>& c, const HeadRows<T>& rows, const T* output_tangents,
                        const T* u_std, R weight, const Sink& sink) {
    for (int d = 0; d < c.outputs; ++d) {
      const R inverse(c.inverse_std[d]), mean = load<R>(output_tangents + d * rows.output_stride);
      sink(d, weight * (mean * inverse * inverse), weight * R(T(2) * u_std[d] * c.follows[d]));
    }
  }

 private:
  // log|da/du| for a = bound·tanh u, log bound + log(1 − tanh²u), in the form that loses nothing where tanh u is near ±1:
  // log(1 − tanh²u) = 2·(log 2 − u − softplus(−2u)), which is even in u.
  template <class R, class T>
  FN static R log_stretch(R u, T bound) {
    const R size = max(u, -u);
    const R softplus = log(R(T(1)) + exp(size * R(T(-2))));
    return fma(R(T(-2)), size + softplus, R(log(Pack<T, 1>(bound)).get(0) + static_cast<T>(2 * kLog2)));
  }

  // Calls at(u, noise, share) for the ten nodes u = μ + σ·noise of the Gauss–Hermite quadrature of dimension d.
  template <class R, class T, class At>
  FN static void for_nodes(const HeadConstants<T>& c, const HeadRows<T>& rows, int d, const At& at) {
    constexpr double noises[] = {0.48493570751549764, 1.465989094391158, 2.484325841638954,
                                 3.5818234835519265, 4.859462828332312};
    constexpr double shares[] = {0.34464233493201902, 0.13548370298026785, 0.019111580500770324,
                                 0.0007580709343122208, 4.310652630718302e-06};
    const R mean = load<R>(rows.outputs + d * rows.output_stride);
    UNROLL_ON_DEVICE
    for (int node = 0; node < 10; ++node) {
      const T noise = static_cast<T>(node % 2 == 0 ? noises[node / 2] : -noises[node / 2]);
      at(fma(R(c.std[d]), R(noise), mean), noise, static_cast<T>(shares[node / 2]));
    }
  }
};

}  // namespace innerloop
