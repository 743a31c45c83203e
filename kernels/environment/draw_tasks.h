// Draws the tasks of an iteration, each by a random number generator of its own: as their environment says, or from a list.
#pragma once

#include <cstdint>
#include <new>

#include "kernels/environment/fields.h"
#include "kernels/lanes/cells.h"
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

// The same from tasks of a list, each as likely as the others.
template <class T>
struct DrawGivenTasks {
  const RandomKey* key = nullptr;
  const T* given = nullptr;  // [count][size]
  int count = 0, size = 0;   // size: of a task
  T* tasks = nullptr;        // [task · copies][size]
  int copies = 1;

  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    using One = Pack<T, 1>;
    Random<One> random(*key, UintPack<One>(place.task), UintPack<One>(0), UintPack<One>(0), Purpose::task, 0);
    // The upper half of a product of 64 bits: no task is likelier by more than count / 2³².
    const std::uint64_t scaled = std::uint64_t{random.bits().get(0)} * static_cast<std::uint64_t>(count);
    const T* from = given + static_cast<long>(scaled >> 32) * size;
    T* to = tasks + static_cast<long>(place.task) * copies * size;
    for_cells(team, copies, size, [&](int copy, int i) FN_LAMBDA { to[copy * size + i] = from[i]; });
  }
};

}  // namespace innerloop
