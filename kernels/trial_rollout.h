// Plays whole trials of a policy with a memory, for a tile of environments.
//
// Each environment has a task of its own, which it keeps for the trial: when an episode ends, by itself or after
// `episode_steps`, the next one starts, and the memory goes on. Weights are loaded once; states and memories stay in
// scratch memory. Random numbers are keyed by (task, environment, step).
#pragma once

#include "kernels/memory_policy.h"
#include "kernels/rollout.h"

namespace innerloop {

/// Numbers that a policy with a memory takes in; one without takes in the observation alone.
template <class Env>
int policy_inputs(const typename Env::Options& options) {
  return Env::observation_size + Env::action_count(options) + 2;
}

template <class T, class Env, class Memory>
struct TrialRollout {
  MemoryPolicyShape shape;
  const T* params = nullptr;  // [P]
  Trials<T> trials;
  const T* tasks = nullptr;  // [padded(env)][kTaskSize]
  typename Env::Options options;
  const RandomKey* key = nullptr;
  int envs_per_task = 1;       // environment e plays task e / envs_per_task
  bool deterministic = false;  // the mean, or the most probable action
  const int* enabled = nullptr;

  FN int parts() const { return trials.tiles(); }
  template <class Team>
  FN long scratch_bytes() const {
    Scratch scratch;
    Buffers::take(scratch, shape);
    return scratch.used();
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const;

 private:
  static constexpr int kStride = kTrialTile;
  static_assert(kTrialTile % 16 == 0);

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
    MemoryHeads<T> heads;
    HeadConstants<T> head;
    T* kept;            // [row][kept_size]
    T* outputs;         // [head][kStride]
    T* action;          // [dimension][kStride]
    T* task;            // [field][kStride]
    T* env;             // [field][kStride]  the environments' states
    T* elapsed;         // [kStride]  steps since the episode began
    std::uint32_t* of;  // [2][kStride]  each environment's task, and its number among those of the task

    // Found anew wherever it is used: two networks' pointers are more than a GPU's threads have registers for.
    FN Network network(const MemoryShape& shape, int number) const {
      Scratch at = networks;
      at.take<char>(number * network_size);
      return Network::take(at, shape);
    }

    FN static Buffers take(Scratch& scratch, const MemoryPolicyShape& shape) {
      const long rows = kTrialTile;
      Buffers b;
      b.networks = scratch;
      for (int number = 0; number < shape.networks(); ++number) {
        const long before = scratch.used();
        Network::take(scratch, shape.memory);
        b.network_size = scratch.used() - before;
      }
      b.heads = take_heads<T>(scratch, shape);
      b.head = take_head_constants<T>(scratch, shape.actor);
      b.kept = scratch.take<T>(rows * Memory::kept_size(shape.memory));
      b.outputs = scratch.take<T>(static_cast<long>(shape.heads()) * kStride);
      b.action = scratch.take<T>(static_cast<long>(shape.actions()) * kStride);
      b.task = scratch.take<T>(kTaskInMemory<Env> ? 0 : static_cast<long>(kTaskSize<Env>) * kStride);
      b.env = scratch.take<T>(static_cast<long>(kStateSize<Env>) * kStride);
      b.elapsed = scratch.take<T>(kStride);
      b.of = scratch.take<std::uint32_t>(2L * kStride);
      return b;
    }
  };
};

template <class T, class Env, class Memory>
template <class Team>
TEAM_FN void TrialRollout<T, Env, Memory>::operator()(const Team& team, const Place& place,
                                                      Scratch scratch) const {
  using L = typename Team::Lane;
  using U = UintPack<L>;
  using Head = std::conditional_t<Env::Action::discrete, CategoricalHead, GaussianHead>;
  using State = typename Env::template State<L>;
  const Batch<T>& batch = trials.batch;
  const Buffers b = Buffers::take(scratch, shape);
  const int first = place.part * kTrialTile, envs = min_of(kTrialTile, batch.envs - first);
  const int actions = shape.actions(), state_size = Memory::state_size(shape.memory);
  const T* const heads = params + shape.memory_parameters<Memory>();
  for (int number = 0; number < shape.networks(); ++number) {
    const Network network = b.network(shape.memory, number);
    const T* const own = params + number * shape.network_parameters<Memory>();
    Memory::load_weights(team, shape.memory, own, network.memory);
    if (shape.memory.layer_norm)
      load_layer_norm(team, shape.memory, own + Memory::parameters(shape.memory), network.norm);
    fill(team, network.state[0], static_cast<long>(kTrialTile) * state_size, T(0));
  }
  load_heads(team, shape, heads, b.heads);
  load_head_constants(team, shape.actor, b.heads.log_std, b.head);

  const auto for_packs = [&](const auto& at) FN_LAMBDA {
    for (int e = team.rank() * L::lanes; e < envs; e += team.size() * L::lanes) at(e, envs - e);
  };
  const T* const own = tasks + static_cast<long>(first) * kTaskSize<Env>;
  const auto task_of = [&](int e) FN_LAMBDA {
    if constexpr (kTaskInMemory<Env>)
      return TaskNumbers<L>(own + static_cast<long>(e) * kTaskSize<Env>, kTaskSize<Env>);
    else
      return gather_fields<L, TaskOf<Env, L>>([&](int i)
                                                  FN_LAMBDA { return load<L>(b.task + i * kStride + e); });
  };
  const auto random_at = [&](int e, int step, Purpose purpose) FN_LAMBDA {
    return Random<L>(*key, load<U>(b.of + e), load<U>(b.of + kStride + e),
                     U(static_cast<std::uint32_t>(step)), purpose, 0);
  };
  // What the policy takes in at a row: the observation, then what the step before brought.
  T* const inputs = batch.observations;
  const auto put = [&](int input, int row, L x, int count)
                       FN_LAMBDA { store_first(inputs + input * batch.row_stride + row, x, count); };
  const auto observe = [&](const State& state, int row, int count) FN_LAMBDA {
    const auto observation = Env::template observe<L>(options, state);
    UNROLL for (int d = 0; d < Env::observation_size; ++d) put(d, row, observation[d], count);
  };

  for (int e = team.rank(); e < kTrialTile; e += team.size()) {
    const int env = first + (e < envs ? e : envs - 1);  // lanes past the last one repeat it
    b.of[e] = static_cast<std::uint32_t>(env / envs_per_task);
    b.of[kStride + e] = static_cast<std::uint32_t>(env % envs_per_task);
    if constexpr (!kTaskInMemory<Env>)
      for (int i = 0; i < kTaskSize<Env>; ++i)
        b.task[i * kStride + e] = own[static_cast<long>(env - first) * kTaskSize<Env> + i];
  }
  team.sync();
  for_packs([&](int e, int count) FN_LAMBDA {
    Random<L> random = random_at(e, 0, Purpose::reset);
    const State state = Env::template reset<L>(options, task_of(e), random);
    scatter_fields<L>(state, [&](int i, L x) FN_LAMBDA { store(b.env + i * kStride + e, x); });
    store(b.elapsed + e, L(0));
    observe(state, first + e, count);
    for (int i = Env::observation_size; i < shape.memory.inputs; ++i) put(i, first + e, L(0), count);
  });
  team.sync();

  for (int t = 0; t < batch.horizon; ++t) {
    const int row = t * batch.envs + first;
    for (int number = 0; number < shape.networks(); ++number) {
      const Network network = b.network(shape.memory, number);
      T *const before = network.state[t % 2], *const after = network.state[(t + 1) % 2];
      Memory::step(team, shape.memory, network.memory,
                   {envs, {inputs + row, 1, static_cast<int>(batch.row_stride)}, before, b.kept, after});
      forward_heads(team, shape, number, b.heads, envs,
                    head_inputs(team, shape.memory, network.norm, envs, after, state_size), b.outputs,
                    kStride);
    }

    for_packs([&](int e, int count) FN_LAMBDA {
      const int r = row + e;
      Random<L> action_random = random_at(e, t, Purpose::action);
      const rollout_detail::Sampler<typename Env::Action, L, T> sample(b.head, b.outputs + e, kStride,
                                                                       action_random, deterministic);
      sample.store_action(batch.actions + r, batch.row_stride, count);
      sample.store_action(b.action + e, kStride, L::lanes);
      const HeadRows<T> chosen{b.outputs + e, kStride, b.action + e, kStride};
      store_first(batch.log_probs + r, Head::template log_prob<L>(b.head, chosen), count);
      store_first(trials.values + r, load<L>(b.outputs + actions * kStride + e), count);

      auto state = gather_fields<L, State>([&](int i) FN_LAMBDA { return load<L>(b.env + i * kStride + e); });
      Random<L> step_random = random_at(e, t, Purpose::environment);
      const Outcome<L> outcome =
          Env::template step<L>(options, task_of(e), state, sample.action, step_random);
      const L elapsed = load<L>(b.elapsed + e) + L(1);
      const auto done = outcome.done | (elapsed >= L(T(trials.episode_steps)));
      const L ended = select(done, L(1), L(0));
      store_first(batch.rewards + r, outcome.reward, count);
      store_first(batch.ends + r, ended, count);
      if (t + 1 == batch.horizon) return;

      Random<L> reset_random = random_at(e, t + 1, Purpose::reset);
      const State anew = Env::template reset<L>(options, task_of(e), reset_random);
      L field[kStateSize<Env> > 0 ? kStateSize<Env> : 1];
      scatter_fields<L>(anew, [&](int i, L x) FN_LAMBDA { field[i] = x; });
      scatter_fields<L>(state, [&](int i, L x) FN_LAMBDA { field[i] = select(done, field[i], x); });
      UNROLL for (int i = 0; i < kStateSize<Env>; ++i) store(b.env + i * kStride + e, field[i]);
      store(b.elapsed + e, select(done, L(0), elapsed));

      const int next = r + batch.envs;
      observe(gather_fields<L, State>([&](int i) FN_LAMBDA { return field[i]; }), next, count);
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
}

}  // namespace innerloop
