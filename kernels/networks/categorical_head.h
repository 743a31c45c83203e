// The heads of discrete actions, for a pack of rows: log-probability, its derivatives, divergences. Outputs are logits.
#pragma once

#include "kernels/networks/head_rows.h"

namespace innerloop {

// The logits of the choices that a group has: all, or those that are allowed. One that is not has a logit so small that its
// probability is exactly 0, and every derivative by it, too; it is finite, so that 0 times it is 0.
struct AllChoices {
  template <class R, class T>
  FN static R logit(const HeadRows<T>&, const T* logits, long stride, int j) {
    return load<R>(logits + j * stride);
  }
  // `choice`, or the last one before it that is allowed.
  template <class R, class T>
  FN static R not_beyond_allowed(const HeadRows<T>&, int, R choice) {
    return choice;
  }
};
struct AllowedChoices {
  template <class R, class T>
  FN static Mask<R> allowed(const HeadRows<T>& rows, int j) {
    const int choice = rows.first_choice + j;
    const UintPack<R> word = load<UintPack<R>>(rows.allowed + choice / 32 * rows.allowed_stride);
    return convert<typename Mask<R>::value_type>(((word >> (choice % 32)) & UintPack<R>(1u)) ==
                                                 UintPack<R>(1u));
  }
  template <class R, class T>
  FN static R logit(const HeadRows<T>& rows, const T* logits, long stride, int j) {
    const R own = load<R>(logits + j * stride);
    return rows.allowed == nullptr ? own : select(allowed<R>(rows, j), own, R(T(-1e30)));
  }
  template <class R, class T>
  FN static R not_beyond_allowed(const HeadRows<T>& rows, int choices, R choice) {
    if (rows.allowed == nullptr) return choice;
    R last(0);
    for (int j = 1; j < choices; ++j) last = select(allowed<R>(rows, j), R(T(j)), last);
    return min(choice, last);
  }
};

// One group.
template <class Choices>
struct OneChoice {
  // log Σ exp(logit), and the largest logit that is taken out for safety.
  template <class R, class T>
  FN static R log_sum(const HeadRows<T>& rows, const T* logits, long stride, int outputs) {
    const auto logit = [&](int j) FN_LAMBDA { return Choices::template logit<R>(rows, logits, stride, j); };
    R largest = logit(0);
    for (int j = 1; j < outputs; ++j) largest = max(largest, logit(j));
    R sum(0);
    for (int j = 0; j < outputs; ++j) sum = sum + exp(logit(j) - largest);
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
  FN static R logit(const HeadRows<T>& rows, int j) {
    return Choices::template logit<R>(rows, rows.outputs, rows.output_stride, j);
  }

  template <class R, class T>
  FN static R log_prob(const HeadConstants<T>& c, const HeadRows<T>& rows) {
    return chosen<R>(rows, rows.outputs, c.outputs) -
           log_sum<R>(rows, rows.outputs, rows.output_stride, c.outputs);
  }

  template <class R, class T, class Sink>
  FN static void gradient(const HeadConstants<T>& c, const HeadRows<T>& rows, R weight, const Sink& sink) {
    const R log_total = log_sum<R>(rows, rows.outputs, rows.output_stride, c.outputs),
            action = load<R>(rows.actions);
    for (int j = 0; j < c.outputs; ++j) {
      const R p = exp(logit<R>(rows, j) - log_total);
      sink(j, weight * (select(action == R(T(j)), R(T(1)), R(0)) - p), R(0));
    }
  }

  // Σ_j p_j ȯ_j
  template <class R, class T>
  FN static R mean_tangent(const HeadConstants<T>& c, const HeadRows<T>& rows, const T* output_tangents,
                           R log_total) {
    R sum(0);
    for (int j = 0; j < c.outputs; ++j)
      sum = fma(exp(logit<R>(rows, j) - log_total), load<R>(output_tangents + j * rows.output_stride), sum);
    return sum;
  }

  template <class R, class T>
  FN static R tangent(const HeadConstants<T>& c, const HeadRows<T>& rows, const T* output_tangents,
                      const T*) {
    const R log_total = log_sum<R>(rows, rows.outputs, rows.output_stride, c.outputs);
    return chosen<R>(rows, output_tangents, c.outputs) - mean_tangent<R>(c, rows, output_tangents, log_total);
  }

  template <class R, class T, class Sink>
  FN static void curvature(const HeadConstants<T>& c, const HeadRows<T>& rows, const T* output_tangents,
                           const T*, R weight, R score, const Sink& sink) {
    const R log_total = log_sum<R>(rows, rows.outputs, rows.output_stride, c.outputs),
            action = load<R>(rows.actions);
    const R mean = mean_tangent<R>(c, rows, output_tangents, log_total);
    for (int j = 0; j < c.outputs; ++j) {
      const R p = exp(logit<R>(rows, j) - log_total);
      const R by_logit = select(action == R(T(j)), R(T(1)), R(0)) - p;
      const R p_tangent = p * (load<R>(output_tangents + j * rows.output_stride) - mean);
      sink(j, fma(score, by_logit, -(weight * p_tangent)), R(0), weight * by_logit);
    }
  }

  template <class R, class T>
  FN static R divergence(const HeadConstants<T>& c, const HeadConstants<T>&, const HeadRows<T>& rows,
                         const T* old_outputs, long old_stride) {
    const R log_total = log_sum<R>(rows, rows.outputs, rows.output_stride, c.outputs);
    const R old_total = log_sum<R>(rows, old_outputs, old_stride, c.outputs);
    R sum(0);
    for (int j = 0; j < c.outputs; ++j) {
      const R old_log = Choices::template logit<R>(rows, old_outputs, old_stride, j) - old_total;
      sum = fma(exp(old_log), old_log - (logit<R>(rows, j) - log_total), sum);
    }
    return sum;
  }

  template <class R, class T, class Sink>
  FN static void divergence_gradient(const HeadConstants<T>& c, const HeadConstants<T>&,
                                     const HeadRows<T>& rows, const T* old_outputs, long old_stride, R weight,
                                     const Sink& sink) {
    const R log_total = log_sum<R>(rows, rows.outputs, rows.output_stride, c.outputs);
    const R old_total = log_sum<R>(rows, old_outputs, old_stride, c.outputs);
    for (int j = 0; j < c.outputs; ++j)
      sink(j,
           weight * (exp(logit<R>(rows, j) - log_total) -
                     exp(Choices::template logit<R>(rows, old_outputs, old_stride, j) - old_total)),
           R(0));
  }

  template <class R, class T>
  FN static R entropy(const HeadConstants<T>& c, const HeadRows<T>& rows) {
    const R log_total = log_sum<R>(rows, rows.outputs, rows.output_stride, c.outputs);
    R sum(0);
    for (int j = 0; j < c.outputs; ++j) {
      const R log_p = logit<R>(rows, j) - log_total;
      sum = fma(-exp(log_p), log_p, sum);
    }
    return sum;
  }

  template <class R, class T, class Sink>
  FN static void entropy_gradient(const HeadConstants<T>& c, const HeadRows<T>& rows, R weight,
                                  const Sink& sink) {
    const R log_total = log_sum<R>(rows, rows.outputs, rows.output_stride, c.outputs);
    const R all = entropy<R>(c, rows);
    for (int j = 0; j < c.outputs; ++j) {
      const R log_p = logit<R>(rows, j) - log_total;
      sink(j, weight * (-exp(log_p) * (log_p + all)), R(0));
    }
  }

  // With g_j = −p_j·(log p_j + H), ȧ_j the tangent of log p_j and Ḣ = Σ_j g_j·ȯ_j:
  // ġ_j = ȧ_j·g_j − p_j·(ȧ_j + Ḣ).
  template <class R, class T, class Sink>
  FN static void entropy_curvature(const HeadConstants<T>& c, const HeadRows<T>& rows,
                                   const T* output_tangents, const T*, R weight, const Sink& sink) {
    const R log_total = log_sum<R>(rows, rows.outputs, rows.output_stride, c.outputs);
    const R all = entropy<R>(c, rows), mean = mean_tangent<R>(c, rows, output_tangents, log_total);
    R along(0);
    for (int j = 0; j < c.outputs; ++j) {
      const R log_p = logit<R>(rows, j) - log_total;
      along = fma(-exp(log_p) * (log_p + all), load<R>(output_tangents + j * rows.output_stride), along);
    }
    for (int j = 0; j < c.outputs; ++j) {
      const R log_p = logit<R>(rows, j) - log_total, p = exp(log_p);
      const R gradient = -p * (log_p + all);
      const R log_tangent = load<R>(output_tangents + j * rows.output_stride) - mean;
      sink(j, weight * gradient, weight * fma(log_tangent, gradient, -(p * (log_tangent + along))), R(0));
    }
  }

  template <class R, class T, class Sink>
  FN static void metric(const HeadConstants<T>& c, const HeadRows<T>& rows, const T* output_tangents,
                        const T*, R weight, const Sink& sink) {
    const R log_total = log_sum<R>(rows, rows.outputs, rows.output_stride, c.outputs);
    const R mean = mean_tangent<R>(c, rows, output_tangents, log_total);
    for (int j = 0; j < c.outputs; ++j) {
      const R p = exp(logit<R>(rows, j) - log_total);
      sink(j, weight * (p * (load<R>(output_tangents + j * rows.output_stride) - mean)), R(0));
    }
  }
};

struct CategoricalHead : OneChoice<AllChoices> {
  static constexpr HeadKind kind = HeadKind::categorical;
};

// Several groups, whose choices are independent, or choices that are not all allowed: log-probabilities, divergences and
// entropies are the groups' sums.
struct GroupedHead {
  static constexpr HeadKind kind = HeadKind::grouped;
  using Group = OneChoice<AllowedChoices>;

