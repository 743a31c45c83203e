// The gradient of PPO's objective for a memory that takes whole trials (kernels/memories/memory.h): one environment after the
// other goes through the memory with all its steps at once, forth and back, so that a team keeps one trial at a time.
#pragma once

#include "kernels/products/called_product.h"
#include "kernels/trials/gradient.h"

namespace innerloop {

template <class T, class Memory>
requires kTakesWholeTrials<Memory>
struct TrialGradient<T, Memory> : TrialObjective<T, MemoryPolicy<Memory>> {
  using Objective = TrialObjective<T, MemoryPolicy<Memory>>;
  using Objective::envs;
  using Objective::order;
  using Objective::shape;
  using Objective::trials;

  const T* params = nullptr;  // [P]  θ at which the gradient is taken
  int window = 0;             // the gradient goes through the whole trial: 0
  T* partial = nullptr;       // [tile][P]  null: the weights' gradient is not asked for
  T* values = nullptr;        // [tile][kTrialValues]  likewise
  const T* prompts =
      nullptr;  // [env][prompt_numbers]  what was added to the first network's prompt; null: nothing
  T* by_prompts =
      nullptr;  // likewise, the gradient of each environment's sum of rows by it; null: not asked for
  const int* enabled = nullptr;

  // Environments of a partial sum: one after the other, so that few of them make a tile.
  static constexpr int kTile = 8;

  FN int tiles() const { return ceil_div(envs, kTile); }
  FN int parts() const { return 1; }
  template <class Team>
  FN long scratch_bytes() const {
    return placed_bytes<Buffers, Team>(shape, trials.batch.horizon);
  }
  /// place.task: which tile of the environments in `order`.
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const {
    const int first = place.task * kTile, end = min_of(envs, first + kTile);
    const T entropy_weight = this->entropy_weight_now();
    const Buffers& b = placed<Buffers>(team, scratch, shape, trials.batch.horizon);
    prepare(team, b, place.task);
    for (int e = first; e < end; ++e) {
      forward(team, b, order[e]);
      through_heads(team, b, order[e], entropy_weight);
      backward(team, b, place.task, order[e]);
    }
    write(team, b, place.task);
  }

 private:
  using Policy = MemoryPolicy<Memory>;
  using Objective::kStride;
  using Objective::quantities;
  using Rows = typename Objective::Rows;

  // A memory, its gradient, and what a trial leaves of it.
  struct Network {
    typename Memory::template Weights<T> memory;
    LayerNorm<T> norm;
    typename Memory::template Sums<T> sums;
    typename Memory::template Trial<T> trial;
    // [row][hidden]  The gradient by what the heads read, or by what that was before its normalisation; 0 at a prompt's rows.
    T* state;

    template <class Team>
    HOST_CALL static Network take(Scratch& scratch, const Policy& shape, int steps) {
      Network n;
      n.memory = Memory::template take_weights<T>(scratch, shape.memory, true);
      n.norm = LayerNorm<T>::take(scratch, shape.normalised(), padded(steps), true);
      n.sums = Memory::template take_sums<T>(scratch, shape.memory);
      n.trial = Memory::template take_trial<Team>(scratch, shape.memory);
      n.state = scratch.take<T>(static_cast<long>(prompt_rows(shape) + padded(steps)) * padded(shape.hidden));
      return n;
    }
  };

  struct Buffers {
    Network networks[2];  // the policy's, and the value's own one, if it has one
    Rows rows;
    T* head_sums;   // [head][padded(hidden)]
    T* row_sums;    // [quantity][kChains]
    T* inputs;      // [set][step][padded(inputs)]
    long set_size;  // numbers of a set
    T* zero;        // [padded(embedding or hidden)]
    T* by_inputs;   // [step][padded(embedding)]  the gradient by the learned inputs

