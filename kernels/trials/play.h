// The environments' part of a trial, for a tile of them: what the policy does, and what it takes in next.
//
// Each environment has a task of its own, which it keeps for the trial: when an episode ends, by itself or after
// `episode_steps`, the next one starts. Random numbers are keyed by (task, environment, step).
#pragma once

#include "kernels/inner/rollout.h"
#include "kernels/memories/policy.h"

namespace innerloop {

/// Numbers that a policy with a memory takes in; one without takes in the observation alone.
template <class Env>
int policy_inputs(const typename Env::Options& options) {
  return Env::observation_size + Env::action_count(options) + 2;
}

template <class T, class Env>
struct TrialPlay {
  MemoryPolicyShape shape;
  Trials<T> trials;
  const T* tasks = nullptr;  // [padded(env)][kTaskSize]
  typename Env::Options options;
  const RandomKey* key = nullptr;
  int envs_per_task = 1;       // environment e plays task e / envs_per_task
  bool deterministic = false;  // the mean, or the most probable action
  const int* enabled = nullptr;

  FN int parts() const { return trials.tiles(); }

  static constexpr int kStride = kTrialTile;
  static_assert(kTrialTile % 16 == 0);
  /// Numbers of a tile's environments between two steps: [field][kStride] of their states, then [kStride] steps since
  /// the episode began.
  static constexpr long kTileState = (static_cast<long>(kStateSize<Env>) + 1) * kStride;

 protected:
  struct Tile {
    MemoryHeads<T> heads;
    HeadConstants<T> head;
    T* outputs;         // [head][kStride]
    T* action;          // [dimension][kStride]
    T* task;            // [field][kStride]
    std::uint32_t* of;  // [2][kStride]  each environment's task, and its number among those of the task
    T* env;             // [kTileState]

    FN T* elapsed() const { return env + static_cast<long>(kStateSize<Env>) * kStride; }

    // `env` is the caller's, or in scratch memory where it is null.
    FN static Tile take(Scratch& scratch, const MemoryPolicyShape& shape, T* env = nullptr) {
      Tile b;
      b.heads = take_heads<T>(scratch, shape);
      b.head = take_head_constants<T>(scratch, shape.actor);
      b.outputs = scratch.take<T>(static_cast<long>(shape.heads()) * kStride);
      b.action = scratch.take<T>(static_cast<long>(shape.actions()) * kStride);
      b.task = scratch.take<T>(kTaskInMemory<Env> ? 0 : static_cast<long>(kTaskSize<Env>) * kStride);
      b.of = scratch.take<std::uint32_t>(2L * kStride);
      b.env = env == nullptr ? scratch.take<T>(kTileState) : env;
      return b;
    }
  };

  FN int first_env(int tile) const { return tile * kTrialTile; }
  FN int envs_of(int tile) const { return min_of(kTrialTile, trials.batch.envs - first_env(tile)); }

  // What all steps of a tile need, with the heads' parameters. Syncs.
  template <class Team>
  TEAM_FN void prepare(const Team& team, const Tile& b, int tile, const T* heads) const {
    const int first = first_env(tile), envs = envs_of(tile);
    load_heads(team, shape, heads, b.heads);
    load_head_constants(team, shape.actor, b.heads.log_std, b.head);
    for (int e = team.rank(); e < kTrialTile; e += team.size()) {
      const int env = first + (e < envs ? e : envs - 1);  // lanes past the last one repeat it
      b.of[e] = static_cast<std::uint32_t>(env / envs_per_task);
      b.of[kStride + e] = static_cast<std::uint32_t>(env % envs_per_task);
      if constexpr (!kTaskInMemory<Env>)
        for (int i = 0; i < kTaskSize<Env>; ++i)
          b.task[i * kStride + e] = tasks[static_cast<long>(env) * kTaskSize<Env> + i];
    }
    team.sync();
  }

  // The first episodes, up to what the policy takes in first. Syncs.
  template <class Team>
  TEAM_FN void begin(const Team& team, const Tile& b, int tile) const;
  // Step t, from the heads' outputs to what the policy takes in next. Syncs.
  template <class Team>
  TEAM_FN void act(const Team& team, const Tile& b, int tile, int t) const;

