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

  // A memory, its gradient, and what a window leaves of it step by step.
  struct Network {
    typename Memory::template Weights<T> memory;
    LayerNorm<T> norm;
    typename Memory::template Sums<T> sums;
    T* kept;     // [step][row][kept_size]
    T* states;   // [step + 1][row][state_size]  before each step, and after the last
    T* state;    // [row][state_size]  the gradient by the memory's state
    T* back;     // [kTogether · row][back_size]
    T* borders;  // [window − 1][row][state_size]  the memory where each window but the first begins

    // Of a step of a tile of `rows` rows; before(step + 1) is after the step.
    FN T* before(int step, int rows, const MemoryShape& shape) const {
      return states + static_cast<long>(step) * rows * Memory::state_size(shape);
    }
    FN T* kept_of(int step, int rows, const MemoryShape& shape) const {
      return kept + static_cast<long>(step) * rows * Memory::kept_size(shape);
    }
    FN T* border(int window, const MemoryShape& shape) const {
      return borders + static_cast<long>(window - 1) * kTrialTile * Memory::state_size(shape);
    }

    FN static Network take(Scratch& scratch, const MemoryShape& shape, int window, int windows) {
      const long rows = kTrialTile, steps = window * rows, state_size = Memory::state_size(shape);
      Network n;
      n.memory = Memory::template take_weights<T>(scratch, shape, true);
      n.norm = LayerNorm<T>::take(scratch, shape, kTrialTile, true);
      n.sums = Memory::template take_sums<T>(scratch, shape);
      n.state = scratch.take<T>(rows * state_size);
      n.back = scratch.take<T>(kTogether * rows * Memory::back_size(shape));
      n.kept = scratch.take<T>(steps * Memory::kept_size(shape));
      n.states = scratch.take<T>((steps + rows) * state_size);
      n.borders = scratch.take<T>((windows - 1) * rows * state_size);
      return n;
    }
  };

  struct Buffers {
    Scratch networks;       // the policy's, and the value's own one, if it has one
    long network_size = 0;  // bytes of each
    MemoryHeads<T> heads;
    HeadConstants<T> head;
    T* head_sums;  // [head][padded(hidden)]
    T* row_sums;   // [quantity][kChains]
    T* outputs;    // [head][kStride]
    T* drawn;      // [action_size + 4][kStride]  actions, log-probabilities, advantages, targets, values
    T* seeds;      // [quantity][kStride]
    T* inputs;     // [step][row][padded(inputs)]  of a window

    FN T* inputs_of(int step, int rows, const MemoryShape& shape) const {
      return inputs + static_cast<long>(step) * rows * padded(shape.inputs);
    }

    FN static Buffers take(Scratch& scratch, const MemoryPolicyShape& shape, int window, int windows) {
      const long steps = static_cast<long>(window) * kTrialTile;
      Buffers b;
      b.networks = scratch;
      for (int n = 0; n < shape.networks(); ++n) {
        const long before = scratch.used();
        Network::take(scratch, shape.memory, window, windows);
        b.network_size = scratch.used() - before;
      }
      b.heads = take_heads<T>(scratch, shape);
      b.head = take_head_constants<T>(scratch, shape.actor);
      b.head_sums = scratch.take<T>(static_cast<long>(shape.heads()) * padded(shape.memory.hidden));
      b.row_sums = scratch.take<T>(static_cast<long>(quantities(shape)) * kChains);
      b.outputs = scratch.take<T>(static_cast<long>(shape.heads()) * kStride);
      b.drawn = scratch.take<T>(static_cast<long>(shape.actions() + kDrawn) * kStride);
      b.seeds = scratch.take<T>(static_cast<long>(quantities(shape)) * kStride);
      b.inputs = scratch.take<T>(steps * padded(shape.memory.inputs));
      return b;
    }
  };

  // Found anew wherever it is used: two networks' pointers are more than a GPU's threads have registers for.
  FN Network network_of(const Buffers& b, int number) const {
    Scratch at = b.networks;
    at.take<char>(number * b.network_size);
    return Network::take(at, shape.memory, window_steps(), windows());
  }

  // Sums over rows: the heads' biases, log_std, and the values.
  FN static int quantities(const MemoryPolicyShape& shape) {
    return shape.heads() + shape.actions() + kTrialValues;
  }

  template <class Team>
  TEAM_FN void prepare(const Team& team, const Buffers& b) const;
  template <class Team>
  TEAM_FN void forward(const Team& team, const Buffers& b, int rows, const int* envs_of_tile,
                       int number) const;
  template <class Team>
  TEAM_FN void seed_rows(const Team& team, const Buffers& b, int rows, T entropy_weight_now) const;
  template <class Team>
  TEAM_FN void back(const Team& team, const Buffers& b, int network, int rows, int step) const;
  template <class Team>
  TEAM_FN void write(const Team& team, const Buffers& b, int tile) const;
};

