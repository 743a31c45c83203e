// The last trials that were played, from which a belief is learned: a ring in the device's memory.
#pragma once

#include "kernels/memories/policy.h"

namespace innerloop {

// Row `step` of a trial: what the policy took in there, the reward of the step, and the observation that it led to, before the
// next episode started.
template <class T>
struct TrialRing {
  int capacity = 0;      // trials
  int steps = 0;         // of a trial
  int inputs = 0;        // numbers that the policy takes in
  int observed = 0;      // numbers of the observation
  T* rows = nullptr;     // [trial][step][row_size]
  int* place = nullptr;  // [2]  where the next trial goes, and how many there are

  FN int row_size() const { return inputs + 1 + observed; }
  FN T* at(int trial, int step) const {
    return rows + (static_cast<long>(trial) * steps + step) * row_size();
  }
};

// Puts the trials that were played in place of the oldest ones: store, of a tile of them (place.task); then once advance.
// @pre they fit in the ring
template <class T>
struct StoreTrials {
  enum class Phase { store, advance };
  Phase phase = Phase::store;
  TrialRing<T> ring;
  Trials<T> trials;

  FN int parts() const { return 1; }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    const Batch<T>& batch = trials.batch;
    if (phase == Phase::advance) {
      if (team.rank() != 0) return;
      ring.place[0] = (ring.place[0] + batch.envs) % ring.capacity;
      ring.place[1] = min_of(ring.place[1] + batch.envs, ring.capacity);
      return;
    }
    const int first = place.task * kTrialTile, envs = min_of(kTrialTile, batch.envs - first),
              inputs = ring.inputs, size = ring.row_size(), begin = ring.place[0];
    const auto from = [&](int i) FN_LAMBDA {
      if (i < inputs) return batch.observations + i * batch.row_stride;
      return i == inputs ? batch.rewards : batch.next_observations + (i - inputs - 1) * batch.row_stride;
    };
    for (int step = 0; step < ring.steps; ++step)
      for_cells(team, envs, size, [&](int env, int i) FN_LAMBDA {
        T* const to = ring.at((begin + first + env) % ring.capacity, step);
        to[i] = from(i)[static_cast<long>(step) * batch.envs + first + env];
      });
  }
};

}  // namespace innerloop
