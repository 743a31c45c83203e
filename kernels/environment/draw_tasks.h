// Draws the tasks of an iteration, each by a random number generator of its own.
#pragma once

#include <new>

#include "kernels/environment/fields.h"
#include "kernels/lanes/random.h"
#include "kernels/lanes/team.h"

namespace innerloop {

template <class T, class Env>
struct DrawTasks {
  typename Env::Options options;
  const RandomKey* key = nullptr;
  T* tasks = nullptr;  // [task · copies][kTaskSize]
  int copies = 1;      // of each task, side by side: one for each environment that plays it

  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    using One = Pack<T, 1>;
    if (team.rank() != 0) return;
    Random<One> random(*key, UintPack<One>(place.task), UintPack<One>(0), UintPack<One>(0), Purpose::task, 0);
    T* to = tasks + static_cast<long>(place.task) * copies * kTaskSize<Env>;
    draw_task<Env>(options, random, *::new (static_cast<void*>(to)) typename Env::template Task<One>);
    for (int copy = 1; copy < copies; ++copy)
      for (int i = 0; i < kTaskSize<Env>; ++i) to[static_cast<long>(copy) * kTaskSize<Env> + i] = to[i];
  }
};

}  // namespace innerloop
