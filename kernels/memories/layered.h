// A recurrent memory that is too wide for a team's scratch memory: everything but its matrix products, which the engine
// enqueues between these operations (engine/stages/layered_weights.h). Weights, states and what the way back needs lie in the
// device's memory, as Memory lays them out in scratch memory.
#pragma once

#include "kernels/memories/load.h"
#include "kernels/memories/memory.h"
#include "kernels/networks/gradient_sums.h"

namespace innerloop {

template <class T>
struct FillMemory {
  T* to = nullptr;
  long count = 0;
  T value = 0;
  int teams = 1;

  FN int parts() const { return teams; }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    fill(SharedWork<Team>(team, place.part, teams), to, count, value);
  }
};

template <class T, class Memory>
struct WideMemory {
  // activate, slopes: of a step's rows. store: the flat gradient from the sums.
  enum class Phase { activate, slopes, store };
  Phase phase = Phase::activate;
  typename Memory::Shape shape;
  typename Memory::template Sums<T> sums{};
  T* gradient = nullptr;  // the memory's own
  MemoryStep<T> step{};
  MemoryBack<T> back{};
  int teams = 1;  // that store

  static constexpr int kRows = 8;  // of a step, that a team takes

  FN int rows() const { return phase == Phase::activate ? step.rows : back.rows; }
  FN int parts() const { return phase == Phase::store ? teams : ceil_div(rows(), kRows); }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    const SharedWork<Team> shared(team, place.part, teams);
    const int first = place.part * kRows, count = min_of(kRows, rows() - first);
    const long state = static_cast<long>(first) * Memory::state_size(shape),
               kept = static_cast<long>(first) * Memory::kept_size(shape);
    if (phase == Phase::activate)
      Memory::activate(team, shape,
                       {count, step.inputs, step.before + state, step.kept + kept, step.after + state});
    if (phase == Phase::slopes)
      Memory::slopes(team, shape,
                     {count, back.before + state, back.kept + kept, back.state + state,
                      back.back + static_cast<long>(first) * Memory::back_size(shape)});
    if (phase == Phase::store) Memory::store_gradient(shared, shape, sums, gradient);
  }
};

}  // namespace innerloop
