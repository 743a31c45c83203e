// The gradient of PPO's objective (kernels/trials/objective.h) for a policy with a memory, back through whole trials.
//
// One team per tile of environments: forward through the trial, keeping what each step leaves; then back from its last
// step to its first, through the ends of episodes. Where the trial is cut into windows the gradient ends at their borders
// (the memory goes on), and only one window's steps are kept at a time: what the memory is at the borders is stored, and
// each window is gone through once more. A trace is kept of the whole trial; its steps before a window count as constants. A
// tile's gradient is one partial sum over its rows; SumOverTasks adds them up.
//
// Steps of a memory that remembers nothing do not wait for each other. Of few environments several steps make a block of rows
// that goes through the network together, no more than a few blocks are kept at a time, and where tiles are few each is cut
// into spans of steps, with a partial sum for each.
#pragma once

#include "kernels/memories/inputs.h"
#include "kernels/products/called_product.h"
#include "kernels/trials/objective.h"

namespace innerloop {

template <class T, class Memory>
struct TrialGradient : TrialObjective<T, MemoryPolicy<Memory>> {
  using Objective = TrialObjective<T, MemoryPolicy<Memory>>;
  using Objective::envs;
  using Objective::order;
  using Objective::shape;
  using Objective::trials;

  const T* params = nullptr;  // [P]  θ at which the gradient is taken
  int window = 0;             // steps of a window, which divide the trial; 0: all
  T* partial = nullptr;       // [tile][P]
  T* values = nullptr;        // [tile][kTrialValues]
  const int* enabled = nullptr;

  /// Partial sums: a tile of the environments in `order`, or a span of its steps.
  FN int tiles() const { return Objective::tiles() * spans(); }
  FN int parts() const { return 1; }
  template <class Team>
  FN long scratch_bytes() const {
    return placed_bytes<Buffers, Team>(shape, window_blocks(), windows());
  }
  /// place.task: which of the tiles().
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const;

 private:
  using Policy = MemoryPolicy<Memory>;
  using MemoryShape = typename Memory::Shape;
  using Objective::kStride;
  using Objective::quantities;
  using Rows = typename Objective::Rows;
  // Blocks whose rows go into the memory's gradient with one product: enough that its sums are loaded seldom, few enough
  // that what it reads is still in the cache.
  static constexpr int kTogether = 4;
  static constexpr bool kForgets = kRemembersNothing<Memory>;
  // Partial sums that are enough for a device's teams, and rows that are worth one.
  static constexpr int kEnoughTiles = 64, kSpanRows = 256;

  // Steps of a tile's environments that make a block: as many as a block has room for.
  FN int block_steps() const { return kForgets && envs < kTrialTile ? kTrialTile / envs : 1; }
  FN int window_steps() const {
    if (kForgets) return kTogether * block_steps();
    return window > 0 ? window : trials.batch.horizon;
  }
  FN int window_blocks() const { return kForgets ? kTogether : window_steps(); }
  // Where the memory is stored at their borders.
  FN int windows() const { return kForgets ? 1 : trials.batch.horizon / window_steps(); }
  FN int spans() const {
    if (!kForgets) return 1;
    const int wanted = ceil_div(kEnoughTiles, Objective::tiles()),
              most = trials.batch.horizon * min_of(envs, kTrialTile) / kSpanRows;
    return wanted < most ? wanted : most > 1 ? most : 1;
  }

  // What a team works on: the steps from `begin` to before `end` of a tile's environments.
  struct Work {
    int rows;       // environments
    const int* of;  // which
    int begin, end;
  };
  FN Work work_of(int tile) const {
    const int cut = spans(), of_envs = tile / cut, span = tile % cut, horizon = trials.batch.horizon;
    const auto border = [&](int number)
                            FN_LAMBDA { return horizon / cut * number + min_of(number, horizon % cut); };
    return {this->rows_of(of_envs), order + static_cast<long>(of_envs) * kTrialTile, border(span),
            border(span + 1)};
  }
  // Steps of the trial that are kept at a time.
  struct Window {
    int begin, steps;
  };
  FN Window window_at(const Work& work, int number) const {
    const int begin = work.begin + number * window_steps();
    return {begin, kForgets ? min_of(window_steps(), work.end - begin) : window_steps()};
  }
  // Steps of the work's environments that go through the network together: rows as [step][environment].
  struct Block {
    const Batch<T>& batch;
    const Work& work;
    int step;  // the first one
    int steps;
    int rows;  // of all of them

