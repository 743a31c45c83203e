// Plays T steps of policy and environment for a tile of one task's environments.
//
// Weights are loaded once, states stay in scratch memory, and each number of the trajectories is written once. Random
// numbers are keyed by (task, environment, step): nothing depends on how the work is cut.
#pragma once

#include "kernels/environment/fields.h"
#include "kernels/lanes/random.h"
#include "kernels/networks/batch.h"
#include "kernels/networks/context.h"
#include "kernels/networks/network.h"
#include "kernels/networks/sampler.h"

namespace innerloop {

template <class T, class Env>
struct Rollout {
  PolicyShape shape;
  Parameters<T> params;
  Batch<T> batch;
  Kept<T> kept;              // null: the hidden layers are not kept
  const T* tasks = nullptr;  // [task][kTaskSize]
  typename Env::Options options;
  const RandomKey* key = nullptr;
  int inner_step = 0;          // keys the random numbers: each batch of an iteration has its own
  bool restart = false;        // a new episode starts where one ends early; else the rest is not valid
  bool deterministic = false;  // the mean, or the most probable action
  int tile_envs = 0;           // environments a team plays
  const int* enabled = nullptr;

  FN int parts() const { return ceil_div(batch.envs, tile_envs); }
  template <class Team>
  FN long scratch_bytes() const {
    Scratch scratch;
    Buffers::take(scratch, *this, kept.data != nullptr);
    return scratch.used();
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const;

 private:
  struct Buffers {
    Weights<T> weights;
    HeadConstants<T> head;
    T* inputs;  // [observation][padded(tile_envs)]
    T* hidden[kMaxLayers];
    T* outputs;    // [output][padded(tile_envs)]
    T* head_rows;  // [tile_envs][padded(outputs)]
    T* state;      // [field][padded(tile_envs)]
    T* alive;      // [padded(tile_envs)]

    FN static Buffers take(Scratch& scratch, const Rollout& op, bool keeps) {
      const int stride = padded(op.tile_envs);
      Buffers b;
      b.weights = take_weights<T>(scratch, op.shape, false);
      b.head = take_head_constants<T>(scratch, op.shape);
      b.inputs = scratch.take<T>(static_cast<long>(op.shape.inputs()) * stride);
      for (int l = 1; l < op.shape.layers; ++l)
        b.hidden[l] =
            keeps ? nullptr : scratch.take<T>(static_cast<long>(op.tile_envs) * padded(op.shape.width[l]));
      b.outputs = scratch.take<T>(static_cast<long>(op.shape.outputs()) * stride);
      b.head_rows = op.shape.narrow_head()
                        ? nullptr
                        : scratch.take<T>(static_cast<long>(op.tile_envs) * padded(op.shape.outputs()));
      b.state = scratch.take<T>(static_cast<long>(kStateSize<Env>) * stride);
      b.alive = scratch.take<T>(stride);
      return b;
    }
  };

  template <class L>
  FN typename Env::template State<L> load_state(const Buffers& b, int e) const {
    return gather_fields<L, typename Env::template State<L>>(
        [&](int i) FN_LAMBDA { return load<L>(b.state + i * padded(tile_envs) + e); });
  }
  template <class L>
  FN void store_state(const Buffers& b, int e, const typename Env::template State<L>& state) const {
    scatter_fields<L>(state, [&](int i, L x) FN_LAMBDA { store(b.state + i * padded(tile_envs) + e, x); });
  }
};

template <class T, class Env>
template <class Team>
TEAM_FN void Rollout<T, Env>::operator()(const Team& team, const Place& place, Scratch scratch) const {
  using L = typename Team::Lane;
  using Head = HeadOf<typename Env::Action>;
  const Kept<T> layers = kept_for<Team>(kept);
  Buffers b = Buffers::take(scratch, *this, layers.data != nullptr);
  const int first = place.part * tile_envs, envs = min_of(tile_envs, batch.envs - first),
            stride = padded(tile_envs);
  const T* theta = params.of(place.task);
  const auto value = [&](int p) FN_LAMBDA { return theta[p]; };
  if (shape.symbols > 0) b.weights.symbols = {theta + shape.symbol_offset()};
  load_weights(team, shape, value, b.weights);
  add_context(team, shape, value, b.weights);
  load_head_constants(team, shape, b.weights.log_std, b.head);
  const long at = static_cast<long>(place.task) * batch.row_stride;
  T* observations = batch.observations + at * batch.observation_size;
  T* actions = batch.actions + at * batch.action_size;
  const auto random_at = [&](int e, int step, Purpose purpose) FN_LAMBDA {
    return Random<L>(*key, UintPack<L>(place.task), lane_index<UintPack<L>>() + UintPack<L>(first + e),
                     UintPack<L>(step), purpose, inner_step);
  };
  const auto task = load_task<Env, L>(tasks + static_cast<long>(place.task) * kTaskSize<Env>);
  const auto observe = [&](const typename Env::template State<L>& state, int step, int e) FN_LAMBDA {
    const auto observation = Env::template observe<L>(options, state);
    const int row = step * batch.envs + first + e;
    UNROLL
    for (int d = 0; d < Env::observation_size; ++d) {
      store_first(observations + d * batch.row_stride + row, observation[d], envs - e);
      store(b.inputs + d * stride + e, observation[d]);
    }
  };

  for (int e = team.rank() * L::lanes; e < envs; e += team.size() * L::lanes) {
    Random<L> random = random_at(e, 0, Purpose::reset);
    const auto state = Env::template reset<L>(options, task, random);
    store_state<L>(b, e, state);
    store(b.alive + e, L(1));
    observe(state, 0, e);
  }
  team.sync();

  Block<T> block;
  block.rows = envs;
  block.inputs = {b.inputs, 1, stride};
  block.outputs = b.outputs;
  block.output_stride = stride;
  block.head_rows = b.head_rows;
  for (int l = 1; l < shape.layers; ++l) block.hidden[l] = b.hidden[l];
  for (int t = 0; t < batch.horizon; ++t) {
    const int row = t * batch.envs + first;
    if (layers.data != nullptr)
      for (int l = 1; l < shape.layers; ++l)
        block.hidden[l] = layers.layer(shape, place.slot, l, batch.rows()) +
                          static_cast<long>(row) * padded(shape.width[l]);
    block.symbols = batch.inputs().symbols_of(place.task, row);
    forward_hidden(team, shape, b.weights, block);
    forward_head(team, shape, b.weights, block);

    for (int e = team.rank() * L::lanes; e < envs; e += team.size() * L::lanes) {
      const int count = envs - e, r = row + e;
      Random<L> action_random = random_at(e, t, Purpose::action);
      const HeadRows<T> own{b.outputs + e, stride, actions + r, batch.row_stride};
      const Sampler<typename Env::Action, L, T> sample(b.head, own, action_random, deterministic);
      sample.store_action(actions + r, batch.row_stride, count);
      // By the formula that every later pass uses, so that the ratio to it is exactly 1 for the same parameters.
      store_first(batch.log_probs + at + r, Head::template log_prob<L>(b.head, own), count);
      if (batch.outputs != nullptr)
        for (int o = 0; o < shape.outputs(); ++o)
          store_first(
              batch.outputs + (static_cast<long>(place.task) * shape.outputs() + o) * batch.row_stride + r,
              load<L>(b.outputs + o * stride + e), count);

      const auto before = load_state<L>(b, e);
      auto state = before;
      Random<L> step_random = random_at(e, t, Purpose::environment);
      const Outcome<L> outcome = Env::template step<L>(options, task, state, sample.action, step_random);
      const auto alive = load<L>(b.alive + e) > L(0);
      const bool last = t + 1 == batch.horizon;
      const auto done = alive & (outcome.done | (last ? Mask<L>(-1) : Mask<L>(0)));
      store_first(batch.rewards + at + r, select(alive, outcome.reward, L(0)), count);
      store_first(batch.valid + at + r, select(alive, L(1), L(0)), count);
      store_first(batch.ends + at + r, select(done, L(1), L(0)), count);
      if (last) continue;
      // A finished environment starts anew, or stands still: what it observes stays finite.
      auto next = before;
      if (restart) {
        Random<L> reset_random = random_at(e, t + 1, Purpose::reset);
        next = Env::template reset<L>(options, task, reset_random);
      } else {
        store(b.alive + e, select(done, L(0), load<L>(b.alive + e)));
      }
      const auto moves = alive & ~done;
      L from[kStateSize<Env> > 0 ? kStateSize<Env> : 1];
      scatter_fields<L>(next, [&](int i, L x) FN_LAMBDA { from[i] = x; });
      scatter_fields<L>(state, [&](int i, L x) FN_LAMBDA { from[i] = select(moves, x, from[i]); });
      const auto chosen =
          gather_fields<L, typename Env::template State<L>>([&](int i) FN_LAMBDA { return from[i]; });
      store_state<L>(b, e, chosen);
      observe(chosen, t + 1, e);
    }
    team.sync();
  }
}

}  // namespace innerloop
