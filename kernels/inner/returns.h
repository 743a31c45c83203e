// Returns-to-go of one task's trajectories, which a baseline is fitted to.
//
// Behind an episode that ends by itself nothing follows. Where one is cut off by the time limit, or by the end of the batch,
// follows 0, or (AtTimeLimit::bootstrap) one number c: the mean that the returns then have, c = mean(R + g·c), where g_t is the
// discount from step t to the cut, and 0 before an episode's own end. It is the value of temporal differences with one constant
// feature (LSTD(1), Boyan 2002). Pardo et al. 2018 and Stable-Baselines3 add what the value was there before the update; a
// baseline that is fitted to each batch anew has no such value, and one that learned the time would find 0 at the limit again.
#pragma once

#include "kernels/networks/batch.h"
#include "kernels/networks/row_sums.h"

namespace innerloop {

// What ends an episode's value: its own end and, unless the batch looks beyond it, the last step.
template <class T>
FN const T* stops_of(const Batch<T>& batch, int task) {
  return (batch.looks_beyond ? batch.terminated : batch.ends) + task * batch.row_stride;
}

// Σ_k γ^k·reward(row, count) to the end of the episode, and behind the last step `rest`, into to[row]. Does not sync.
template <class Team, class Reward>
TEAM_FN void discounted_sums(const Team& team, const Batch<typename Team::Scalar>& batch,
                             const typename Team::Scalar* stops, typename Team::Scalar discount,
                             typename Team::Scalar rest, typename Team::Scalar* to, const Reward& reward) {
  using L = typename Team::Lane;
  const L gamma(discount);
  struct Carry {
    L sum;
  };
  scan_back<Team, Carry>(team, batch.horizon, batch.envs,
                         [&](int row, int count, Carry& carry) FN_LAMBDA {
                           const auto end = load_first<L>(stops + row, count) > L(0);
                           carry.sum = fma(gamma, select(end, L(0), carry.sum), reward(row, count));
                           store_first(to + row, carry.sum, count);
                         },
                         {L(rest)});
}

// The returns-to-go of a task into to[row]. `chains` has room for kChains numbers. Does not sync behind them.
template <class Team>
TEAM_FN void returns_to_go(const Team& team, const Batch<typename Team::Scalar>& batch, int task,
                           typename Team::Scalar discount, typename Team::Scalar* chains,
                           typename Team::Scalar* to) {
  using T = typename Team::Scalar;
  using L = typename Team::Lane;
  const long at = task * batch.row_stride;
  const T *rewards = batch.rewards + at, *valid = batch.valid + at, *stops = stops_of(batch, task);
  const auto reward = [&](int row, int count) FN_LAMBDA { return load_first<L>(rewards + row, count); };
  T rest = 0;
  if (batch.looks_beyond) {
    const auto sum_of = [&](const auto& value) FN_LAMBDA {
      return sum_rows(team, batch.rows(), chains, [&](int r) FN_LAMBDA {
        return select(load<L>(valid + r) > L(0), value(load<L>(to + r)), L(0));
      });
    };
    discounted_sums(team, batch, stops, discount, T(1), to, [](int, int) FN_LAMBDA { return L(0); });
    const T lost = sum_of([](L g) FN_LAMBDA { return L(1) - g; });
    discounted_sums(team, batch, stops, discount, T(0), to, reward);
    const T sum = sum_of([](L x) FN_LAMBDA { return x; });
    rest = lost > T(0) ? sum / lost : T(0);
  }
  discounted_sums(team, batch, stops, discount, rest, to, reward);
}

}  // namespace innerloop