    FN long at(int row) const {
      const int later = steps == 1 ? 0 : quotient(row, work.rows);
      return static_cast<long>(step + later) * batch.envs + work.of[row - later * work.rows];
    }
    FN int of(int place, int row) const { return batch.symbols[place * batch.row_stride + at(row)]; }
  };
  // The one that begins at a step of the window.
  FN Block block_at(const Work& work, const Window& window, int step) const {
    const int steps = kForgets ? min_of(block_steps(), window.steps - step) : 1;
    return {trials.batch, work, window.begin + step, steps, steps * work.rows};
  }
  FN int place_of(int step) const { return step / block_steps() % kTogether; }
  // Steps of the window from this one on whose gradients go together.
  FN int steps_together(const Window& window, int step) const {
    return min_of(kTogether * block_steps(), window.steps - step);
  }

  // A memory, its gradient, and what a window leaves of it step by step.
  struct Network {
    typename Memory::template Weights<T> memory;
    LayerNorm<T> norm;
    typename Memory::template Sums<T> sums;
    T* kept;            // [step][row][kept_size]
    T* states;          // [step + 1][row][state_size]  before each step, and after the last
    T* state;           // [row][state_size]  the gradient by the memory's state
    T* back;            // [kTogether · row][back_size]
    T* borders;         // [window − 1][row][state_size]  the memory where each window but the first begins
    T* trace;           // of all steps of the trial
    T* trace_gradient;  // of the window's

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

    template <class Team>
    HOST_CALL static Network take(Scratch& scratch, const Policy& shape, int blocks, int windows) {
      const MemoryShape& memory = shape.memory;
      const long rows = kTrialTile, steps = blocks * rows, state_size = Memory::state_size(memory);
      Network n;
      n.memory = Memory::template take_weights<T>(scratch, memory, true);
      n.norm = LayerNorm<T>::take(scratch, shape.normalised(), kTrialTile, true);
      n.sums = Memory::template take_sums<T>(scratch, memory);
      n.state = scratch.take<T>(rows * state_size);
      n.back = scratch.take<T>(kTogether * rows * Memory::back_size(memory));
      n.kept = scratch.take<T>(steps * Memory::kept_size(memory));
      n.states = scratch.take<T>((steps + rows) * state_size);
      n.borders = scratch.take<T>((windows - 1) * rows * state_size);
      n.trace = scratch.take<T>(rows * trace_size<Memory>(memory, windows * blocks));
      n.trace_gradient = scratch.take<T>(rows * trace_size<Memory>(memory, blocks));
      return n;
    }
  };

  struct Buffers {
    Network networks[2];  // the policy's, and the value's own one, if it has one
    Rows rows;
    T* head_sums;   // [head][padded(hidden)]
    T* row_sums;    // [quantity][kChains]
    T* inputs;      // [set][step][row][padded(inputs)]  of a window
    long set_size;  // numbers of a set
    T* zero;        // [padded(embedding)]
    T* by_inputs;   // [kTogether · row][padded(embedding)]  the gradient by the learned inputs

    FN T* inputs_of(int network, int step, int rows, const Policy& shape) const {
      const int set = shape.input_sets() > 1 ? network : 0;
      return inputs + set * set_size + static_cast<long>(step) * rows * padded(shape.inputs);
    }

