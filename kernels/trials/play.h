// The environments' part of a trial, for a tile of them: what the policy does, and what it takes in next.
//
// Each environment has a task of its own, which it keeps for the trial: when an episode ends, by itself or after
// `episode_steps`, the next one starts. Random numbers are keyed by (task, environment, step).
//
// Where episodes go on over plays, each environment begins a play in the episode in which the last one left it, with that
// episode's task. An episode that begins has the task that the play has drawn for its environment, and a trial of its own.
// Steps are counted, and random numbers keyed, as if all plays were one long one.
#pragma once

#include "kernels/inner/rollout.h"
#include "kernels/memories/policy.h"

namespace innerloop {

/// Numbers that a policy with a memory takes in beside symbols; one without takes in the observation alone.
template <class Env>
int policy_inputs(const typename Env::Options& options) {
  return Env::observation(options).numbers + action_outputs<Env>(options) + 2;
}

template <class T, class Env>
struct TrialPlay {
  MemoryPolicyShape shape;
  Trials<T> trials;
  const T* tasks = nullptr;  // [padded(env)][kTaskSize]
  bool goes_on = false;      // with the episodes in which the last play ended
  T* own_tasks = nullptr;  // [padded(env)][kTaskSize]  where they go on, those of tasks in memory; else null
  typename Env::Options options;
  const RandomKey* key = nullptr;
  int envs_per_task = 1;       // environment e plays task e / envs_per_task
  bool deterministic = false;  // the mean, or the most probable action
  std::uint32_t inner_step =
      0;                    // which of the plays of an iteration this is, each with random numbers of its own
  bool limit_ends = false;  // an episode's time limit counts as its own end: nothing follows it
  const int* enabled = nullptr;

  static constexpr int kStride = kTrialTile;
  static_assert(kTrialTile % 16 == 0);
  /// Numbers of a tile's environments between two steps: [number of episode_size][kStride], then [kStride] steps since the
  /// episode began; 0 after a play's last step where none goes on.
  FN static long tile_state(const typename Env::Options& options) {
    return (long{episode_size<Env>(options)} + 1) * kStride;
  }
  /// Those, and behind them the tile's tasks, [field][kStride]. A task in memory is read where it is.
  FN static long tile_numbers(const typename Env::Options& options) {
    return tile_state(options) + (kTaskInMemory<Env> ? 0 : static_cast<long>(kTaskSize<Env>) * kStride);
  }

 protected:
  struct Tile {
    HeadConstants<T> head;
    T* outputs;              // [head][kStride]
    T* action;               // [dimension][kStride]
    std::uint32_t* allowed;  // [word][kStride]  which choices are, where not all are
    std::uint32_t*
        numbering;  // [2][kStride]  each environment's task, and its number among those of the task
    T* env;         // [tile_state]
    T* elapsed;     // [kStride]  its last numbers
    T* task;        // [field][kStride]
  };

  // `between`: [tile_numbers]
  FN Tile take_tile(Scratch& scratch, T* between) const {
    Tile b;
    b.head = take_head_constants<T>(scratch, shape.actor);
    b.outputs = scratch.take<T>(static_cast<long>(shape.heads()) * kStride);
    b.action = scratch.take<T>(static_cast<long>(shape.actions()) * kStride);
    b.allowed =
        scratch.take<std::uint32_t>(kHasAllowed<Env> ? long{action_words<Env>(options)} * kStride : 0);
    b.numbering = scratch.take<std::uint32_t>(2L * kStride);
    b.env = between;
    b.elapsed = b.env + long{episode_size<Env>(options)} * kStride;
    b.task = b.elapsed + kStride;
    return b;
  }

  FN int first_env(int tile) const { return tile * kTrialTile; }
  FN int envs_of(int tile) const { return min_of(kTrialTile, trials.batch.envs - first_env(tile)); }

  // Lanes past the last environment repeat it.
  FN int env_at(int tile, int e) const {
    const int envs = envs_of(tile);
    return first_env(tile) + (e < envs ? e : envs - 1);
  }

  // What a step of a tile needs. Syncs.
  template <class Team>
  TEAM_FN void prepare(const Team& team, const Tile& b, int tile, const MemoryHeads<T>& heads) const {
    load_head_constants(team, shape.actor, heads.log_std, b.head);
    for (int e = team.rank(); e < kTrialTile; e += team.size()) {
      const int env = env_at(tile, e);
      b.numbering[e] = static_cast<std::uint32_t>(env / envs_per_task);
      b.numbering[kStride + e] = static_cast<std::uint32_t>(env % envs_per_task);
    }
    team.sync();
  }

