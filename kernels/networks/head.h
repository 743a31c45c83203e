// What the policy's head makes of its outputs, for a pack of rows: log-probability, its derivatives, divergences.
//
// Gaussian: independent dimensions, the log-probability is their sum; outputs are the means μ; with σ = exp(log_std),
// z = (a − μ)/σ. Categorical: outputs are logits. All quantities are [quantity][row].
#pragma once

#include "kernels/lanes/maths.h"
#include "kernels/networks/shape.h"

namespace innerloop {

inline constexpr double kHalfLog2Pi = 0.91893853320467274178;

// What a head needs beside the rows' own numbers, prepared once a team.
template <class T>
struct HeadConstants {
  int outputs;
  T* log_std;      // [outputs]  floored
  T* std;          // [outputs]
  T* inverse_std;  // [outputs]
  T* follows;      // [outputs]  1 where log_std follows its parameter, 0 at the floor
};

template <class T>
FN HeadConstants<T> take_head_constants(Scratch& scratch, const PolicyShape& shape) {
  const int n = shape.outputs();
  return {n, scratch.take<T>(n), scratch.take<T>(n), scratch.take<T>(n), scratch.take<T>(n)};
}

// Syncs.
template <class Team, class T>
TEAM_FN void load_head_constants(const Team& team, const PolicyShape& shape, const T* log_std_parameters,
                                 const HeadConstants<T>& head) {
  if (shape.head == HeadKind::gaussian)
    for (int o = team.rank(); o < head.outputs; o += team.size()) {
      using One = Pack<T, 1>;
      const T parameter = log_std_parameters[o], floor = static_cast<T>(shape.min_log_std);
      const T log_std = parameter > floor ? parameter : floor;
      head.log_std[o] = log_std;
      head.std[o] = exp(One(log_std)).get(0);
      head.inverse_std[o] = exp(One(-log_std)).get(0);
      head.follows[o] = parameter > floor ? T(1) : T(0);
    }
  team.sync();
}

// One pack of rows: `outputs` and `actions` point at the pack's first row.
template <class T>
struct HeadRows {
  const T* outputs;  // [output][output_stride]
  long output_stride;
  const T* actions;  // [dimension][action_stride], or [1][…] the index of a discrete action
  long action_stride;
};

struct GaussianHead {
  static constexpr HeadKind kind = HeadKind::gaussian;

  template <class R, class T>
  FN static R standardised(const HeadConstants<T>& c, const HeadRows<T>& rows, int d) {
    const R mean = load<R>(rows.outputs + d * rows.output_stride),
            action = load<R>(rows.actions + d * rows.action_stride);
    return (action - mean) * R(c.inverse_std[d]);
  }

  // log π(a|s) = Σ_d −z²/2 − log σ − log(2π)/2
  template <class R, class T>
  FN static R log_prob(const HeadConstants<T>& c, const HeadRows<T>& rows) {
    R sum(0);
    for (int d = 0; d < c.outputs; ++d) {
      const R z = standardised<R>(c, rows, d);
      sum = sum + fma(z * R(T(-0.5)), z, R(-(c.log_std[d] + static_cast<T>(kHalfLog2Pi))));
    }
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

  // Of one row: Σ_d log σ + (1 + log 2π)/2.
  template <class R, class T>
  FN static R entropy(const HeadConstants<T>& c, const HeadRows<T>&) {
    T sum = 0;
    for (int d = 0; d < c.outputs; ++d) sum = sum + (c.log_std[d] + static_cast<T>(kHalfLog2Pi + 0.5));
    return R(sum);
  }

  // weight · ∇entropy: sink(output, by μ, by log σ).
  template <class R, class T, class Sink>
  FN static void entropy_gradient(const HeadConstants<T>& c, const HeadRows<T>&, R weight, const Sink& sink) {
    for (int d = 0; d < c.outputs; ++d) sink(d, R(0), weight * R(c.follows[d]));
  }

  // weight · ∇entropy and its derivative along the tangents, by output: sink(output, ∂/∂μ, derivative). It is linear in
  // log σ and does not depend on μ: nothing.
  template <class R, class T, class Sink>
  FN static void entropy_curvature(const HeadConstants<T>&, const HeadRows<T>&, const T*, R, const Sink&) {}

  // weight · (metric of KL at equality, times the tangents): sink(output, by μ, by log σ).
  template <class R, class T, class Sink>
  FN static void metric(const HeadConstants<T>& c, const HeadRows<T>& rows, const T* output_tangents,
                        const T* u_std, R weight, const Sink& sink) {
    for (int d = 0; d < c.outputs; ++d) {
      const R inverse(c.inverse_std[d]), mean = load<R>(output_tangents + d * rows.output_stride);
      sink(d, weight * (mean * inverse * inverse), weight * R(T(2) * u_std[d] * c.follows[d]));
    }
  }
};

struct CategoricalHead {
  static constexpr HeadKind kind = HeadKind::categorical;