    template <class Team>
    HOST_CALL static Buffers take(Scratch& scratch, const Policy& shape, int blocks, int windows) {
      const long steps = static_cast<long>(blocks) * kTrialTile;
      Buffers b;
      b.row_sums = scratch.take<T>(static_cast<long>(quantities(shape)) * kChains);
      b.head_sums = scratch.take<T>(static_cast<long>(shape.heads()) * padded(shape.hidden));
      b.rows = Rows::take(scratch, shape);
      b.set_size = steps * padded(shape.inputs);
      b.inputs = scratch.take<T>(shape.input_sets() * b.set_size);
      b.zero = scratch.take<T>(padded(shape.embedding));
      b.by_inputs = scratch.take<T>(static_cast<long>(kTogether) * kTrialTile * padded(shape.embedding));
      for (int n = 0; n < shape.networks(); ++n)
        b.networks[n] = Network::template take<Team>(scratch, shape, blocks, windows);
      return b;
    }
  };

  template <class Team>
  TEAM_FN void prepare(const Team& team, const Buffers& b, int tile) const;
  template <class Team>
  TEAM_FN void forward(const Team& team, const Buffers& b, const Work& work, const Window& window) const;
  template <class Team>
  TEAM_FN void back(const Team& team, const Buffers& b, int network, const Work& work, const Window& window,
                    int step) const;
  template <class Team>
  TEAM_FN void add_embedding_gradient(const Team& team, const Buffers& b, int network, int tile,
                                      const Work& work, const Window& window, int step) const;
  template <class Team>
  TEAM_FN void write(const Team& team, const Buffers& b, int tile) const;

