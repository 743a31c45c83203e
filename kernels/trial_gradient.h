// The gradient of PPO's objective (Schulman et al. 2017) for a policy with a memory, back through whole trials.
//
// One team per tile of environments: forward through the trial, keeping what each step leaves; then back from its last
// step to its first, through the ends of episodes. Where the trial is cut into windows the gradient ends at their borders
// (the memory goes on), and only one window's steps are kept at a time: what the memory is at the borders is stored, and
// each window is gone through once more. A tile's gradient is one partial sum over its rows; SumOverTasks adds them up. To
// be maximised, as a mean over the rows:
//
//   min(ρ·A, clip(ρ, 1 ± ε)·A) + w·entropy − c·½(value − target)²,   ρ = π(a|s) / π(a|s) as drawn
//
// Where the value is clipped too, its error is the larger one of the value's and of clip(value, value as drawn ± δ)'s.
#pragma once

#include "kernels/estimators.h"
#include "kernels/memory_policy.h"
#include "kernels/schedule.h"

namespace innerloop {

// Sums over a tile's rows, beside the gradient: the surrogate, entropy, half the value's squared error, and the KL
// divergence from the policy as drawn, estimated by ρ − 1 − log ρ.
enum TrialValue : int { kTrialSurrogate, kTrialEntropy, kTrialValueLoss, kTrialDivergence, kTrialValues };

template <class T, class Memory>
struct TrialGradient {
  MemoryPolicyShape shape;
  const T* params = nullptr;  // [P]  θ at which the gradient is taken
  Trials<T> trials;
  const int* order = nullptr;  // [env]  which environments, a tile's side by side
  int envs = 0;                // how many
  T clip = 0, value_weight = 0, entropy_weight = 0;
  T value_clip = 0;  // δ; 0: values are not clipped
  Schedule<T> entropy_schedule;
  int window = 0;        // steps of a window, which divide the trial; 0: all
  T* partial = nullptr;  // [tile][P]
  T* values = nullptr;   // [tile][kTrialValues]
  const int* enabled = nullptr;

  FN int parameters() const { return shape.memory_parameters<Memory>() + shape.head_parameters(); }
  FN int tiles() const { return ceil_div(envs, kTrialTile); }
  FN int window_steps() const { return window > 0 ? window : trials.batch.horizon; }
  FN int windows() const { return trials.batch.horizon / window_steps(); }

  FN int parts() const { return 1; }
  template <class Team>
  FN long scratch_bytes() const {
    Scratch scratch;
    Buffers::take(scratch, shape, window_steps(), windows());
    return scratch.used();
  }
  /// place.task: which tile of the environments in `order`.
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const;

 private:
  static constexpr int kStride = kTrialTile;
  static_assert(kTrialTile % kChains == 0);
  // Steps whose rows go into the memory's gradient with one product: enough that its sums are loaded seldom, few enough
  // that what it reads is still in the cache.
  static constexpr int kTogether = 4;
  static constexpr int kDrawn = 4;  // numbers of a row that are there as drawn, beside its action's

  // What a window leaves, step by step: the policy's inputs, and the memory's states and what it keeps.
  struct Kept {
    T *inputs, *kept, *states;
    int rows, inputs_size, kept_size, state_size;

    FN static Kept take(Scratch& scratch, const MemoryShape& shape, int window) {
      const long steps = static_cast<long>(window) * kTrialTile;
      Kept k;
      k.rows = kTrialTile;
      k.inputs_size = padded(shape.inputs);
      k.kept_size = Memory::kept_size(shape);
      k.state_size = Memory::state_size(shape);
      k.inputs = scratch.take<T>(steps * k.inputs_size);
      k.kept = scratch.take<T>(steps * k.kept_size);
      k.states = scratch.take<T>((steps + kTrialTile) * k.state_size);
      return k;
    }
    FN T* inputs_of(int t) const { return inputs + static_cast<long>(t) * rows * inputs_size; }
    FN T* kept_of(int t) const { return kept + static_cast<long>(t) * rows * kept_size; }
    FN T* before(int t) const { return states + static_cast<long>(t) * rows * state_size; }
    FN T* after(int t) const { return before(t + 1); }
  };