 private:
  // Calls at(environment of the tile, how many there are from there on) for each pack.
  template <class Team, class At>
  FN static void for_packs(const Team& team, int envs, const At& at) {
    using L = typename Team::Lane;
    for (int e = team.rank() * L::lanes; e < envs; e += team.size() * L::lanes) at(e, envs - e);
  }
  template <class L>
  FN auto task_of(const Tile& b, int tile, int e) const {
    if constexpr (kTaskInMemory<Env>)
      return TaskNumbers<L>(tasks + static_cast<long>(first_env(tile) + e) * kTaskSize<Env>, kTaskSize<Env>);
    else
      return gather_fields<L, TaskOf<Env, L>>([&](int i)
                                                  FN_LAMBDA { return load<L>(b.task + i * kStride + e); });
  }
  template <class L>
  FN Random<L> random_at(const Tile& b, int e, int step, Purpose purpose) const {
    using U = UintPack<L>;
    return Random<L>(*key, load<U>(b.of + e), load<U>(b.of + kStride + e),
                     U(static_cast<std::uint32_t>(step)), purpose, 0);
  }
  // What the policy takes in at a row: the observation, then what the step before brought.
  template <class L>
  FN void put(int input, int row, L x, int count) const {
    store_first(trials.batch.observations + input * trials.batch.row_stride + row, x, count);
  }
  template <class L, class State>
  FN void observe(const State& state, int row, int count) const {
    const auto observation = Env::template observe<L>(options, state);
    UNROLL
    for (int d = 0; d < Env::observation_size; ++d) put(d, row, observation[d], count);
  }
};

template <class T, class Env>
template <class Team>
TEAM_FN void TrialPlay<T, Env>::begin(const Team& team, const Tile& b, int tile) const {
  using L = typename Team::Lane;
  using State = typename Env::template State<L>;
  const int first = first_env(tile);
  for_packs(team, envs_of(tile), [&](int e, int count) FN_LAMBDA {
    Random<L> random = random_at<L>(b, e, 0, Purpose::reset);
    const State state = Env::template reset<L>(options, task_of<L>(b, tile, e), random);
    scatter_fields<L>(state, [&](int i, L x) FN_LAMBDA { store(b.env + i * kStride + e, x); });
    store(b.elapsed() + e, L(0));
    observe<L>(state, first + e, count);
    for (int i = Env::observation_size; i < shape.memory.inputs; ++i) put(i, first + e, L(0), count);
  });
  team.sync();
}

template <class T, class Env>
template <class Team>
TEAM_FN void TrialPlay<T, Env>::act(const Team& team, const Tile& b, int tile, int t) const {
  using L = typename Team::Lane;
  using Head = HeadOf<typename Env::Action>;
  using State = typename Env::template State<L>;
  const Batch<T>& batch = trials.batch;
  const int row = t * batch.envs + first_env(tile), actions = shape.actions();
  for_packs(team, envs_of(tile), [&](int e, int count) FN_LAMBDA {
    const int r = row + e;
    Random<L> action_random = random_at<L>(b, e, t, Purpose::action);
    const HeadRows<T> chosen{b.outputs + e, kStride, b.action + e, kStride};
    const Sampler<typename Env::Action, L, T> sample(b.head, chosen, action_random, deterministic);
    sample.store_action(batch.actions + r, batch.row_stride, count);
    sample.store_action(b.action + e, kStride, L::lanes);
    store_first(batch.log_probs + r, Head::template log_prob<L>(b.head, chosen), count);
    store_first(trials.values + r, load<L>(b.outputs + actions * kStride + e), count);

    auto state = gather_fields<L, State>([&](int i) FN_LAMBDA { return load<L>(b.env + i * kStride + e); });
    Random<L> step_random = random_at<L>(b, e, t, Purpose::environment);
    const Outcome<L> outcome =
        Env::template step<L>(options, task_of<L>(b, tile, e), state, sample.action, step_random);
    const L elapsed = load<L>(b.elapsed() + e) + L(1);
    const auto done = outcome.done | (elapsed >= L(T(trials.episode_steps)));
    const L ended = select(done, L(1), L(0));
    store_first(batch.rewards + r, outcome.reward, count);
    store_first(batch.ends + r, ended, count);
    if (t + 1 == batch.horizon) return;

    Random<L> reset_random = random_at<L>(b, e, t + 1, Purpose::reset);
    const State anew = Env::template reset<L>(options, task_of<L>(b, tile, e), reset_random);
    L field[kStateSize<Env> > 0 ? kStateSize<Env> : 1];
    scatter_fields<L>(anew, [&](int i, L x) FN_LAMBDA { field[i] = x; });
    scatter_fields<L>(state, [&](int i, L x) FN_LAMBDA { field[i] = select(done, field[i], x); });
    UNROLL
    for (int i = 0; i < kStateSize<Env>; ++i) store(b.env + i * kStride + e, field[i]);
    store(b.elapsed() + e, select(done, L(0), elapsed));

    const int next = r + batch.envs;
    observe<L>(gather_fields<L, State>([&](int i) FN_LAMBDA { return field[i]; }), next, count);
    if (shape.memory.inputs == Env::observation_size) return;
    for (int a = 0; a < actions; ++a) {
      L taken;
      if constexpr (Env::Action::discrete)
        taken = select(as_mask<L>(sample.action == IntPack<L>(a)), L(1), L(0));
      else
        taken = sample.action[a];
      put(Env::observation_size + a, next, taken, count);
    }
    put(Env::observation_size + actions, next, outcome.reward, count);
    put(Env::observation_size + actions + 1, next, ended, count);
  });
  team.sync();
}

}  // namespace innerloop