  // log Σ exp(logit), and the largest logit that is taken out for safety.
  template <class R, class T>
  FN static R log_sum(const T* logits, long stride, int outputs) {
    R largest = load<R>(logits);
    for (int j = 1; j < outputs; ++j) largest = max(largest, load<R>(logits + j * stride));
    R sum(0);
    for (int j = 0; j < outputs; ++j) sum = sum + exp(load<R>(logits + j * stride) - largest);
    return largest + log(sum);
  }
  template <class R, class T>
  FN static R chosen(const HeadRows<T>& rows, const T* from, int outputs) {
    const R action = load<R>(rows.actions);
    R value(0);
    for (int j = 0; j < outputs; ++j)
      value = select(action == R(T(j)), load<R>(from + j * rows.output_stride), value);
    return value;
  }

  template <class R, class T>
  FN static R log_prob(const HeadConstants<T>& c, const HeadRows<T>& rows) {
    return chosen<R>(rows, rows.outputs, c.outputs) - log_sum<R>(rows.outputs, rows.output_stride, c.outputs);
  }

  template <class R, class T, class Sink>
  FN static void gradient(const HeadConstants<T>& c, const HeadRows<T>& rows, R weight, const Sink& sink) {
    const R log_total = log_sum<R>(rows.outputs, rows.output_stride, c.outputs),
            action = load<R>(rows.actions);
    for (int j = 0; j < c.outputs; ++j) {
      const R p = exp(load<R>(rows.outputs + j * rows.output_stride) - log_total);
      sink(j, weight * (select(action == R(T(j)), R(T(1)), R(0)) - p), R(0));
    }
  }

  // Σ_j p_j ȯ_j
  template <class R, class T>
  FN static R mean_tangent(const HeadConstants<T>& c, const HeadRows<T>& rows, const T* output_tangents,
                           R log_total) {
    R sum(0);
    for (int j = 0; j < c.outputs; ++j)
      sum = fma(exp(load<R>(rows.outputs + j * rows.output_stride) - log_total),
                load<R>(output_tangents + j * rows.output_stride), sum);
    return sum;
  }

  template <class R, class T>
  FN static R tangent(const HeadConstants<T>& c, const HeadRows<T>& rows, const T* output_tangents,
                      const T*) {
    const R log_total = log_sum<R>(rows.outputs, rows.output_stride, c.outputs);
    return chosen<R>(rows, output_tangents, c.outputs) - mean_tangent<R>(c, rows, output_tangents, log_total);
  }

  template <class R, class T, class Sink>
  FN static void curvature(const HeadConstants<T>& c, const HeadRows<T>& rows, const T* output_tangents,
                           const T*, R weight, R score, const Sink& sink) {
    const R log_total = log_sum<R>(rows.outputs, rows.output_stride, c.outputs),
            action = load<R>(rows.actions);
    const R mean = mean_tangent<R>(c, rows, output_tangents, log_total);
    for (int j = 0; j < c.outputs; ++j) {
      const R p = exp(load<R>(rows.outputs + j * rows.output_stride) - log_total);
      const R by_logit = select(action == R(T(j)), R(T(1)), R(0)) - p;
      const R p_tangent = p * (load<R>(output_tangents + j * rows.output_stride) - mean);
      sink(j, fma(score, by_logit, -(weight * p_tangent)), R(0), weight * by_logit);
    }
  }

  template <class R, class T>
  FN static R divergence(const HeadConstants<T>& c, const HeadConstants<T>&, const HeadRows<T>& rows,
                         const T* old_outputs, long old_stride) {
    const R log_total = log_sum<R>(rows.outputs, rows.output_stride, c.outputs);
    const R old_total = log_sum<R>(old_outputs, old_stride, c.outputs);
    R sum(0);
    for (int j = 0; j < c.outputs; ++j) {
      const R old_log = load<R>(old_outputs + j * old_stride) - old_total;
      sum = fma(exp(old_log), old_log - (load<R>(rows.outputs + j * rows.output_stride) - log_total), sum);
    }
    return sum;
  }

