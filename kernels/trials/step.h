// One step of trials whose policy's memory is too wide for a team: the heads, what the policy does, and what that brings. The
// memory's step has been made (kernels/memories/layered.h).
#pragma once

#include "kernels/trials/play.h"

namespace innerloop {

template <class T, class Env>
struct TrialStep : TrialPlay<T, Env> {
  const T* heads = nullptr;  // the heads' parameters
  const T* memory[2] = {};   // [env][state_size]  of each network, after its step
  int state_size = 0;
  int step = 0;          // −1: the trial begins
  T* between = nullptr;  // [tile][tile_state]

  template <class Team>
  FN long scratch_bytes() const {
    Scratch scratch;
    this->take_tile(scratch, between);
    return scratch.used();
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const {
    const int tile = place.part;
    const auto b = this->take_tile(scratch, between + tile * Play::tile_state(this->options));
    this->prepare(team, b, tile, heads);
    if (step < 0) {
      this->begin(team, b, tile);
      return;
    }
    for (int n = 0; n < this->shape.networks(); ++n)
      forward_heads(team, this->shape, n, b.heads, this->envs_of(tile),
                    {memory[n] + static_cast<long>(this->first_env(tile)) * state_size, state_size},
                    b.outputs, Play::kStride);
    this->act(team, b, tile, step);
  }

 private:
  using Play = TrialPlay<T, Env>;
};

}  // namespace innerloop
