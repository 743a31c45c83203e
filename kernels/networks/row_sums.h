// Sums over the rows of a task, and scans along its trajectories.
#pragma once

#include "kernels/lanes/extent.h"
#include "kernels/networks/gradient_sums.h"

namespace innerloop {

// Takes packs of rows r = 0, lanes, 2·lanes, … < rows into N numbers, each in 16 chains that begin with `start`: step(fold, r)
// takes the rows from r on into fold[N]. Number n's chains are then at chains + 16·n, for all threads. Syncs.
template <int N = 1, class Team, class Number, class Step>
TEAM_FN void fold_rows(const Team& team, int rows, Number start, Number* chains, const Step& step) {
  using L = Pack<Number, Team::Lane::lanes>;
  team.sync();
  for (int chain = team.rank() * L::lanes; chain < kChains; chain += team.size() * L::lanes) {
    Array<L, N> fold;
    UNROLL
    for (int n = 0; n < N; ++n) fold[n] = L(start);
    for (int r = chain; r < rows; r += kChains) step(fold, r);
    UNROLL
    for (int n = 0; n < N; ++n) store(chains + n * kChains + chain, fold[n]);
  }
  team.sync();
}

// Σ of value(r) over the rows, closed by a fixed tree; every thread gets it. value(r) must be 0 in lanes past the end. `chains`
// has room for 16 numbers: of doubles the sum is right to the last digit of a float for any number of rows. Syncs.
template <class Team, class Number, class Value>
TEAM_FN Number sum_rows(const Team& team, int rows, Number* chains, const Value& value) {
  fold_rows(team, rows, Number(0), chains,
            [&](auto& sum, int r) FN_LAMBDA { sum[0] = sum[0] + convert<Number>(value(r)); });
  return close_chains(chains);
}

// The smallest and the largest of value(r) over the rows r where counts(r). `chains` has room for 32 numbers. As sum_rows.
template <class Team, class Number, class Counts, class Value>
TEAM_FN Extent<Number> extent_of_rows(const Team& team, int rows, Number* chains, const Counts& counts,
                                      const Value& value) {
  using L = Pack<Number, Team::Lane::lanes>;
  // The smallest is the largest of the negatives, so that both begin alike.
  fold_rows<2>(team, rows, kLowest<Number>, chains, [&](auto& largest, int r) FN_LAMBDA {
    const auto there = counts(r);
    const L x = value(r), none(kLowest<Number>);
    largest[0] = max(select(there, -x, none), largest[0]);
    largest[1] = max(select(there, x, none), largest[1]);
  });
  Extent<Number> extent;
  for (int i = 0; i < kChains; ++i) extent.take({-chains[i], chains[kChains + i]});
  return extent;
}

// Calls at(row, lanes_that_count, carry…) from the last step to the first, for packs of environments side by side;
// `State` is what each pack carries along its trajectory, and starts as `start`.
template <class Team, class State, class Step>
TEAM_FN void scan_back(const Team& team, int horizon, int envs, const Step& step, const State& start = {}) {
  using L = typename Team::Lane;
  for (int e = team.rank() * L::lanes; e < envs; e += team.size() * L::lanes) {
    State state = start;
    for (int t = horizon - 1; t >= 0; --t) step(t * envs + e, min_of(L::lanes, envs - e), state);
  }
}

// From the first step to the last; the state starts as State{}.
template <class Team, class State, class Step>
TEAM_FN void scan_forth(const Team& team, int horizon, int envs, const Step& step) {
  using L = typename Team::Lane;
  for (int e = team.rank() * L::lanes; e < envs; e += team.size() * L::lanes) {
    State state{};
    for (int t = 0; t < horizon; ++t) step(t * envs + e, min_of(L::lanes, envs - e), state);
  }
}

}  // namespace innerloop
