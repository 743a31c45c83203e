// A memory that is too wide for a team's scratch memory: everything but its matrix products, which the engine enqueues between
// these operations (engine/stages/layered_weights.h). Weights, states and what the way back needs lie in the device's memory,
// as Memory lays them out in scratch memory.
#pragma once

#include "kernels/memories/attention.h"
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

// The flat gradient from a memory's sums.
template <class T, class Memory>
struct StoreMemory {
  typename Memory::Shape shape;
  typename Memory::template Sums<T> sums{};
  T* gradient = nullptr;  // the memory's own
  int teams = 1;

  FN int parts() const { return teams; }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    Memory::store_gradient(SharedWork<Team>(team, place.part, teams), shape, sums, gradient);
  }
};

// Of a recurrent one, the rows of a step, forth or on the way back.
template <class T, class Memory>
struct WideMemory {
  enum class Phase { activate, slopes };
  Phase phase = Phase::activate;
  typename Memory::Shape shape;
  MemoryStep<T> step{};
  MemoryBack<T> back{};

  static constexpr int kRows = 8;  // of a step, that a team takes

  FN int rows() const { return phase == Phase::activate ? step.rows : back.rows; }
  FN int parts() const { return ceil_div(rows(), kRows); }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
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
  }
};

// A part of a pass over rows (kernels/memories/one_team.h).
template <class T, class Part>
struct OfRows {
  Part part;
  int rows = 0;

  // That a team takes: whole packs of rows, since some parts write what a row has one number of.
  static constexpr int kRows = 16;

  FN int parts() const { return ceil_div(rows, kRows); }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    const int first = place.part * kRows;
    part(team, first, min_of(kRows, rows - first));
  }
};

// One of whole trials, each by a team.
template <class T, class Part>
struct OfTrials {
  Part part;
  int trials = 0;

  FN int parts() const { return trials; }
  template <class Team>
  FN long scratch_bytes() const {
    Scratch scratch;
    take_attention_room<Team>(scratch, part.attention());
    return scratch.used();
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const {
    part(anywhere(team), place.part, take_attention_room<Team>(scratch, part.attention()));
  }
};

}  // namespace innerloop
