// How many updates an iteration makes on its trials: all, or until the policy has moved far enough from the one that drew
// them. Decided on the device: what belongs to an update is enabled by `going`.
#pragma once

#include "kernels/trials/objective.h"

namespace innerloop {

template <class T>
struct TrialUpdates {
  // begin: an iteration, which has made no update. judge: what a minibatch's gradient brought, before the update along it.
  // mean: of what the minibatches brought, each when it was met last.
  enum class Phase { begin, judge, mean };
  Phase phase = Phase::begin;
  int minibatches = 1;
  int minibatch = 0;         // judge: which one
  int tiles = 0;             // of a minibatch
  int rows = 0;              // of a minibatch
  const T* sums = nullptr;   // [tile][kTrialValues]  judge: of the minibatch
  T target_kl = 0;           // the mean KL divergence beyond which no update follows; 0: all follow
  T* values = nullptr;       // [minibatch][kTrialValues]  means over the rows
  int* going = nullptr;      // [1]  1 while updates are made, then 0
  T* updates = nullptr;      // [1]  how many were made
  T* mean_values = nullptr;  // [kTrialValues]
  const int* enabled = nullptr;

  FN int parts() const { return 1; }
  template <class Team>
  FN long scratch_bytes() const {
    return 0;
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch) const {
    T* const own = values + static_cast<long>(minibatch) * kTrialValues;
    if (phase == Phase::judge)
      for (int v = team.rank(); v < kTrialValues; v += team.size()) {
        T sum = 0;
        for (int tile = 0; tile < tiles; ++tile) sum = sum + sums[static_cast<long>(tile) * kTrialValues + v];
        own[v] = sum / static_cast<T>(rows);
      }
    team.sync();
    if (phase == Phase::mean) {
      // A minibatch was met when its update was made, or was the one that was not.
      const int made = static_cast<int>(*updates), met = min_of(minibatches, made + (*going != 0 ? 0 : 1));
      for (int v = team.rank(); v < kTrialValues; v += team.size()) {
        T sum = 0;
        for (int m = 0; m < met; ++m) sum = sum + values[static_cast<long>(m) * kTrialValues + v];
        mean_values[v] = sum / static_cast<T>(met);
      }
      return;
    }
    if (team.rank() != 0) return;
    if (phase == Phase::begin) {
      *going = 1;
      *updates = 0;
      return;
    }
    // The first update starts where the trials were drawn, and is always made.
    if (target_kl > T(0) && *updates > T(0) && own[kTrialDivergence] > target_kl)
      *going = 0;
    else
      *updates = *updates + T(1);
  }
};

}  // namespace innerloop