  // The tasks, and the first episodes up to what the policy takes in first. Syncs.
  template <class Team>
  TEAM_FN void begin(const Team& team, const Tile& b, int tile) const;
  // Step t, from the heads' outputs to what the policy takes in next; of steps beyond the last one the value alone. Syncs.
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
  using Action = typename Env::Action::template Value<L>;
  template <class L>
  FN TaskOf<Env, L> task_of(const Tile& b, int tile, int e) const {
    if constexpr (kTaskInMemory<Env>)
      return TaskNumbers<L>(
          (goes_on ? own_tasks : tasks) + static_cast<long>(first_env(tile) + e) * kTaskSize<Env>,
          kTaskSize<Env>);
    else
      return gather_fields<L, TaskOf<Env, L>>([&](int i)
                                                  FN_LAMBDA { return load<L>(b.task + i * kStride + e); });
  }
  template <class L>
  FN Random<L> random_at(const Tile& b, int e, int step, Purpose purpose) const {
    using U = UintPack<L>;
    const Moment at = moment(step);
    return Random<L>(at.key, load<U>(b.numbering + e), load<U>(b.numbering + kStride + e), U(at.step),
                     purpose, inner_step);
  }
  // What keys the random numbers of a step. Where episodes go on, steps are counted through all plays, in 64 bits.
  struct Moment {
    RandomKey key;
    std::uint32_t step;
  };
  FN Moment moment(int step) const {
    if (!goes_on) return {*key, static_cast<std::uint32_t>(step)};
    const std::uint64_t count =
        std::uint64_t{key->iteration} * static_cast<std::uint64_t>(trials.batch.horizon) +
        static_cast<std::uint64_t>(step);
    return {{key->seed, static_cast<std::uint32_t>(count >> 32)}, static_cast<std::uint32_t>(count)};
  }
  // Gives environment e of the tile, or one behind its last, the task that is drawn for it.
  FN void take_task(const Tile& b, int tile, int e) const {
    const T* const from = tasks + static_cast<long>(env_at(tile, e)) * kTaskSize<Env>;
    if constexpr (!kTaskInMemory<Env>) {
      for (int i = 0; i < kTaskSize<Env>; ++i) b.task[i * kStride + e] = from[i];
    } else if (goes_on && e < envs_of(tile)) {
      T* const to = own_tasks + static_cast<long>(first_env(tile) + e) * kTaskSize<Env>;
      for (int i = 0; i < kTaskSize<Env>; ++i) to[i] = from[i];
    }
  }
  // What the policy takes in at a row: the observation, then what the step before brought.
  template <class L>
  FN void put(int input, int row, L x, int count) const {
    store_first(trials.batch.observations + input * trials.batch.row_stride + row, x, count);
  }
  template <class L, class Team>
  FN void observe(const Tile& b, const Episode<Env, L, Team>& episode, int e, int step, int row, int count,
                  Purpose purpose = Purpose::observation) const {
    see(trials.batch, 0, row, count, episode, random_at<L>(b, e, step, purpose), [](int, L) FN_LAMBDA {});
  }

  // What the policy does at step t, from the heads' outputs.
  template <class L>
  FN Action<L> choose(const Tile& b, int tile, int e, int t, int row, int count) const;
  // What that brings, up to what the policy takes in next.
  template <class Team, class L = typename Team::Lane>
  FN void advance(const Tile& b, int tile, int e, int t, int row, int count, const Action<L>& action) const;

