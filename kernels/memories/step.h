// One step of the memories of trials, for a tile of environments: from what the policy takes in to what its heads read.
#pragma once

#include "kernels/memories/load.h"
#include "kernels/products/called_product.h"

namespace innerloop {

// place.task: the tile; place.part: the network.
template <class T, class Memory>
struct StepMemory {
  MemoryPolicy<Memory> shape;
  Trials<T> trials;
  const T* params = nullptr;   // [P]
  const T* weights = nullptr;  // [network][weights_size]  as LoadMemory leaves them, without a way back
  const T* inputs = nullptr;   // [network][env][padded(inputs)]  of this step; null: as the trials have them
  int step = 0;
  T* states = nullptr;      // [network][even, odd][env][state_size]  before even steps and before odd ones
  T* normalised = nullptr;  // [network][env][padded(hidden)]  null: nothing is normalised
  T* trace = nullptr;       // [network][tile][tile_trace]
  const T* prompts =
      nullptr;  // [env][prompt_numbers]  what is added to the first network's prompt; null: nothing

  // Numbers of `trace` that a network's tile takes.
  FN long tile_trace() const { return kTrialTile * trace_size<Memory>(shape.memory, trials.batch.horizon); }
  // A network's states before a step; before(step + 1) is after it.
  FN T* before(int network, int step) const {
    return states + (2L * network + step % 2) * trials.batch.envs * Memory::state_size(shape.memory);
  }
  // What the heads read of a network after this step.
  FN HeadInputs<T> head_inputs(int network) const {
    const int width = padded(shape.hidden);
    if (shape.layer_norm) return {normalised + static_cast<long>(network) * trials.batch.envs * width, width};
    return {before(network, step + 1), Memory::state_size(shape.memory)};
  }

  FN int parts() const { return shape.networks(); }
  template <class Team>
  FN long scratch_bytes() const {
    Scratch scratch;
    Buffers::take(scratch, shape);
    return scratch.used();
  }
  template <class Team>
  TEAM_FN void operator()(const Team& inlining, const Place& place, Scratch scratch) const {
    const CallsLargeProducts<Team> team(inlining);
    const int network = place.part, first = place.task * kTrialTile,
              state_size = Memory::state_size(shape.memory);
    const Batch<T>& batch = trials.batch;
    const int rows = min_of(kTrialTile, batch.envs - first);
    const long state = static_cast<long>(first) * state_size,
               size = weights_size<T, Memory>(shape.memory, false);
    Buffers b = Buffers::take(scratch, shape);
    Scratch at(
        const_cast<T*>(near(team, weights + network * size, size, b.weights)));  // nobody writes to them
    const T* const states_before =
        near(team, before(network, step) + state, static_cast<long>(rows) * state_size, b.before);
    const Left<T> taken_in = near_inputs(team, network, first, rows, b.inputs);
    if constexpr (Team::copies) team.sync();
    Memory::step(team, shape.memory, Memory::template take_weights<T>(at, shape.memory, false),
                 {rows, taken_in, states_before, b.kept, before(network, step + 1) + state,
                  trace + (static_cast<long>(network) * trials.tiles() + place.task) * tile_trace(), step,
                  batch.horizon, prompts_of(network, first)});
    if (!shape.layer_norm) return;
    b.norm.outputs = normalised + (static_cast<long>(network) * batch.envs + first) * padded(shape.hidden);
    load_layer_norm(team, shape.hidden,
                    params + network * shape.network_parameters() + Memory::parameters(shape.memory), b.norm);
    normalise_rows(team, shape.hidden, b.norm, rows, before(network, step + 1) + state, state_size);
  }

 private:
  FN const T* prompts_of(int network, int first) const {
    if (prompts == nullptr || network > 0) return nullptr;
    return prompts + static_cast<long>(first) * prompt_numbers<Memory>(shape.memory);
  }

  struct Buffers {
    T* weights;  // [weights_size]
    T* before;   // [row][state_size]
    T* inputs;   // [row][padded(inputs)]
    T* kept;     // [row][kept_size]
    LayerNorm<T> norm;

    FN static Buffers take(Scratch& scratch, const MemoryPolicy<Memory>& shape) {
      constexpr long rows = kTrialTile;
      Buffers b;
      b.weights = scratch.take<T>(weights_size<T, Memory>(shape.memory, false));
      b.before = scratch.take<T>(rows * Memory::state_size(shape.memory));
      b.inputs = scratch.take<T>(rows * padded(shape.inputs));
      b.kept = scratch.take<T>(rows * Memory::kept_size(shape.memory));
      b.norm = LayerNorm<T>::take(scratch, shape.normalised(), kTrialTile, false);
      return b;
    }
  };

  // What the policy takes in, as near() has it. Does not sync.
  template <class Team>
  TEAM_FN Left<T> near_inputs(const Team& team, int network, int first, int rows, T* to) const {
    const int width = padded(shape.inputs);
    if (inputs != nullptr) {
      const T* const own = inputs + (static_cast<long>(network) * trials.batch.envs + first) * width;
      return {near(team, own, static_cast<long>(rows) * width, to), width, 1};
    }
    const long stride = trials.batch.row_stride;
    const T* const from = trials.batch.observations + static_cast<long>(step) * trials.batch.envs + first;
    if constexpr (Team::copies) {
      for_cells(team, shape.inputs, rows,
                [&](int i, int row) FN_LAMBDA { to[row * width + i] = from[i * stride + row]; });
      return {to, width, 1};
    } else {
      return {from, 1, static_cast<int>(stride)};
    }
  }
};

}  // namespace innerloop