// All weights; clears the sums and the gradients. Syncs.
template <class T, class Memory>
template <class Team>
TEAM_FN void TrialGradient<T, Memory>::prepare(const Team& team, const Buffers& b) const {
  for (int n = 0; n < shape.networks(); ++n) {
    const Network network = network_of(b, n);
    const T* const own = params + n * shape.network_parameters<Memory>();
    Memory::load_weights(team, shape.memory, own, network.memory);
    if (shape.memory.layer_norm)
      load_layer_norm(team, shape.memory, own + Memory::parameters(shape.memory), network.norm);
    Memory::clear_sums(team, shape.memory, network.sums);
  }
  load_heads(team, shape, params + shape.memory_parameters<Memory>(), b.heads);
  load_head_constants(team, shape.actor, b.heads.log_std, b.head);
  fill(team, b.head_sums, static_cast<long>(shape.heads()) * padded(shape.memory.hidden), T(0));
  fill(team, b.row_sums, static_cast<long>(quantities(shape)) * kChains, T(0));
  fill(team, b.outputs, static_cast<long>(shape.heads()) * kStride, T(0));
  fill(team, b.drawn, static_cast<long>(trials.batch.action_size + kDrawn) * kStride, T(0));
  team.sync();
}

// The memories through the window `number`, of the environments envs_of_tile[row], from what they are before its first
// step. Syncs.
template <class T, class Memory>
template <class Team>
TEAM_FN void TrialGradient<T, Memory>::forward(const Team& team, const Buffers& b, int rows,
                                               const int* envs_of_tile, int number) const {
  const Batch<T>& batch = trials.batch;
  const int inputs = shape.memory.inputs, inputs_size = padded(inputs), steps = window_steps();
  for (int t = 0; t < steps; ++t) {
    T* const to = b.inputs_of(t, rows, shape.memory);
    const T* const from = batch.observations + static_cast<long>(number * steps + t) * batch.envs;
    for_cells(team, inputs, rows, [&](int i, int row) FN_LAMBDA {
      to[row * inputs_size + i] = from[i * batch.row_stride + envs_of_tile[row]];
    });
    team.sync();
    for (int n = 0; n < shape.networks(); ++n) {
      const Network network = network_of(b, n);
      Memory::step(team, shape.memory, network.memory,
                   {rows,
                    {to, inputs_size, 1},
                    network.before(t, rows, shape.memory),
                    network.kept_of(t, rows, shape.memory),
                    network.before(t + 1, rows, shape.memory)});
    }
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

// The gradient of one step of a window through a network and the heads that read it, from the seeds. Syncs.
template <class T, class Memory>
template <class Team>
TEAM_FN void TrialGradient<T, Memory>::back(const Team& team, const Buffers& b, int network, int rows,
                                            int step) const {
  using V = typename Team::Vector;
  const MemoryShape& memory = shape.memory;
  const Network own = network_of(b, network);
  const int width = padded(memory.hidden), state_size = Memory::state_size(memory);
  const int first = shape.first_head(network), heads = shape.heads_of(network);
  T *const seeds = b.seeds + first * kStride, *const sums = b.head_sums + static_cast<long>(first) * width;
  const T* const weights = b.heads.transposed + static_cast<long>(first) * width;
  T *const before = own.before(step, rows, memory), *const after = own.before(step + 1, rows, memory);
  const bool norm = memory.layer_norm;
  const Right<T> outputs = norm ? Right<T>{own.norm.outputs, width} : Right<T>{after, state_size};
  product<V>(team, heads, width, Array<Term<T>, 1>{{{{seeds, kStride, 1}, outputs, rows}}}, {sums, width},
             sums, width);
  // To the memory's state, or first to what it is normalised to.
  const Start<T> start = norm ? Start<T>{own.norm.zero, 0} : Start<T>{own.state, state_size};
  product<V>(team, rows, width, Array<Term<T>, 1>{{{{seeds, 1, kStride}, {weights, width}, heads}}}, start,
             norm ? own.norm.by_outputs : own.state, norm ? width : state_size);
  team.sync();
  if (norm) back_through_layer_norm(team, memory, own.norm, rows, own.state, state_size);
  // Several steps' rows lie one after the other, as their inputs and states do.
  const int place = step % kTogether;
  T* const kept = own.kept_of(step, rows, memory);
  Memory::back(team, memory, own.memory,
               {rows, before, kept, own.state,
                own.back + static_cast<long>(place) * rows * Memory::back_size(memory)});
  if (place != 0) return;
  const int together = min_of(kTogether, window_steps() - step);
  Memory::add_gradient(team, memory,
                       {together * rows, b.inputs_of(step, rows, memory), before, own.back, kept}, own.sums);
  team.sync();
}

// The flat gradient, and the values. Does not sync.
template <class T, class Memory>
template <class Team>
TEAM_FN void TrialGradient<T, Memory>::write(const Team& team, const Buffers& b, int tile) const {
  const int hidden = shape.memory.hidden, width = padded(hidden), actions = shape.actions(),
            heads = shape.heads();
  T* const gradient = partial + static_cast<long>(tile) * parameters();
  for (int n = 0; n < shape.networks(); ++n) {
    const Network network = network_of(b, n);
    T* const own = gradient + n * shape.network_parameters<Memory>();
    Memory::store_gradient(team, shape.memory, network.sums, own);
    if (shape.memory.layer_norm)
      store_layer_norm_gradient(team, shape.memory, network.norm, own + Memory::parameters(shape.memory));
  }
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
  const Batch<T>& batch = trials.batch;
  const MemoryShape& memory = shape.memory;
  const int steps = window_steps(), count = windows(), state_size = Memory::state_size(memory);
  const Buffers b = Buffers::take(scratch, shape, steps, count);
  const int* const of = order + static_cast<long>(place.task) * kTrialTile;
  const int rows = min_of(kTrialTile, envs - place.task * kTrialTile);
  const T entropy_weight_now =
      entropy_schedule.key == nullptr ? entropy_weight : entropy_weight * entropy_schedule.factor();
  const auto copy_states = [&](const T* from, T* to) FN_LAMBDA {
    for (int i = team.rank(); i < rows * state_size; i += team.size()) to[i] = from[i];
  };
  // The memories where a window begins.
  const auto begin = [&](int number) FN_LAMBDA {
    for (int n = 0; n < shape.networks(); ++n) {
      T* const start = network_of(b, n).states;
      if (number > 0)
        copy_states(network_of(b, n).border(number, memory), start);
      else
        fill(team, start, static_cast<long>(rows) * state_size, T(0));
      fill(team, network_of(b, n).state, static_cast<long>(kTrialTile) * state_size, T(0));
    }
    team.sync();
  };

  prepare(team, b);
  for (int number = 0; number < count; ++number) {
    begin(number);
    forward(team, b, rows, of, number);
    if (number + 1 == count) break;
    for (int n = 0; n < shape.networks(); ++n)
      copy_states(network_of(b, n).before(steps, rows, memory), network_of(b, n).border(number + 1, memory));
    team.sync();
  }

  for (int t = batch.horizon; t-- > 0;) {
    const int number = t / steps, s = t % steps;  // of the window, and in it
    if (s + 1 == steps && number + 1 < count) {
      begin(number);
      forward(team, b, rows, of, number);
    }
    const long at = static_cast<long>(t) * batch.envs;
    for_cells(team, batch.action_size + kDrawn, rows, [&](int i, int row) FN_LAMBDA {
      const T* const rest[kDrawn] = {batch.log_probs, batch.advantages, trials.targets, trials.values};
      const T* from =
          i < batch.action_size ? batch.actions + i * batch.row_stride : rest[i - batch.action_size];
      b.drawn[i * kStride + row] = from[at + of[row]];
    });
    for (int n = 0; n < shape.networks(); ++n) {
      const Network network = network_of(b, n);
      const HeadInputs<T> inputs =
          head_inputs(team, memory, network.norm, rows, network.before(s + 1, rows, memory), state_size);
      forward_heads(team, shape, n, b.heads, rows, inputs, b.outputs, kStride);
    }
    seed_rows(team, b, rows, entropy_weight_now);
    team.sync();
    add_rows(team, rows, quantities(shape), b.seeds, kStride, b.row_sums);
    for (int n = 0; n < shape.networks(); ++n) back(team, b, n, rows, s);
  }
  write(team, b, place.task);
}

}  // namespace innerloop
