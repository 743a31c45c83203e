// The head of each kind of action, and how an action is drawn from what the policy puts out.
#pragma once

#include "kernels/environment/environment.h"
#include "kernels/lanes/random.h"
#include "kernels/networks/head.h"

namespace innerloop {

template <class Action>
using HeadOf = std::conditional_t<Action::discrete, CategoricalHead, GaussianHead>;

// Draws an action for a pack of environments, or takes the best; gives its log-probability.
template <class Action, class L, class T>
struct Sampler;

template <int N, class L, class T>
struct Sampler<Continuous<N>, L, T> {
  typename Continuous<N>::template Value<L> action;

  FN Sampler(const HeadConstants<T>& head, const T* outputs, long stride, Random<L>& random,
             bool deterministic) {
    UNROLL
    for (int d = 0; d < N; ++d) {
      const L mean = load<L>(outputs + d * stride);
      const L noise = deterministic ? L(0) : random.normal();
      action[d] = fma(L(head.std[d]), noise, mean);
    }
  }
  FN void store_action(T* to, long stride, int count) const {
    UNROLL
    for (int d = 0; d < N; ++d) store_first(to + d * stride, action[d], count);
  }
};

template <class L, class T>
struct Sampler<Discrete, L, T> {
  IntPack<L> action;

  FN Sampler(const HeadConstants<T>& head, const T* logits, long stride, Random<L>& random,
             bool deterministic) {
    L chosen(0);
    if (deterministic) {
      L best = load<L>(logits);
      for (int j = 1; j < head.outputs; ++j) {
        const L logit = load<L>(logits + j * stride);
        chosen = select(logit > best, L(T(j)), chosen);
        best = max(logit, best);
      }
    } else {
      // The first action whose cumulated probability exceeds u; the last where rounding leaves none.
      const L log_total = CategoricalHead::log_sum<L>(logits, stride, head.outputs), u = random.uniform();
      L cumulated(0);
      for (int j = 0; j + 1 < head.outputs; ++j) {
        cumulated = cumulated + exp(load<L>(logits + j * stride) - log_total);
        chosen = chosen + select(u >= cumulated, L(1), L(0));
      }
    }
    action = convert<std::int32_t>(chosen);
  }
  FN void store_action(T* to, long, int count) const { store_first(to, convert<T>(action), count); }
};
}  // namespace innerloop