  template <class R, class T>
  FN static R log_prob(const HeadConstants<T>& c, const HeadRows<T>& rows) {
    return sum<R>(c, rows, [&](const HeadConstants<T>& own, const HeadRows<T>& part, int) FN_LAMBDA {
      return Group::template log_prob<R>(own, part);
    });
  }
  template <class R, class T, class Sink>
  FN static void gradient(const HeadConstants<T>& c, const HeadRows<T>& rows, R weight, const Sink& sink) {
    for_groups(c, rows, [&](const HeadConstants<T>& own, const HeadRows<T>& part, int first) FN_LAMBDA {
      Group::gradient(own, part, weight, behind<R>(sink, first));
    });
  }
  template <class R, class T>
  FN static R tangent(const HeadConstants<T>& c, const HeadRows<T>& rows, const T* output_tangents,
                      const T* u_std) {
    return sum<R>(c, rows, [&](const HeadConstants<T>& own, const HeadRows<T>& part, int first) FN_LAMBDA {
      return Group::template tangent<R>(own, part, output_tangents + first * rows.output_stride, u_std);
    });
  }
  template <class R, class T, class Sink>
  FN static void curvature(const HeadConstants<T>& c, const HeadRows<T>& rows, const T* output_tangents,
                           const T* u_std, R weight, R score, const Sink& sink) {
    for_groups(c, rows, [&](const HeadConstants<T>& own, const HeadRows<T>& part, int first) FN_LAMBDA {
      Group::curvature(own, part, output_tangents + first * rows.output_stride, u_std, weight, score,
                       behind<R>(sink, first));
    });
  }
  template <class R, class T>
  FN static R divergence(const HeadConstants<T>& c, const HeadConstants<T>& old, const HeadRows<T>& rows,
                         const T* old_outputs, long old_stride) {
    return sum<R>(c, rows, [&](const HeadConstants<T>& own, const HeadRows<T>& part, int first) FN_LAMBDA {
      return Group::template divergence<R>(own, old, part, old_outputs + first * old_stride, old_stride);
    });
  }
  template <class R, class T, class Sink>
  FN static void divergence_gradient(const HeadConstants<T>& c, const HeadConstants<T>& old,
                                     const HeadRows<T>& rows, const T* old_outputs, long old_stride, R weight,
                                     const Sink& sink) {
    for_groups(c, rows, [&](const HeadConstants<T>& own, const HeadRows<T>& part, int first) FN_LAMBDA {
      Group::divergence_gradient(own, old, part, old_outputs + first * old_stride, old_stride, weight,
                                 behind<R>(sink, first));
    });
  }
  template <class R, class T>
  FN static R entropy(const HeadConstants<T>& c, const HeadRows<T>& rows) {
    return sum<R>(c, rows, [&](const HeadConstants<T>& own, const HeadRows<T>& part, int) FN_LAMBDA {
      return Group::template entropy<R>(own, part);
    });
  }
  template <class R, class T, class Sink>
  FN static void entropy_gradient(const HeadConstants<T>& c, const HeadRows<T>& rows, R weight,
                                  const Sink& sink) {
    for_groups(c, rows, [&](const HeadConstants<T>& own, const HeadRows<T>& part, int first) FN_LAMBDA {
      Group::entropy_gradient(own, part, weight, behind<R>(sink, first));
    });
  }
  template <class R, class T, class Sink>
  FN static void entropy_curvature(const HeadConstants<T>& c, const HeadRows<T>& rows,
                                   const T* output_tangents, const T* u_std, R weight, const Sink& sink) {
    for_groups(c, rows, [&](const HeadConstants<T>& own, const HeadRows<T>& part, int first) FN_LAMBDA {
      Group::entropy_curvature(own, part, output_tangents + first * rows.output_stride, u_std, weight,
                               behind<R>(sink, first));
    });
  }
  template <class R, class T, class Sink>
  FN static void metric(const HeadConstants<T>& c, const HeadRows<T>& rows, const T* output_tangents,
                        const T* u_std, R weight, const Sink& sink) {
    for_groups(c, rows, [&](const HeadConstants<T>& own, const HeadRows<T>& part, int first) FN_LAMBDA {
      Group::metric(own, part, output_tangents + first * rows.output_stride, u_std, weight,
                    behind<R>(sink, first));
    });
  }

  // Calls at(constants, rows, first output) for each group, as if it were alone.
  template <class T, class At>
  FN static void for_groups(const HeadConstants<T>& c, const HeadRows<T>& rows, const At& at) {
    HeadConstants<T> own = c;
    HeadRows<T> part = rows;
    for (int g = 0, first = 0; g < c.groups; first += own.outputs, ++g) {
      own.outputs = c.group_size[g];
      part.outputs = rows.outputs + first * rows.output_stride;
      part.actions = rows.actions + g * rows.action_stride;
      part.first_choice = first;
      at(own, part, first);
    }
  }

 private:
  template <class R, class T, class Term>
  FN static R sum(const HeadConstants<T>& c, const HeadRows<T>& rows, const Term& term) {
    R all(0);
    for_groups(c, rows, [&](const HeadConstants<T>& own, const HeadRows<T>& part, int first) FN_LAMBDA {
      all = all + term(own, part, first);
    });
    return all;
  }
  // The sink of a group whose first output is `first` of all.
  template <class R, class Sink>
  FN static auto behind(const Sink& sink, int first) {
    return [&sink, first](int o, auto... quantities) FN_LAMBDA { sink(first + o, quantities...); };
  }
};

}  // namespace innerloop