  struct Buffers {
    typename Memory::template Weights<T> memory;
    LayerNorm<T> norm;
    MemoryHeads<T> heads;
    HeadConstants<T> head;
    typename Memory::template Sums<T> memory_sums;
    T* head_sums;  // [head][padded(hidden)]
    T* row_sums;   // [quantity][kChains]
    T* outputs;    // [head][kStride]
    T* drawn;      // [action_size + 4][kStride]  actions, log-probabilities, advantages, targets, values
    T* seeds;      // [quantity][kStride]
    T* state;      // [row][state_size]  the gradient by the memory's state
    T* back;       // [kTogether · row][back_size]
    Kept kept;
    T* borders;  // [window − 1][row][state_size]  the memory where each window but the first begins

    FN static Buffers take(Scratch& scratch, const MemoryPolicyShape& shape, int window, int windows) {
      const long rows = kTrialTile;
      Buffers b;
      b.memory = Memory::template take_weights<T>(scratch, shape.memory, true);
      b.norm = LayerNorm<T>::take(scratch, shape.memory, kTrialTile, true);
      b.heads = take_heads<T>(scratch, shape);
      b.head = take_head_constants<T>(scratch, shape.actor);
      b.memory_sums = Memory::template take_sums<T>(scratch, shape.memory);
      b.head_sums = scratch.take<T>(static_cast<long>(shape.heads()) * padded(shape.memory.hidden));
      b.row_sums = scratch.take<T>(static_cast<long>(quantities(shape)) * kChains);
      b.outputs = scratch.take<T>(static_cast<long>(shape.heads()) * kStride);
      b.drawn = scratch.take<T>(static_cast<long>(shape.actions() + kDrawn) * kStride);
      b.seeds = scratch.take<T>(static_cast<long>(quantities(shape)) * kStride);
      b.state = scratch.take<T>(rows * Memory::state_size(shape.memory));
      b.back = scratch.take<T>(kTogether * rows * Memory::back_size(shape.memory));
      b.kept = Kept::take(scratch, shape.memory, window);
      b.borders = scratch.take<T>((windows - 1) * rows * Memory::state_size(shape.memory));
      return b;
    }
  };

  // Sums over rows: the heads' biases, log_std, and the values.
  FN static int quantities(const MemoryPolicyShape& shape) {
    return shape.heads() + shape.actions() + kTrialValues;
  }

