// Plays T steps of policy and environment for a tile of one task's environments.
//
// Weights are loaded once, states stay in scratch memory, and each number of the trajectories is written once. Random
// numbers are keyed by (task, environment, step), so that nothing depends on how the work is cut. To an environment whose
// trials keep a record, all episodes that it plays here are one trial.
#pragma once

#include "kernels/inner/see.h"
#include "kernels/lanes/random.h"
#include "kernels/networks/batch.h"
#include "kernels/networks/context.h"
#include "kernels/networks/network.h"
#include "kernels/networks/sampler.h"
#include "kernels/products/called_product.h"

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
    T* state;      // [number of episode_size][padded(tile_envs)]
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
      b.state = scratch.take<T>(static_cast<long>(episode_size<Env>(op.options)) * stride);
      b.alive = scratch.take<T>(stride);
      return b;
    }
  };
};

template <class T, class Env>
template <class Team>
TEAM_FN void Rollout<T, Env>::operator()(const Team& inlining, const Place& place, Scratch scratch) const {
  const CallsLargeProducts<Team> team(inlining);
  using L = typename Team::Lane;
  using Head = HeadOf<Env>;
  const Kept<T> layers = kept_for<Team>(kept);
  Buffers b = Buffers::take(scratch, *this, layers.data != nullptr);
  const int first = place.part * tile_envs, envs = min_of(tile_envs, batch.envs - first),
            stride = padded(tile_envs);
  const T* theta = params.of(place.task);
  const ValuesAt<T> value{theta};
  if (shape.symbols > 0) b.weights.symbols = {theta + shape.symbol_offset()};
  load_weights(team, shape, value, b.weights);
  add_context(team, shape, value, b.weights);
  load_head_constants(team, shape, b.weights.log_std, b.head);
  const long at = static_cast<long>(place.task) * batch.row_stride;
  T* actions = batch.actions + at * batch.action_size;
  const auto random_at = [&](int e, int step, Purpose purpose) FN_LAMBDA {
    return Random<L>(*key, UintPack<L>(place.task), lane_index<UintPack<L>>() + UintPack<L>(first + e),
                     UintPack<L>(step), purpose, inner_step);
  };
  const auto task = load_task<Env, L>(tasks + static_cast<long>(place.task) * kTaskSize<Env>);
  const auto observe = [&](const Episode<Env, L, Team>& episode, int step, int e, Purpose purpose) FN_LAMBDA {
    see(batch, place.task, step * batch.envs + first + e, envs - e, episode, random_at(e, step, purpose),
        [&](int d, L x) FN_LAMBDA { store(b.inputs + d * stride + e, x); });
  };

  for (int e = team.rank() * L::lanes; e < envs; e += team.size() * L::lanes) {
    Episode<Env, L, Team> episode(options, task, b.state + e, stride);
    episode.begin(random_at(e, 0, Purpose::trial), random_at(e, 0, Purpose::reset));
    episode.save();
    store(b.alive + e, L(1));
    observe(episode, 0, e, Purpose::observation);
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
      const auto alive = load<L>(b.alive + e) > L(0);
      Episode<Env, L, Team> episode(options, task, b.state + e, stride, alive);
      episode.read();
      HeadRows<T> own{b.outputs + e, stride, actions + r, batch.row_stride};
      if constexpr (kHasAllowed<Env>) {
        std::uint32_t* const words = batch.allowed + at * action_words<Env>(options) + r;
        episode.allowed([&](int word, UintPack<L> bits)
                            FN_LAMBDA { store_first(words + word * batch.row_stride, bits, count); });
        own.allowed = words;
        own.allowed_stride = batch.row_stride;
      }
      const Sampler<typename Env::Action, HeadOf<Env>, L, T> sample(b.head, own, action_random,
                                                                    deterministic);
      sample.store_action(actions + r, batch.row_stride, count);
      // This is the formula that every later pass uses, so that the ratio to it is exactly 1 for the same parameters.
      store_first(batch.log_probs + at + r, Head::template log_prob<L>(b.head, own), count);
      if (batch.outputs != nullptr)
        for (int o = 0; o < shape.outputs(); ++o)
          store_first(
              batch.outputs + (static_cast<long>(place.task) * shape.outputs() + o) * batch.row_stride + r,
              load<L>(b.outputs + o * stride + e), count);

      const Episode<Env, L, Team> before = episode;
      const Outcome<L> outcome = episode.step(sample.action, random_at(e, t, Purpose::environment));
      const bool last = t + 1 == batch.horizon;
      const auto ended = alive & (outcome.terminated | (last ? Mask<L>(-1) : Mask<L>(0)));
      store_first(batch.rewards + at + r, select(alive, outcome.reward, L(0)), count);
      store_first(batch.valid + at + r, select(alive, L(1), L(0)), count);
      store_first(batch.ends + at + r, select(ended, L(1), L(0)), count);
      if (batch.terminated != nullptr)
        store_first(batch.terminated + at + r, select(alive & outcome.terminated, L(1), L(0)), count);
      see_next(batch, place.task, r, count, episode, random_at(e, t + 1, Purpose::last_observation));
      if (last && !batch.looks_beyond) continue;
      // A finished environment starts anew or stands still, so that what it observes stays finite.
      const auto reset_random = random_at(e, t + 1, Purpose::reset);
      if (last) {
        // What follows the last step is seen as it is, without a next episode.
      } else if (restart) {
        episode.restart(ended, reset_random);
      } else {
        episode.stand_still(alive & ~ended, ended, before, reset_random);
        store(b.alive + e, select(ended, L(0), load<L>(b.alive + e)));
      }
      episode.save();
      observe(episode, t + 1, e, last ? Purpose::last_observation : Purpose::observation);
    }
    team.sync();
  }
}

}  // namespace innerloop
