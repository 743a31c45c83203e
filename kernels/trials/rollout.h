// Plays whole trials of a policy with a memory, for a tile of environments. Weights are loaded once; the environments'
// states and the memories stay in scratch memory, and the memory goes on from episode to episode.
#pragma once

#include "kernels/trials/play.h"

namespace innerloop {

template <class T, class Env, class Memory>
struct TrialRollout : TrialPlay<T, Env> {
  const T* params = nullptr;  // [P]

  template <class Team>
  FN long scratch_bytes() const {
    Scratch scratch;
    Buffers::take(scratch, *this);
    return scratch.used();
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const;

 private:
  struct Network {
    typename Memory::template Weights<T> memory;
    LayerNorm<T> norm;
    T* state[2];  // [row][state_size]  the memory's, before and after a step

    FN static Network take(Scratch& scratch, const MemoryShape& shape) {
      Network n;
      n.memory = Memory::template take_weights<T>(scratch, shape, false);
      n.norm = LayerNorm<T>::take(scratch, shape, kTrialTile, false);
      for (T*& state : n.state)
        state = scratch.take<T>(static_cast<long>(kTrialTile) * Memory::state_size(shape));
      return n;
    }
  };
  struct Buffers {
    Scratch networks;       // the policy's, and the value's own one, if it has one
    long network_size = 0;  // bytes of each
    typename TrialPlay<T, Env>::Tile tile;
    T* kept;  // [row][kept_size]

    // Found anew wherever it is used: two networks' pointers are more than a GPU's threads have registers for.
    FN Network network(const MemoryShape& shape, int number) const {
      Scratch at = networks;
      at.take<char>(number * network_size);
      return Network::take(at, shape);
    }

    FN static Buffers take(Scratch& scratch, const TrialRollout& op) {
      const MemoryPolicyShape& shape = op.shape;
      Buffers b;
      b.networks = scratch;
      for (int number = 0; number < shape.networks(); ++number) {
        const long before = scratch.used();
        Network::take(scratch, shape.memory);
        b.network_size = scratch.used() - before;
      }
      b.tile = op.take_tile(scratch);
      b.kept = scratch.take<T>(static_cast<long>(kTrialTile) * Memory::kept_size(shape.memory));
      return b;
    }
  };
};

template <class T, class Env, class Memory>
template <class Team>
TEAM_FN void TrialRollout<T, Env, Memory>::operator()(const Team& team, const Place& place,
                                                      Scratch scratch) const {
  const MemoryPolicyShape& shape = this->shape;
  const Batch<T>& batch = this->trials.batch;
  const Buffers b = Buffers::take(scratch, *this);
  const int first = this->first_env(place.part), envs = this->envs_of(place.part),
            state_size = Memory::state_size(shape.memory);
  for (int number = 0; number < shape.networks(); ++number) {
    const Network network = b.network(shape.memory, number);
    const T* const own = params + number * shape.template network_parameters<Memory>();
    Memory::load_weights(team, shape.memory, own, network.memory);
    if (shape.memory.layer_norm)
      load_layer_norm(team, shape.memory, own + Memory::parameters(shape.memory), network.norm);
    fill(team, network.state[0], static_cast<long>(kTrialTile) * state_size, T(0));
  }
  this->prepare(team, b.tile, place.part, params + shape.template memory_parameters<Memory>());
  this->begin(team, b.tile, place.part);
  for (int t = 0; t < batch.horizon; ++t) {
    const Left<T> inputs{batch.observations + static_cast<long>(t) * batch.envs + first, 1,
                         static_cast<int>(batch.row_stride)};
    for (int number = 0; number < shape.networks(); ++number) {
      const Network network = b.network(shape.memory, number);
      T *const before = network.state[t % 2], *const after = network.state[(t + 1) % 2];
      Memory::step(team, shape.memory, network.memory, {envs, inputs, before, b.kept, after});
      forward_heads(team, shape, number, b.tile.heads, envs,
                    head_inputs(team, shape.memory, network.norm, envs, after, state_size), b.tile.outputs,
                    TrialPlay<T, Env>::kStride);
    }
    this->act(team, b.tile, place.part, t);
  }
}

}  // namespace innerloop
