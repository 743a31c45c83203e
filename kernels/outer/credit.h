// How well each task went after adaptation, as E-MAML's weight on the actions before it (Stadie et al. 2018).
#pragma once

#include "kernels/lanes/extent.h"
#include "kernels/lanes/maths.h"
#include "kernels/networks/batch.h"

namespace innerloop {

// E-MAML's credit of each task: (return after adaptation − mean over tasks) / (standard deviation + 1e-8) · weight, or 0 where
// the returns are equal up to rounding.
template <class T>
struct AdaptationCredit {
  int tasks = 0;
  const T* statistics = nullptr;  // [task][kStatistics]  of the batch after adaptation
  T weight = 1;
  T* credit = nullptr;  // [task]

  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch) const {
    using One = Pack<T, 1>;
    if (team.rank() != 0) return;
    T mean = 0, variance = 0;
    Extent<T> returns;
    for (int i = 0; i < tasks; ++i) {
      const T of_task = statistics[i * kStatistics + kMeanReturn];
      mean = mean + of_task;
      returns.take(of_task);
    }
    mean = mean / static_cast<T>(tasks);
    for (int i = 0; i < tasks; ++i) {
      const One off(statistics[i * kStatistics + kMeanReturn] - mean);
      variance = fma(off, off, One(variance)).get(0);
    }
    const T deviation = sqrt(One(variance / static_cast<T>(tasks))).get(0) + T(1e-8);
    for (int i = 0; i < tasks; ++i)
      credit[i] = returns.has_spread()
                      ? (statistics[i * kStatistics + kMeanReturn] - mean) / deviation * weight
                      : T(0);
  }
};

}  // namespace innerloop
