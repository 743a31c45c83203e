// How many updates an iteration makes on its trials: all, or until the policy has moved far enough from the one that drew
// them. Decided on the device: what belongs to an update is enabled by a gate, which is open while updates are made.
#pragma once

#include "kernels/trials/objective.h"

namespace innerloop {

template <class T>
struct UpdateGate {
  T* values = nullptr;   // [minibatch][kTrialValues]  means over the rows, of when a minibatch was met last
  int* open = nullptr;   // [1]  1 while updates are made, then 0
  T* updates = nullptr;  // [1]  how many were made
};

// An iteration begins, which has made no update.
template <class T>
struct StartUpdates : UpdateGate<T> {
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch) const {
    if (team.rank() != 0) return;
    *this->open = 1;
    *this->updates = 0;
  }
};

// From what a minibatch's gradient brought, before the update along it.
template <class T>
struct DecideUpdate : UpdateGate<T> {
  int minibatch = 0;
  int tiles = 0, rows = 0;  // of a minibatch
  const T* sums = nullptr;  // [tile][kTrialValues]  of the minibatch
  T target_kl = 0;          // the mean KL divergence beyond which no update follows; 0: all follow
  const int* enabled = nullptr;

  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch) const {
    T* const means = this->values + static_cast<long>(minibatch) * kTrialValues;
    for (int v = team.rank(); v < kTrialValues; v += team.size()) {
      T sum = 0;
      for (int tile = 0; tile < tiles; ++tile) sum = sum + sums[static_cast<long>(tile) * kTrialValues + v];
      means[v] = sum / static_cast<T>(rows);
    }
    team.sync();
    if (team.rank() != 0) return;
    // The first update starts where the trials were drawn, and is always made. A divergence that is no number is too large.
    if (target_kl > T(0) && *this->updates > T(0) && !(means[kTrialDivergence] <= target_kl))
      *this->open = 0;
    else
      *this->updates = *this->updates + T(1);
  }
};

// The mean of what the minibatches brought, each when it was met last.
template <class T>
struct AverageUpdates : UpdateGate<T> {
  int minibatches = 1;
  T* mean_values = nullptr;  // [kTrialValues]

  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch) const {
    // A minibatch was met when its update was made, or was the one that was not.
    const int made = static_cast<int>(*this->updates),
              met = min_of(minibatches, made + (*this->open != 0 ? 0 : 1));
    for (int v = team.rank(); v < kTrialValues; v += team.size()) {
      T sum = 0;
      for (int m = 0; m < met; ++m) sum = sum + this->values[static_cast<long>(m) * kTrialValues + v];
      mean_values[v] = sum / static_cast<T>(met);
    }
  }
};

}  // namespace innerloop