  template <class R, class T, class Sink>
  FN static void divergence_gradient(const HeadConstants<T>& c, const HeadConstants<T>&,
                                     const HeadRows<T>& rows, const T* old_outputs, long old_stride, R weight,
                                     const Sink& sink) {
    const R log_total = log_sum<R>(rows.outputs, rows.output_stride, c.outputs);
    const R old_total = log_sum<R>(old_outputs, old_stride, c.outputs);
    for (int j = 0; j < c.outputs; ++j)
      sink(j,
           weight * (exp(load<R>(rows.outputs + j * rows.output_stride) - log_total) -
                     exp(load<R>(old_outputs + j * old_stride) - old_total)),
           R(0));
  }

  template <class R, class T>
  FN static R entropy(const HeadConstants<T>& c, const HeadRows<T>& rows) {
    const R log_total = log_sum<R>(rows.outputs, rows.output_stride, c.outputs);
    R sum(0);
    for (int j = 0; j < c.outputs; ++j) {
      const R log_p = load<R>(rows.outputs + j * rows.output_stride) - log_total;
      sum = fma(-exp(log_p), log_p, sum);
    }
    return sum;
  }

  template <class R, class T, class Sink>
  FN static void entropy_gradient(const HeadConstants<T>& c, const HeadRows<T>& rows, R weight,
                                  const Sink& sink) {
    const R log_total = log_sum<R>(rows.outputs, rows.output_stride, c.outputs);
    const R all = entropy<R>(c, rows);
    for (int j = 0; j < c.outputs; ++j) {
      const R log_p = load<R>(rows.outputs + j * rows.output_stride) - log_total;
      sink(j, weight * (-exp(log_p) * (log_p + all)), R(0));
    }
  }

  // With g_j = −p_j·(log p_j + H), ȧ_j the tangent of log p_j and Ḣ = Σ_j g_j·ȯ_j:
  // ġ_j = ȧ_j·g_j − p_j·(ȧ_j + Ḣ).
  template <class R, class T, class Sink>
  FN static void entropy_curvature(const HeadConstants<T>& c, const HeadRows<T>& rows,
                                   const T* output_tangents, R weight, const Sink& sink) {
    const R log_total = log_sum<R>(rows.outputs, rows.output_stride, c.outputs);
    const R all = entropy<R>(c, rows), mean = mean_tangent<R>(c, rows, output_tangents, log_total);
    R along(0);
    for (int j = 0; j < c.outputs; ++j) {
      const R log_p = load<R>(rows.outputs + j * rows.output_stride) - log_total;
      along = fma(-exp(log_p) * (log_p + all), load<R>(output_tangents + j * rows.output_stride), along);
    }
    for (int j = 0; j < c.outputs; ++j) {
      const R log_p = load<R>(rows.outputs + j * rows.output_stride) - log_total, p = exp(log_p);
      const R gradient = -p * (log_p + all);
      const R log_tangent = load<R>(output_tangents + j * rows.output_stride) - mean;
      sink(j, weight * gradient, weight * fma(log_tangent, gradient, -(p * (log_tangent + along))));
    }
  }

  template <class R, class T, class Sink>
  FN static void metric(const HeadConstants<T>& c, const HeadRows<T>& rows, const T* output_tangents,
                        const T*, R weight, const Sink& sink) {
    const R log_total = log_sum<R>(rows.outputs, rows.output_stride, c.outputs);
    const R mean = mean_tangent<R>(c, rows, output_tangents, log_total);
    for (int j = 0; j < c.outputs; ++j) {
      const R p = exp(load<R>(rows.outputs + j * rows.output_stride) - log_total);
      sink(j, weight * (p * (load<R>(output_tangents + j * rows.output_stride) - mean)), R(0));
    }
  }
};

// Calls f with the head's type.
template <class F>
FN void with_head(HeadKind kind, const F& f) {
  if (kind == HeadKind::gaussian)
    f(GaussianHead{});
  else
    f(CategoricalHead{});
}

}  // namespace innerloop
