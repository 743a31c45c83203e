// Weights of memories and heads from the flat parameters to the device's memory, laid out as teams take them: once for all
// steps and tiles of a rollout.
#pragma once

#include "kernels/memories/policy.h"

namespace innerloop {

// Some of a team's work: several teams do it together, and none waits for another.
template <class Team>
struct SharedWork : Team {
  int part, parts;

  FN SharedWork(const Team& team, int part, int parts) : Team(team), part(part), parts(parts) {}
  FN int rank() const { return part * Team::size() + Team::rank(); }
  FN int size() const { return parts * Team::size(); }
  FN void sync() const {}
};

// `count` numbers where products want them: where they are, or copied to `to`, in scratch memory. Does not sync.
template <class Team>
TEAM_FN const typename Team::Scalar* near(const Team& team, const typename Team::Scalar* from, long count,
                                          [[maybe_unused]] typename Team::Scalar* to) {
  using V = typename Team::Vector;
  if constexpr (Team::copies) {
    const long step = static_cast<long>(team.size()) * V::lanes;
    for (long i = static_cast<long>(team.rank()) * V::lanes; i < count; i += step)
      store_in_scratch<Team>(to + i, load_aligned<V>(from + i));
    return to;
  } else {
    return from;
  }
}

// Numbers that the weights of a memory take.
template <class T, class Memory>
FN long weights_size(const typename Memory::Shape& shape, bool way_back) {
  Scratch counted;
  Memory::template take_weights<T>(counted, shape, way_back);
  return counted.used() / static_cast<long>(sizeof(T));
}

template <class T, class Memory>
struct LoadMemory {
  typename Memory::Shape shape;
  typename Memory::template Weights<T> weights{};
  const T* params = nullptr;  // the memory's own
  int teams = 1;

  FN int parts() const { return teams; }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    Memory::load_weights(SharedWork<Team>(team, place.part, teams), shape, params, weights);
  }
};

template <class T>
struct LoadHeads {
  MemoryPolicyShape shape;
  MemoryHeads<T> weights{};
  const T* params = nullptr;  // the heads' own

  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch) const {
    load_heads(team, shape, params, weights);
  }
};

}  // namespace innerloop
