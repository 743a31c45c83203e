// Sums over the rows of a task, and scans along its trajectories.
#pragma once

#include "kernels/lanes/extent.h"
#include "kernels/networks/gradient_sums.h"

namespace innerloop {

// Σ of value(r) over packs of rows r = 0, lanes, 2·lanes, … < rows, in 16 chains and a fixed tree; every thread gets
// it. value(r) must be 0 in lanes past the end. `chains` has room for 16 numbers. Syncs.
template <class Team, class Value>
TEAM_FN typename Team::Scalar sum_rows(const Team& team, int rows, typename Team::Scalar* chains,
                                       const Value& value) {
  using L = typename Team::Lane;
  team.sync();
  for (int chain = team.rank() * L::lanes; chain < kChains; chain += team.size() * L::lanes) {
    L sum(0);
    for (int r = chain; r < rows; r += kChains) sum = sum + value(r);
    store(chains + chain, sum);
  }
  team.sync();
  return close_chains(chains);
}

// The same sum in double: right to the last digit of a float for any number of rows. `chains` has room for 16 doubles. Syncs.
template <class Team, class Value>
TEAM_FN double long_sum_of_rows(const Team& team, int rows, double* chains, const Value& value) {
  using L = typename Team::Lane;
  team.sync();
  for (int chain = team.rank() * L::lanes; chain < kChains; chain += team.size() * L::lanes) {
    Pack<double, L::lanes> sum(0);
    for (int r = chain; r < rows; r += kChains) sum = sum + convert<double>(value(r));
    store(chains + chain, sum);
  }
  team.sync();
  return close_chains(chains);
}

// The largest of value(r), which must be −∞ in lanes that do not count; every thread gets it. As sum_rows.
template <class Team, class Value>
TEAM_FN typename Team::Scalar largest_of_rows(const Team& team, int rows, typename Team::Scalar* chains,
                                              const Value& value) {
  using L = typename Team::Lane;
  team.sync();
  for (int chain = team.rank() * L::lanes; chain < kChains; chain += team.size() * L::lanes) {
    L largest(kLowest<typename Team::Scalar>);
    for (int r = chain; r < rows; r += kChains) largest = max(value(r), largest);
    store(chains + chain, largest);
  }
  team.sync();
  auto largest = chains[0];
  for (int i = 1; i < kChains; ++i) largest = chains[i] > largest ? chains[i] : largest;
  return largest;
}

// The smallest and the largest of value(r) over the rows r where counts(r). As sum_rows.
template <class Team, class Counts, class Value>
TEAM_FN Extent<typename Team::Scalar> extent_of_rows(const Team& team, int rows,
                                                     typename Team::Scalar* chains, const Counts& counts,
                                                     const Value& value) {
  using L = typename Team::Lane;
  const L none(kLowest<typename Team::Scalar>);
  return {-largest_of_rows(team, rows, chains,
                           [&](int r) FN_LAMBDA { return select(counts(r), -value(r), none); }),
          largest_of_rows(team, rows, chains,
                          [&](int r) FN_LAMBDA { return select(counts(r), value(r), none); })};
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
