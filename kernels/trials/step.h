// One step of trials for a tile of environments: the heads, what the policy does, and what that brings. The memory's step has
// been made (kernels/memories/step.h, or kernels/memories/layered.h).
#pragma once

#include "kernels/memories/load.h"
#include "kernels/trials/play.h"

namespace innerloop {

// place.task: the tile.
template <class T, class Env>
struct TrialStep : TrialPlay<T, Env> {
  MemoryHeads<T> heads{};        // as LoadHeads leaves them
  HeadInputs<T> memory[2] = {};  // [env]  of each network, after its step
  int step = 0;                  // −1: the trial begins
  T* between = nullptr;          // [tile][tile_numbers]

  template <class Team>
  FN long scratch_bytes() const {
    Scratch scratch;
    this->take_tile(scratch, between);
    Near::take(scratch, *this);
    return scratch.used();
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const {
    const int tile = place.task;
    const auto b = this->take_tile(scratch, between + tile * Play::tile_numbers(this->options));
    this->prepare(team, b, tile, heads);
    if (step < 0) {
      this->begin(team, b, tile);
      return;
    }
    const MemoryPolicyShape& shape = this->shape;
    const int rows = this->envs_of(tile);
    const Near place_near = Near::take(scratch, *this);
    MemoryHeads<T> near_heads = heads;
    near_heads.transposed = const_cast<T*>(  // nobody writes to them
        near(team, heads.transposed, static_cast<long>(shape.heads()) * padded(shape.hidden),
             place_near.heads));
    HeadInputs<T> inputs[2];
    for (int n = 0; n < shape.networks(); ++n) {
      const int size = memory[n].row_size;
      inputs[n] = {near(team, memory[n].rows + static_cast<long>(this->first_env(tile)) * size,
                        static_cast<long>(rows) * size, place_near.memory[n]),
                   size};
    }
    if constexpr (Team::copies) team.sync();
    for (int n = 0; n < shape.networks(); ++n)
      forward_heads(team, shape, n, near_heads, rows, inputs[n], b.outputs, Play::kStride);
    this->act(team, b, tile, step);
  }

 private:
  using Play = TrialPlay<T, Env>;

  // Room for what products read.
  struct Near {
    T* heads;      // [head][padded(hidden)]
    T* memory[2];  // [row][row_size]

    FN static Near take(Scratch& scratch, const TrialStep& op) {
      Near n{};
      n.heads = scratch.take<T>(static_cast<long>(op.shape.heads()) * padded(op.shape.hidden));
      for (int i = 0; i < op.shape.networks(); ++i)
        n.memory[i] = scratch.take<T>(static_cast<long>(kTrialTile) * op.memory[i].row_size);
      return n;
    }
  };
};

}  // namespace innerloop