  template <class Team>
  TEAM_FN void forward(const Team& team, const Buffers& b, const Kept& kept, const int* envs_of_tile,
                       int number) const;
  template <class Team>
  TEAM_FN void seed_rows(const Team& team, const Buffers& b, int rows, T entropy_weight_now) const;
  template <class Team>
  TEAM_FN void write(const Team& team, const Buffers& b, int tile) const;
};

// The memory through the window `number`, of the environments envs_of_tile[row], from kept.before(0) on. Syncs.
template <class T, class Memory>
template <class Team>
TEAM_FN void TrialGradient<T, Memory>::forward(const Team& team, const Buffers& b, const Kept& kept,
                                               const int* envs_of_tile, int number) const {
  const Batch<T>& batch = trials.batch;
  const int inputs = shape.memory.inputs, steps = window_steps();
  for (int t = 0; t < steps; ++t) {
    T* const to = kept.inputs_of(t);
    const T* const from = batch.observations + static_cast<long>(number * steps + t) * batch.envs;
    for_cells(team, inputs, kept.rows, [&](int i, int row) FN_LAMBDA {
      to[row * kept.inputs_size + i] = from[i * batch.row_stride + envs_of_tile[row]];
    });
    team.sync();
    Memory::step(team, shape.memory, b.memory,
                 {kept.rows, {to, kept.inputs_size, 1}, kept.before(t), kept.kept_of(t), kept.after(t)});
  }
}

// ∂/∂output and ∂/∂log_std of each row of a step, and the values. Does not sync.
template <class T, class Memory>
template <class Team>
TEAM_FN void TrialGradient<T, Memory>::seed_rows(const Team& team, const Buffers& b, int rows,
                                                 T entropy_weight_now) const {
  using L = typename Team::Lane;
  const int actions = shape.actions(), heads = shape.heads(), numbers = heads + actions;
  // Behind the actions: log-probabilities, advantages, targets, values.
  const T* const drawn = b.drawn + static_cast<long>(trials.batch.action_size) * kStride;
  with_head(shape.actor.head, [&](auto head) FN_LAMBDA {
    using Head = decltype(head);
    for (int r = team.rank() * L::lanes; r < round_up(rows, kChains); r += team.size() * L::lanes) {
      const auto counts = lane_index<L>() < L(static_cast<T>(rows - r));
      const auto put = [&](int quantity, L x)
                           FN_LAMBDA { store(b.seeds + quantity * kStride + r, select(counts, x, L(0))); };
      const HeadRows<T> row{b.outputs + r, kStride, b.drawn + r, kStride};
      const L log_ratio = Head::template log_prob<L>(b.head, row) - load<L>(drawn + r);
      const L advantage = load<L>(drawn + kStride + r), ratio = exp(log_ratio);
      Head::gradient(b.head, row, Clipped::gradient_weight(advantage, ratio, L(clip)),
                     [&](int o, L by_output, L by_std) FN_LAMBDA {
                       put(o, by_output);
                       put(heads + o, by_std);
                     });
      const auto add = [&](int quantity, L x)
                           FN_LAMBDA { put(quantity, load<L>(b.seeds + quantity * kStride + r) + x); };
      Head::entropy_gradient(b.head, row, L(entropy_weight_now), [&](int o, L by_output, L by_std) FN_LAMBDA {
        add(o, by_output);
        add(heads + o, by_std);
      });
      const L value = load<L>(b.outputs + actions * kStride + r), target = load<L>(drawn + 2 * kStride + r);
      const L off = value - target;
      L slope = off, square = off * off;
      if (value_clip > T(0)) {
        const L before = load<L>(drawn + 3 * kStride + r), range(value_clip);
        const L held = max(min(value, before + range), before - range) - target;
        const auto is_held = held * held > square;  // then the value is clipped, and its loss a constant
        slope = select(is_held, L(0), slope);
        square = select(is_held, held * held, square);
      }
      put(actions, slope * L(-value_weight));
      put(numbers + kTrialSurrogate, Clipped::value(advantage, log_ratio, ratio, L(clip)));
      put(numbers + kTrialEntropy, Head::template entropy<L>(b.head, row));
      put(numbers + kTrialValueLoss, square * L(T(0.5)));
      put(numbers + kTrialDivergence, (ratio - L(1)) - log_ratio);
    }
  });
}

// The flat gradient, and the values. Does not sync.
template <class T, class Memory>
template <class Team>
TEAM_FN void TrialGradient<T, Memory>::write(const Team& team, const Buffers& b, int tile) const {
  const int hidden = shape.memory.hidden, width = padded(hidden), actions = shape.actions(),
            heads = shape.heads();
  T* const gradient = partial + static_cast<long>(tile) * parameters();
  Memory::store_gradient(team, shape.memory, b.memory_sums, gradient);
  if (shape.memory.layer_norm)
    store_layer_norm_gradient(team, shape.memory, b.norm, gradient + Memory::parameters(shape.memory));
  T *const actor = gradient + shape.memory_parameters<Memory>(), *const value = actor + shape.value_offset();
  for_cells(team, hidden, heads, [&](int i, int o) FN_LAMBDA {
    (o < actions ? actor[i * actions + o] : value[i]) = b.head_sums[o * width + i];
  });
  for (int o = team.rank(); o < heads; o += team.size()) {
    const T bias = close_chains(b.row_sums + o * kChains);
    (o < actions ? actor[shape.actor.bias_offset(0) + o] : value[hidden]) = bias;
    if (o < actions && shape.actor.head == HeadKind::gaussian)
      actor[shape.actor.log_std_offset() + o] = close_chains(b.row_sums + (heads + o) * kChains);
  }
  for (int i = team.rank(); i < kTrialValues; i += team.size())
    values[static_cast<long>(tile) * kTrialValues + i] =
        close_chains(b.row_sums + (heads + actions + i) * kChains);
}

template <class T, class Memory>
template <class Team>
TEAM_FN void TrialGradient<T, Memory>::operator()(const Team& team, const Place& place,
                                                  Scratch scratch) const {
  using V = typename Team::Vector;
  const Batch<T>& batch = trials.batch;
  const int steps = window_steps(), count = windows();
  const Buffers b = Buffers::take(scratch, shape, steps, count);
  const int* const of = order + static_cast<long>(place.task) * kTrialTile;
  const int rows = min_of(kTrialTile, envs - place.task * kTrialTile), heads = shape.heads();
  const int width = padded(shape.memory.hidden), back_size = Memory::back_size(shape.memory);
  Kept kept = b.kept;
  kept.rows = rows;
  const T entropy_weight_now =
      entropy_schedule.key == nullptr ? entropy_weight : entropy_weight * entropy_schedule.factor();

  Memory::load_weights(team, shape.memory, params, b.memory);
  if (shape.memory.layer_norm)
    load_layer_norm(team, shape.memory, params + Memory::parameters(shape.memory), b.norm);
  load_heads(team, shape, params + shape.memory_parameters<Memory>(), b.heads);
  load_head_constants(team, shape.actor, b.heads.log_std, b.head);
  Memory::clear_sums(team, shape.memory, b.memory_sums);
  fill(team, b.head_sums, static_cast<long>(heads) * width, T(0));
  fill(team, b.row_sums, static_cast<long>(quantities(shape)) * kChains, T(0));
  fill(team, b.state, static_cast<long>(kTrialTile) * kept.state_size, T(0));
  fill(team, b.outputs, static_cast<long>(heads) * kStride, T(0));
  fill(team, b.drawn, static_cast<long>(batch.action_size + kDrawn) * kStride, T(0));
  const auto copy_states = [&](const T* from, T* to) FN_LAMBDA {
    for (int i = team.rank(); i < rows * kept.state_size; i += team.size()) to[i] = from[i];
    team.sync();
  };
  const auto border = [&](int number) FN_LAMBDA {
    return b.borders + static_cast<long>(number - 1) * kTrialTile * kept.state_size;
  };
  fill(team, kept.before(0), static_cast<long>(rows) * kept.state_size, T(0));
  for (int number = 0; number < count; ++number) {
    forward(team, b, kept, of, number);
    if (number + 1 == count) break;
    copy_states(kept.after(steps - 1), border(number + 1));
    copy_states(border(number + 1), kept.before(0));
  }

  for (int t = batch.horizon; t-- > 0;) {
    const int number = t / steps, s = t % steps;  // of the window, and in it
    if (s + 1 == steps && number + 1 < count) {
      if (number > 0)
        copy_states(border(number), kept.before(0));
      else
        fill(team, kept.before(0), static_cast<long>(rows) * kept.state_size, T(0));
      fill(team, b.state, static_cast<long>(kTrialTile) * kept.state_size, T(0));
      forward(team, b, kept, of, number);
    }
    const long at = static_cast<long>(t) * batch.envs;
    for_cells(team, batch.action_size + kDrawn, rows, [&](int i, int row) FN_LAMBDA {
      const T* const rest[kDrawn] = {batch.log_probs, batch.advantages, trials.targets, trials.values};
      const T* from =
          i < batch.action_size ? batch.actions + i * batch.row_stride : rest[i - batch.action_size];
      b.drawn[i * kStride + row] = from[at + of[row]];
    });
    const HeadInputs<T> inputs =
        head_inputs(team, shape.memory, b.norm, rows, kept.after(s), kept.state_size);
    forward_heads(team, shape, b.heads, rows, inputs, b.outputs, kStride);
    seed_rows(team, b, rows, entropy_weight_now);
    team.sync();
    add_rows(team, rows, quantities(shape), b.seeds, kStride, b.row_sums);
    product<V>(team, heads, width,
               Array<Term<T>, 1>{{{{b.seeds, kStride, 1}, {inputs.rows, inputs.row_size}, rows}}},
               {b.head_sums, width}, b.head_sums, width);
    // To the memory's state, or first to what it is normalised to.
    const bool norm = shape.memory.layer_norm;
    const Start<T> start = norm ? Start<T>{b.norm.zero, 0} : Start<T>{b.state, kept.state_size};
    product<V>(team, rows, width,
               Array<Term<T>, 1>{{{{b.seeds, 1, kStride}, {b.heads.transposed, width}, heads}}}, start,
               norm ? b.norm.by_outputs : b.state, norm ? width : kept.state_size);
    team.sync();
    if (norm) back_through_layer_norm(team, shape.memory, b.norm, rows, b.state, kept.state_size);
    // Several steps' rows lie one after the other, as their inputs and states do.
    const int place_of_step = s % kTogether;
    Memory::back(team, shape.memory, b.memory,
                 {rows, kept.before(s), kept.kept_of(s), b.state,
                  b.back + static_cast<long>(place_of_step) * rows * back_size});
    if (place_of_step != 0) continue;
    const int together = min_of(kTogether, steps - s);
    Memory::add_gradient(team, shape.memory,
                         {together * rows, kept.inputs_of(s), kept.before(s), b.back, kept.kept_of(s)},
                         b.memory_sums);
    team.sync();
  }
  write(team, b, place.task);
}

}  // namespace innerloop
