// The beliefs that the steps of played trials acted on, for people to look at: the memory goes through the trials once more.
#pragma once

#include "kernels/memories/belief.h"
#include "kernels/memories/policy.h"

namespace innerloop {

// Of some environments' trials. place.task: a tile of them.
template <class T>
struct TrialBeliefs {
  Belief::Shape shape;
  Trials<T> trials;
  int envs = 0;               // how many: the first ones
  const T* params = nullptr;  // the memory's own: the first of the policy's
  T* beliefs = nullptr;       // [step][env][mean, log variance][number]

  FN int tiles() const { return ceil_div(envs, kTrialTile); }
  FN int parts() const { return 1; }
  template <class Team>
  FN long scratch_bytes() const {
    return placed_bytes<Buffers, Team>(shape);
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const {
    const Buffers& b = placed<Buffers>(team, scratch, shape);
    const Batch<T>& batch = trials.batch;
    const int first = place.task * kTrialTile, rows = min_of(kTrialTile, envs - first),
              moments = shape.moments();
    Belief::load_weights(team, shape, params, b.weights);
    for (int t = 0; t < batch.horizon; ++t) {
      const Left<T> inputs{batch.observations + static_cast<long>(t) * batch.envs + first, 1,
                           static_cast<int>(batch.row_stride)};
      Belief::step(team, shape, b.weights,
                   {rows, inputs, b.states[t % 2], b.kept, b.states[1 - t % 2], nullptr, t, batch.horizon});
      for_cells(team, rows, moments, [&](int row, int i) FN_LAMBDA {
        beliefs[(static_cast<long>(t) * envs + first + row) * moments + i] =
            b.kept[static_cast<long>(row) * Belief::kept_size(shape) + i];
      });
      team.sync();
    }
  }

 private:
  struct Buffers {
    Belief::Weights<T> weights;
    T* states[2];  // [row][state_size]  before even steps and before odd ones
    T* kept;       // [row][kept_size]

    template <class Team>
    HOST_CALL static Buffers take(Scratch& scratch, const Belief::Shape& s) {
      Buffers b;
      b.weights = Belief::take_weights<T>(scratch, s, false);
      for (T*& state : b.states)
        state = scratch.take<T>(static_cast<long>(kTrialTile) * Belief::state_size(s));
      b.kept = scratch.take<T>(static_cast<long>(kTrialTile) * Belief::kept_size(s));
      return b;
    }
  };
};

}  // namespace innerloop
