// What goes on from one play of trials to the next: episodes that have not ended, and what they have brought so far.
#pragma once

#include "kernels/lanes/cells.h"
#include "kernels/lanes/team.h"
#include "kernels/memories/policy.h"

namespace innerloop {

// Moves what a tile's environments are between two steps (TrialPlay::tile_numbers) to where it is kept from play to play, or
// back from there: without what lies behind the last environment, so that it is the same on every machine. place.task: the
// tile.
template <class T>
struct CarryEpisodes {
  int envs = 0, size = 0;  // size: numbers of an environment
  bool back = false;       // to the tiles
  T* between = nullptr;    // [tile][number][kTrialTile]
  T* carried = nullptr;    // [number][env]

  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    const int first = place.task * kTrialTile;
    T* const tile = between + static_cast<long>(place.task) * size * kTrialTile;
    for_cells(team, size, min_of(kTrialTile, envs - first), [&](int i, int e) FN_LAMBDA {
      T &here = tile[i * kTrialTile + e], &there = carried[static_cast<long>(i) * envs + first + e];
      (back ? here : there) = back ? there : here;
    });
  }
};

// What an environment's unfinished episode has brought.
enum OpenEpisode : int {
  kOpenReturn,
  kOpenRest,  // that a float leaves of the return
  kOpenSteps,
  kOpenEpisode
};

// What the episodes of an environment have brought that ended in a play: sums over them.
enum FinishedSum : int {
  kFinishedReturns,
  kFinishedSteps,
  kFinishedEpisodes,
  kPlayedReward,  // of all steps of the play
  kFinishedSums
};

// The returns of the episodes that ended in a play, from their first steps on, in whichever play these were.
template <class T>
struct FinishedReturns {
  Trials<T> trials;
  T* open = nullptr;      // [kOpenEpisode][env]  before the play, and then after it
  T* finished = nullptr;  // [kFinishedSums][env]

  FN int parts() const { return trials.tiles(); }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    const Batch<T>& batch = trials.batch;
    const int end = min_of(batch.envs, (place.part + 1) * kTrialTile);
    for (int e = place.part * kTrialTile + team.rank(); e < end; e += team.size()) {
      const auto its = [&](T* rows, int row)
                           FN_LAMBDA -> T& { return rows[static_cast<long>(row) * batch.envs + e]; };
      double sum = static_cast<double>(its(open, kOpenReturn)) + static_cast<double>(its(open, kOpenRest)),
             all = 0, returns = 0;
      long steps = static_cast<long>(its(open, kOpenSteps)), finished_steps = 0;
      int episodes = 0;
      for (int t = 0; t < batch.horizon; ++t) {
        const long r = static_cast<long>(t) * batch.envs + e;
        sum += static_cast<double>(batch.rewards[r]);
        all += static_cast<double>(batch.rewards[r]);
        ++steps;
        if (!(batch.ends[r] > T(0))) continue;
        returns += sum;
        finished_steps += steps;
        ++episodes;
        sum = 0;
        steps = 0;
      }
      its(open, kOpenReturn) = static_cast<T>(sum);
      its(open, kOpenRest) = static_cast<T>(sum - static_cast<double>(static_cast<T>(sum)));
      its(open, kOpenSteps) = static_cast<T>(steps);
      its(finished, kFinishedReturns) = static_cast<T>(returns);
      its(finished, kFinishedSteps) = static_cast<T>(finished_steps);
      its(finished, kFinishedEpisodes) = static_cast<T>(episodes);
      its(finished, kPlayedReward) = static_cast<T>(all);
    }
  }
};

}  // namespace innerloop
