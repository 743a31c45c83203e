// The head of each kind of action, and how an action is drawn from what the policy puts out.
#pragma once

#include "kernels/environment/environment.h"
#include "kernels/lanes/random.h"
#include "kernels/networks/head.h"

namespace innerloop {

template <class Env>
using HeadOf = std::conditional_t<
    !Env::Action::discrete, GaussianHead,
    std::conditional_t<Env::Action::size == 1 && !kHasAllowed<Env>, CategoricalHead, GroupedHead>>;

// A choice of a group for a pack of environments: drawn, or the likeliest.
template <class Choices, class L, class T>
FN L draw_choice(const HeadRows<T>& rows, int choices, Random<L>& random, bool deterministic) {
  const auto logit = [&](int j) FN_LAMBDA {
    return Choices::template logit<L>(rows, rows.outputs, rows.output_stride, j);
  };
  L chosen(0);
  if (deterministic) {
    L best = logit(0);
    for (int j = 1; j < choices; ++j) {
      const L own = logit(j);
      chosen = select(own > best, L(T(j)), chosen);
      best = max(own, best);
    }
    return chosen;
  }
  // The first one whose cumulated probability exceeds u; the last where rounding leaves none.
  const L log_total =
              OneChoice<Choices>::template log_sum<L>(rows, rows.outputs, rows.output_stride, choices),
          u = random.uniform();
  L cumulated(0);
  for (int j = 0; j + 1 < choices; ++j) {
    cumulated = cumulated + exp(logit(j) - log_total);
    chosen = chosen + select(u >= cumulated, L(1), L(0));
  }
  return Choices::template not_beyond_allowed<L>(rows, choices, chosen);
}

// Draws an action for a pack of environments, or takes the best, from the policy's outputs in `rows`: `action` is what the
// environment is handed, and store_action writes what a batch keeps of it.
template <class Action, class Head, class L, class T>
struct Sampler;

template <int N, class L, class T>
struct Sampler<Continuous<N>, GaussianHead, L, T> {
  typename Continuous<N>::template Value<L> drawn, action;

  FN Sampler(const HeadConstants<T>& head, const HeadRows<T>& rows, Random<L>& random, bool deterministic) {
    UNROLL
    for (int d = 0; d < N; ++d) {
      const L mean = load<L>(rows.outputs + d * rows.output_stride);
      const L noise = deterministic ? L(0) : random.normal();
      drawn[d] = fma(L(head.std[d]), noise, mean);
      action[d] = head.squash > T(0) ? L(head.squash) * tanh(drawn[d]) : drawn[d];
    }
  }
  FN void store_action(T* to, long stride, int count) const {
    UNROLL
    for (int d = 0; d < N; ++d) store_first(to + d * stride, drawn[d], count);
  }
};

template <class L, class T>
struct Sampler<Discrete<>, CategoricalHead, L, T> {
  IntPack<L> action;

  FN Sampler(const HeadConstants<T>& head, const HeadRows<T>& rows, Random<L>& random, bool deterministic)
      : action(convert<std::int32_t>(draw_choice<AllChoices>(rows, head.outputs, random, deterministic))) {}
  FN void store_action(T* to, long, int count) const { store_first(to, convert<T>(action), count); }
};

template <int Groups, class L, class T>
struct Sampler<Discrete<Groups>, GroupedHead, L, T> {
  typename Discrete<Groups>::template Value<L> action;

  FN Sampler(const HeadConstants<T>& head, const HeadRows<T>& rows, Random<L>& random, bool deterministic) {
    int group = 0;
    GroupedHead::for_groups(
        head, rows, [&](const HeadConstants<T>& own, const HeadRows<T>& part, int) FN_LAMBDA {
          const L choice = draw_choice<AllowedChoices>(part, own.outputs, random, deterministic);
          chosen_in<L>(action, group++) = convert<std::int32_t>(choice);
        });
  }
  FN void store_action(T* to, long stride, int count) const {
    for (int group = 0; group < Groups; ++group)
      store_first(to + group * stride, convert<T>(chosen_in<L>(action, group)), count);
  }
};

}  // namespace innerloop