    FN T* inputs_of(int network, const Policy& shape) const {
      return inputs + (shape.input_sets() > 1 ? network : 0) * set_size;
    }
    template <class Team>
    HOST_CALL static Buffers take(Scratch& scratch, const Policy& shape, int steps) {
      Buffers b;
      b.row_sums = scratch.take<T>(static_cast<long>(quantities(shape)) * kChains);
      b.head_sums = scratch.take<T>(static_cast<long>(shape.heads()) * padded(shape.hidden));
      b.rows = Rows::take(scratch, shape);
      b.set_size = static_cast<long>(padded(steps)) * padded(shape.inputs);
      b.inputs = scratch.take<T>(shape.input_sets() * b.set_size);
      b.zero = scratch.take<T>(padded(shape.hidden > shape.embedding ? shape.hidden : shape.embedding));
      b.by_inputs = scratch.take<T>(static_cast<long>(padded(steps)) * padded(shape.embedding));
      for (int n = 0; n < shape.networks(); ++n)
        b.networks[n] = Network::template take<Team>(scratch, shape, steps);
      return b;
    }
  };

  FN static int prompt_rows(const Policy& shape) {
    if constexpr (kHasPrompt<Memory>) return Memory::prompt_rows(shape.memory);
    return 0;
  }
  // Where the steps' rows begin, behind a prompt's.
  FN T* at_steps(T* rows) const {
    return rows + static_cast<long>(prompt_rows(shape)) * padded(shape.hidden);
  }
  // What the heads read of a network, a row for each step.
  FN T* outputs_of(const Network& own) const {
    return shape.layer_norm ? own.norm.outputs : at_steps(own.trial.pass.leaving);
  }
  // An environment's numbers among those of all, of the first network; else null.
  template <class Number>
  FN Number* prompt_of(Number* of_all, int network, int env) const {
    if (of_all == nullptr || network > 0) return nullptr;
    return of_all + static_cast<long>(env) * prompt_numbers<Memory>(shape.memory);
  }
  FN T* gradient_of(int tile, int network) const {
    return partial + static_cast<long>(tile) * shape.parameters() + network * shape.network_parameters();
  }

  // All weights; clears the sums and the gradients. Syncs.
  template <class Team>
  TEAM_FN void prepare(const Team& team, const Buffers& b, int tile) const {
    for (int n = 0; n < shape.networks(); ++n) {
      const Network& network = b.networks[n];
      const T* const own = params + n * shape.network_parameters();
      Memory::load_weights(team, shape.memory, own, network.memory);
      if (shape.layer_norm)
        load_layer_norm(team, shape.hidden, own + Memory::parameters(shape.memory), network.norm);
      Memory::clear_sums(team, shape.memory, network.sums);
      if (partial != nullptr)
        fill(team, gradient_of(tile, n) + shape.embedding_offset(), shape.embedding_parameters(), T(0));
    }
    fill(team, b.zero, padded(shape.hidden > shape.embedding ? shape.hidden : shape.embedding), T(0));
    this->prepare_rows(team, shape, b.rows, params + shape.memory_parameters());
    fill(team, b.head_sums, static_cast<long>(shape.heads()) * padded(shape.hidden), T(0));
    fill(team, b.row_sums, static_cast<long>(quantities(shape)) * kChains, T(0));
    team.sync();
  }

  // The networks' outputs at all steps of an environment. Syncs.
  template <class Team>
  TEAM_FN void forward(const Team& team, const Buffers& b, int env) const {
    const int steps = trials.batch.horizon;
    for (int n = 0; n < shape.networks(); ++n) {
      const Network& own = b.networks[n];
      if (n < shape.input_sets())
        take_in(team, shape, TrialRows<T>{trials.batch, env, steps},
                params + n * shape.network_parameters() + shape.embedding_offset(), b.zero,
                b.inputs_of(n, shape));
      Memory::forward(team, shape.memory, own.memory, steps, b.inputs_of(n, shape),
                      prompt_of(prompts, n, env), own.trial);
      if (shape.layer_norm)
        normalise_rows(team, shape.hidden, own.norm, steps, at_steps(own.trial.pass.leaving),
                       Memory::state_size(shape.memory));
    }
  }

