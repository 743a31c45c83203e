// What joins the tasks: sums and means over them, each in a fixed order.
#pragma once

#include "kernels/networks/batch.h"

namespace innerloop {

// out[p] = scale · Σ over tasks of x[task][p], summed as a binary tree over the tasks' numbers: ((0+1)+(2+3))+…
template <class T>
struct SumOverTasks {
  int tasks = 0;
  int size = 0;
  const T* x = nullptr;      // [task][size]
  T scale = 1;               // 1 / tasks: the mean
  const T* minus = nullptr;  // [size]  Reptile: Σ (x − minus); null: nothing is subtracted
  T* out = nullptr;          // [size]
  int tasks_own = 0;         // how many at the end belong to each task alone: their mean is 0
  const int* enabled = nullptr;

  static constexpr int kPartSize = 256;

  FN int parts() const { return ceil_div(size, kPartSize); }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    using L = typename Team::Lane;
    constexpr int kLevels = 25;  // 2^24 tasks
    const int end = min_of(size, (place.part + 1) * kPartSize);
    for (int p = place.part * kPartSize + team.rank() * L::lanes; p < end; p += team.size() * L::lanes) {
      const int count = end - p;
      const L less = minus == nullptr ? L(0) : load_first<L>(minus + p, count);
      // level[l] holds a finished subtree of 2^l tasks where bit l of the number of tasks so far is set.
      L level[kLevels];
      for (int task = 0; task < tasks; ++task) {
        L sum = load_first<L>(x + static_cast<long>(task) * size + p, count) - less;
        int l = 0;
        for (; (task >> l) & 1; ++l) sum = level[l] + sum;
        level[l] = sum;
      }
      L total(0);
      bool any = false;
      for (int l = 0; l < kLevels; ++l)
        if ((tasks >> l) & 1) {
          total = any ? level[l] + total : level[l];
          any = true;
        }
      // Numbers of parameters are compared as integers: above 2^24 a float does not hold each of them.
      const int shared_count = min_of(size - tasks_own - p, L::lanes);
      const auto shared = lane_index<L>() < L(static_cast<T>(shared_count));
      store_first(out + p, select(shared, total * L(scale), L(0)), count);
    }
  }
};

// The mean over tasks of a pass's values: the chunks' sums of each task divided by its number of samples.
template <class T>
struct MeanValues {
  int tasks = 0;
  int chunks = 0;
  int values = 0;                 // numbers a chunk
  const T* x = nullptr;           // [task][chunk][values]
  const T* statistics = nullptr;  // [task][kStatistics]
  T* out = nullptr;               // [values]
  const int* enabled = nullptr;
  bool add = false;  // adds to what is in `out`

  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch) const {
    for (int v = team.rank(); v < values; v += team.size()) {
      T total = 0;
      for (int i = 0; i < tasks; ++i) {
        T sum = 0;
        for (int c = 0; c < chunks; ++c) sum = sum + x[(static_cast<long>(i) * chunks + c) * values + v];
        const T samples = statistics[static_cast<long>(i) * kStatistics + kSamples];
        total = total + (samples > T(0) ? sum / samples : T(0));
      }
      out[v] = (add ? out[v] : T(0)) + total / static_cast<T>(tasks);
    }
  }
};

}  // namespace innerloop