  // A tile's part of the gradient that is a network's.
  FN T* gradient_of(int tile, int network) const {
    return partial + static_cast<long>(tile) * shape.parameters() + network * shape.network_parameters();
  }
};

// All weights; clears the sums and the gradients. Syncs.
template <class T, class Memory>
template <class Team>
TEAM_FN void TrialGradient<T, Memory>::prepare(const Team& team, const Buffers& b, int tile) const {
  for (int n = 0; n < shape.networks(); ++n) {
    const Network& network = b.networks[n];
    const T* const own = params + n * shape.network_parameters();
    Memory::load_weights(team, shape.memory, own, network.memory);
    if (shape.layer_norm)
      load_layer_norm(team, shape.hidden, own + Memory::parameters(shape.memory), network.norm);
    Memory::clear_sums(team, shape.memory, network.sums);
    fill(team, gradient_of(tile, n) + shape.embedding_offset(), shape.embedding_parameters(), T(0));
  }
  fill(team, b.zero, padded(shape.embedding), T(0));
  this->prepare_rows(team, shape, b.rows, params + shape.memory_parameters());
  fill(team, b.head_sums, static_cast<long>(shape.heads()) * padded(shape.hidden), T(0));
  fill(team, b.row_sums, static_cast<long>(quantities(shape)) * kChains, T(0));
  team.sync();
}

// The memories through a window, from what they are before its first step. Syncs.
template <class T, class Memory>
template <class Team>
TEAM_FN void TrialGradient<T, Memory>::forward(const Team& team, const Buffers& b, const Work& work,
                                               const Window& window) const {
  const int rows = work.rows;
  for (int t = 0; t < window.steps; t += block_steps()) {
    const Block block = block_at(work, window, t);
    for (int n = 0; n < shape.networks(); ++n) {
      T* const inputs = b.inputs_of(n, t, rows, shape);
      if (n < shape.input_sets())
        take_in(team, shape, block, params + n * shape.network_parameters() + shape.embedding_offset(),
                b.zero, inputs);
      const Network& network = b.networks[n];
      Memory::step(team, shape.memory, network.memory,
                   {block.rows,
                    {inputs, padded(shape.inputs), 1},
                    network.before(t, rows, shape.memory),
                    network.kept_of(t, rows, shape.memory),
                    network.before(t + 1, rows, shape.memory),
                    network.trace,
                    block.step});
    }
  }
}

// The gradient of the block that begins at a step of the window, through a network and the heads that read it, from the
// seeds. Syncs.
template <class T, class Memory>
template <class Team>
TEAM_FN void TrialGradient<T, Memory>::back(const Team& team, const Buffers& b, int network, const Work& work,
                                            const Window& window, int step) const {
  using V = typename Team::Vector;
  const MemoryShape& memory = shape.memory;
  const Network& own = b.networks[network];
  const int width = padded(shape.hidden), state_size = Memory::state_size(memory);
  const int rows = block_at(work, window, step).rows;
  const int first = shape.first_head(network), heads = shape.heads_of(network);
  T *const seeds = b.rows.seeds + first * kStride, *const sums =
                                                       b.head_sums + static_cast<long>(first) * width;
  const T* const weights = b.rows.heads.transposed + static_cast<long>(first) * width;
  T *const before = own.before(step, work.rows, memory), *const after =
                                                             own.before(step + 1, work.rows, memory);
  const bool norm = shape.layer_norm;
  const Right<T> outputs = norm ? Right<T>{own.norm.outputs, width} : Right<T>{after, state_size};
  product<V>(team, heads, width, Array<Term<T>, 1>{{{{seeds, kStride, 1}, outputs, rows}}}, {sums, width},
             sums, width);
  // To the memory's state, or first to what it is normalised to.
  const Start<T> start = norm ? Start<T>{own.norm.zero, 0} : Start<T>{own.state, state_size};
  product<V>(team, rows, width, Array<Term<T>, 1>{{{{seeds, 1, kStride}, {weights, width}, heads}}}, start,
             norm ? own.norm.by_outputs : own.state, norm ? width : state_size);
  team.sync();
  if (norm) back_through_layer_norm(team, shape.hidden, own.norm, rows, own.state, state_size);
  // Several blocks' rows lie one after the other, as their inputs and states do.
  const int place = place_of(step);
  T* const kept = own.kept_of(step, work.rows, memory);
  Memory::back(team, memory, own.memory,
               {rows, before, kept, own.state,
                own.back + static_cast<long>(place) * block_steps() * work.rows * Memory::back_size(memory),
                own.trace, own.trace_gradient, window.begin, window.begin + step});
  if (place != 0) return;
  Memory::add_gradient(team, memory,
                       {steps_together(window, step) * work.rows,
                        b.inputs_of(network, step, work.rows, shape), before, own.back, kept},
                       own.sums);
  team.sync();
}

// The gradient of a network's embedding, from what the steps from this one on have left that go together. Syncs.
template <class T, class Memory>
template <class Team>
TEAM_FN void TrialGradient<T, Memory>::add_embedding_gradient(const Team& team, const Buffers& b, int network,
                                                              int tile, const Work& work,
                                                              const Window& window, int step) const {
  const Network& own = b.networks[network];
  const int rows = work.rows, size = padded(shape.embedding), together = steps_together(window, step);
  Memory::input_gradient(team, shape.memory, own.memory, {together * rows, own.back, b.zero, b.by_inputs});
  for (int s = 0; s < together; ++s)
    add_symbol_gradient(team, shape.embedding_table(), rows,
                        StepRows<T>{trials.batch, window.begin + step + s, rows, work.of},
                        b.by_inputs + static_cast<long>(s) * rows * size, size,
                        gradient_of(tile, network) + shape.embedding_offset());
  team.sync();
}

// The flat gradient but for the embeddings', which lie there, and the values. Does not sync.
template <class T, class Memory>
template <class Team>
TEAM_FN void TrialGradient<T, Memory>::write(const Team& team, const Buffers& b, int tile) const {
  const int numbers = shape.heads() + shape.actions();
  for (int n = 0; n < shape.networks(); ++n) {
    const Network& network = b.networks[n];
    T* const own = gradient_of(tile, n);
    Memory::store_gradient(team, shape.memory, network.sums, own);
    if (shape.layer_norm)
      store_layer_norm_gradient(team, shape.hidden, network.norm, own + Memory::parameters(shape.memory));
  }
  const auto sum = [&](int quantity) FN_LAMBDA { return close_chains(b.row_sums + quantity * kChains); };
  store_heads_gradient(team, shape, b.head_sums, sum, gradient_of(tile, shape.networks()));
  for (int i = team.rank(); i < kTrialValues; i += team.size())
    values[static_cast<long>(tile) * kTrialValues + i] = sum(numbers + i);
}

template <class T, class Memory>
template <class Team>
TEAM_FN void TrialGradient<T, Memory>::operator()(const Team& inlining, const Place& place,
                                                  Scratch scratch) const {
  const CallsProducts<Team> team(inlining);
  const MemoryShape& memory = shape.memory;
  const Work work = work_of(place.task);
  const int rows = work.rows, steps = window_steps(), state_size = Memory::state_size(memory),
            count = ceil_div(work.end - work.begin, steps);
  const T entropy_weight = this->entropy_weight_now();
  const auto copy_states = [&](const T* from, T* to) FN_LAMBDA {
    for (int i = team.rank(); i < rows * state_size; i += team.size()) to[i] = from[i];
  };
  const Buffers& b = placed<Buffers>(team, scratch, shape, window_blocks(), windows());
  // The memories where a window begins.
  const auto begin = [&](int number) FN_LAMBDA {
    for (int n = 0; n < shape.networks(); ++n) {
      const Network& network = b.networks[n];
      if (!kForgets && number > 0)
        copy_states(network.border(number, memory), network.states);
      else
        fill(team, network.states, static_cast<long>(rows) * state_size, T(0));
      fill(team, network.state, static_cast<long>(kTrialTile) * state_size, T(0));
      if constexpr (kLooksBack<Memory>)
        fill(team, network.trace_gradient, rows * Memory::trace_size(memory, steps), T(0));
    }
    team.sync();
  };
  // From the last block of a window that has been gone through to its first.
  const auto go_back = [&](const Window& window) FN_LAMBDA {
    for (int s = (window.steps - 1) / block_steps() * block_steps(); s >= 0; s -= block_steps()) {
      const Block block = block_at(work, window, s);
      if (block.steps < block_steps()) {  // lanes behind the last row have no weight
        fill(team, b.rows.drawn, static_cast<long>(trials.batch.action_size + Objective::kDrawn) * kStride,
             T(0));
        team.sync();
      }
      this->gather_drawn(team, shape, b.rows, block.rows, [&](int row) FN_LAMBDA { return block.at(row); });
      for (int n = 0; n < shape.networks(); ++n) {
        const Network& network = b.networks[n];
        const HeadInputs<T> inputs = head_inputs(team, shape, network.norm, block.rows,
                                                 network.before(s + 1, rows, memory), state_size);
        forward_heads(team, shape, n, b.rows.heads, block.rows, inputs, b.rows.outputs, kStride);
      }
      this->seed_rows(team, shape, b.rows, block.rows, entropy_weight);
      team.sync();
      add_rows(team, block.rows, quantities(shape), b.rows.seeds, kStride, b.row_sums);
      for (int n = 0; n < shape.networks(); ++n) {
        back(team, b, n, work, window, s);
        if (shape.embedding > 0 && place_of(s) == 0)
          add_embedding_gradient(team, b, n, place.task, work, window, s);
      }
    }
  };

  prepare(team, b, place.task);
  if constexpr (kForgets) {
    for (int number = 0; number < count; ++number) {
      const Window window = window_at(work, number);
      begin(number);
      forward(team, b, work, window);
      go_back(window);
    }
  } else {
    // Forth through the windows, keeping where each begins; then back, each but the last played once more.
    for (int pass = 0; pass < 2 * count - 1; ++pass) {
      const int number = pass < count ? pass : 2 * (count - 1) - pass;
      const Window window = window_at(work, number);
      begin(number);
      forward(team, b, work, window);
      if (pass + 1 >= count) {
        go_back(window);
        continue;
      }
      for (int n = 0; n < shape.networks(); ++n) {
        const Network& network = b.networks[n];
        copy_states(network.before(steps, rows, memory), network.border(number + 1, memory));
      }
      team.sync();
    }
  }
  write(team, b, place.task);
}

}  // namespace innerloop