  // An action as the policy takes it in: its numbers, or 1 at each group's choice and 0 at the others.
  template <class L>
  FN void put_action(const Action<L>& action, int input, int row, int count) const {
    if constexpr (Env::Action::discrete) {
      const auto sizes = Env::action_sizes(options);
      for (int group = 0; group < Env::Action::size; ++group)
        for (int choice = 0; choice < sizes[group]; ++choice)
          put(input++, row, select(as_mask<L>(chosen_in<L>(action, group) == IntPack<L>(choice)), L(1), L(0)),
              count);
    } else {
      for (int d = 0; d < Env::Action::size; ++d) put(input + d, row, action[d], count);
    }
  }
};

template <class T, class Env>
template <class Team>
TEAM_FN void TrialPlay<T, Env>::begin(const Team& team, const Tile& b, int tile) const {
  using L = typename Team::Lane;
  const int first = first_env(tile), envs = envs_of(tile);
  for (int e = team.rank(); e < kTrialTile; e += team.size()) {
    if (goes_on && e < envs && b.elapsed[e] > T(0)) continue;
    b.elapsed[e] = 0;
    take_task(b, tile, e);
  }
  team.sync();
  for_packs(team, envs, [&](int e, int count) FN_LAMBDA {
    const TaskOf<Env, L> task = task_of<L>(b, tile, e);
    Episode<Env, L, Team> episode(options, task, b.env + e, kStride);
    episode.read();
    const auto begins = ~(load<L>(b.elapsed + e) > L(0));
    episode.begin(begins, begins, random_at<L>(b, e, 0, Purpose::trial),
                  random_at<L>(b, e, 0, Purpose::reset));
    episode.save();
    observe(b, episode, e, 0, first + e, count);
    for (int i = Env::observation(options).numbers; i < shape.numbers(); ++i) put(i, first + e, L(0), count);
  });
  team.sync();
}

template <class T, class Env>
template <class L>
FN auto TrialPlay<T, Env>::choose(const Tile& b, int tile, int e, int t, int row, int count) const
    -> Action<L> {
  const Batch<T>& batch = trials.batch;
  Random<L> random = random_at<L>(b, e, t, Purpose::action);
  HeadRows<T> rows{b.outputs + e, kStride, b.action + e, kStride};
  if constexpr (kHasAllowed<Env>) {
    const TaskOf<Env, L> task = task_of<L>(b, tile, e);
    Episode<Env, L> episode(options, task, b.env + e, kStride);
    episode.read();
    episode.allowed([&](int word, UintPack<L> bits) FN_LAMBDA {
      store(b.allowed + word * kStride + e, bits);
      store_first(batch.allowed + word * batch.row_stride + row, bits, count);
    });
    rows.allowed = b.allowed + e;
    rows.allowed_stride = kStride;
  }
  const Sampler<typename Env::Action, HeadOf<Env>, L, T> sample(b.head, rows, random, deterministic);
  sample.store_action(batch.actions + row, batch.row_stride, count);
  sample.store_action(b.action + e, kStride, L::lanes);
  store_first(batch.log_probs + row, HeadOf<Env>::template log_prob<L>(b.head, rows), count);
  return sample.action;
}

template <class T, class Env>
template <class Team, class L>
FN void TrialPlay<T, Env>::advance(const Tile& b, int tile, int e, int t, int row, int count,
                                   const Action<L>& action) const {
  const Batch<T>& batch = trials.batch;
  TaskOf<Env, L> task = task_of<L>(b, tile, e);
  Episode<Env, L, Team> episode(options, task, b.env + e, kStride);
  episode.read();
  const Outcome<L> outcome = episode.step(action, random_at<L>(b, e, t, Purpose::environment));
  const L elapsed = load<L>(b.elapsed + e) + L(1);
  const auto done = outcome.terminated | (elapsed >= L(T(trials.episode_steps)));
  const L ended = select(done, L(1), L(0));
  store_first(batch.rewards + row, outcome.reward, count);
  store_first(batch.ends + row, ended, count);
  if (batch.terminated != nullptr)
    store_first(batch.terminated + row, select(limit_ends ? done : outcome.terminated, L(1), L(0)), count);
  const auto cut_off = batch.limits > 0 ? done & ~outcome.terminated : Mask<L>(0);
  see_next(batch, 0, row, count, episode, random_at<L>(b, e, t + 1, Purpose::last_observation),
           {long{trials.limit_step(t)} * batch.envs + first_env(tile) + e, cut_off});
  const bool last = t + 1 == batch.horizon;
  if (last && !batch.looks_beyond) return;

  if (!last) {
    if (goes_on && any(done)) {
      for (int lane = 0; lane < L::lanes; ++lane)
        if (done.get(lane) != 0) take_task(b, tile, e + lane);
      task = task_of<L>(b, tile, e);
    }
    episode.begin(goes_on ? done : Mask<L>(0), done, random_at<L>(b, e, t + 1, Purpose::trial),
                  random_at<L>(b, e, t + 1, Purpose::reset));
  }
  if (!last || goes_on) {
    episode.save();
    store(b.elapsed + e, select(done, L(0), elapsed));
  }
  const int next = row + batch.envs, numbers = Env::observation(options).numbers;
  observe(b, episode, e, t + 1, next, count,
          last && !goes_on ? Purpose::last_observation : Purpose::observation);
  if (shape.numbers() == numbers) return;
  put_action<L>(action, numbers, next, count);
  const int outputs = action_outputs<Env>(options);
  put(numbers + outputs, next, outcome.reward, count);
  put(numbers + outputs + 1, next, ended, count);
}

template <class T, class Env>
template <class Team>
TEAM_FN void TrialPlay<T, Env>::act(const Team& team, const Tile& b, int tile, int t) const {
  using L = typename Team::Lane;
  const int row = t * trials.batch.envs + first_env(tile);
  for_packs(team, envs_of(tile), [&](int e, int count) FN_LAMBDA {
    store_first(trials.values + row + e, load<L>(b.outputs + shape.actions() * kStride + e), count);
    if (t >= trials.batch.horizon) return;
    advance<Team>(b, tile, e, t, row + e, count, choose<L>(b, tile, e, t, row + e, count));
  });
  team.sync();
}

}  // namespace innerloop