  // The objective's gradient by the networks' outputs, kStride steps at a time. Syncs.
  template <class Team>
  TEAM_FN void through_heads(const Team& team, const Buffers& b, int env, T entropy_weight) const {
    const int steps = trials.batch.horizon, width = padded(shape.hidden);
    for (int first = 0; first < steps; first += kStride) {
      const int rows = min_of(kStride, steps - first);
      const TrialRows<T> drawn{trials.batch, env, steps};
      if (rows < kStride) {  // lanes behind the last step have no weight
        fill(team, b.rows.drawn, static_cast<long>(trials.batch.action_size + Objective::kDrawn) * kStride,
             T(0));
        team.sync();
      }
      this->gather_drawn(team, shape, b.rows, rows, [&](int row) FN_LAMBDA { return drawn.at(first + row); });
      for (int n = 0; n < shape.networks(); ++n)
        forward_heads(team, shape, n, b.rows.heads, rows,
                      {outputs_of(b.networks[n]) + static_cast<long>(first) * width, width}, b.rows.outputs,
                      kStride);
      this->seed_rows(team, shape, b.rows, rows, entropy_weight);
      team.sync();
      add_rows(team, rows, quantities(shape), b.rows.seeds, kStride, b.row_sums);
      for (int n = 0; n < shape.networks(); ++n) {
        const Network& own = b.networks[n];
        const int head = shape.first_head(n), heads = shape.heads_of(n);
        const long at = static_cast<long>(first) * width;
        const T* const seeds = b.rows.seeds + head * kStride;
        T *const sums = b.head_sums + static_cast<long>(head) * width, *const by_outputs =
                                                                           (shape.layer_norm
                                                                                ? own.norm.by_outputs
                                                                                : at_steps(own.state)) +
                                                                           at;
        multiply(team, heads, width, Left<T>{seeds, kStride, 1}, Right<T>{outputs_of(own) + at, width}, rows,
                 Start<T>{sums, width}, sums, width);
        multiply(team, rows, width, Left<T>{seeds, 1, kStride},
                 Right<T>{b.rows.heads.transposed + static_cast<long>(head) * width, width}, heads,
                 Start<T>{b.zero, 0}, by_outputs, width);
      }
      team.sync();
    }
  }

  // From there to the sums of the networks' weights. Syncs.
  template <class Team>
  TEAM_FN void backward(const Team& team, const Buffers& b, int tile, int env) const {
    const int steps = trials.batch.horizon, size = padded(shape.embedding);
    for (int n = 0; n < shape.networks(); ++n) {
      const Network& own = b.networks[n];
      const long of_prompt = static_cast<long>(prompt_rows(shape)) * padded(shape.hidden);
      fill(team, own.state,
           of_prompt + (shape.layer_norm ? static_cast<long>(steps) * padded(shape.hidden) : 0), T(0));
      team.sync();
      if (shape.layer_norm)
        back_through_layer_norm(team, shape.hidden, own.norm, steps, at_steps(own.state),
                                padded(shape.hidden));
      Memory::backward(team, shape.memory, own.memory, steps, b.inputs_of(n, shape), own.trial, own.state,
                       own.sums, partial != nullptr);
      if (T* const to = prompt_of(by_prompts, n, env); to != nullptr)
        for (int i = team.rank(); i < prompt_numbers<Memory>(shape.memory); i += team.size())
          to[i] = own.state[i];
      if (shape.embedding == 0 || partial == nullptr) continue;
      Memory::input_gradient(team, shape.memory, own.memory, steps, at_steps(own.state), b.by_inputs);
      add_symbol_gradient(team, shape.embedding_table(), steps, TrialRows<T>{trials.batch, env, steps},
                          b.by_inputs, size, gradient_of(tile, n) + shape.embedding_offset());
      team.sync();
    }
  }

  // The flat gradient but for the embeddings', which lie there, and the values. Does not sync.
  template <class Team>
  TEAM_FN void write(const Team& team, const Buffers& b, int tile) const {
    if (partial == nullptr) return;
    const int numbers = shape.heads() + shape.actions();
    for (int n = 0; n < shape.networks(); ++n) {
      const Network& own = b.networks[n];
      T* const to = gradient_of(tile, n);
      Memory::store_gradient(team, shape.memory, own.sums, to);
      if (shape.layer_norm)
        store_layer_norm_gradient(team, shape.hidden, own.norm, to + Memory::parameters(shape.memory));
    }
    const auto sum = [&](int quantity) FN_LAMBDA { return close_chains(b.row_sums + quantity * kChains); };
    store_heads_gradient(team, shape, b.head_sums, sum, gradient_of(tile, shape.networks()));
    for (int i = team.rank(); i < kTrialValues; i += team.size())
      values[static_cast<long>(tile) * kTrialValues + i] = sum(numbers + i);
  }
};

}  // namespace innerloop
