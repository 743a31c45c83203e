// One pass of a network over the rows of each task: forward, ∂objective/∂output of every row, backward.
//
// What differs between a policy, a value network, a decoder and a model of the dynamics is the objective that judges their
// outputs. The objective of a task is a mean over its valid rows: one team per (task, chunk of rows) writes a partial sum of
// the gradient; apply_gradient.h adds those up and divides by the number of samples.
//
// An objective is a struct of plain data that derives from ObjectiveBase and has
//
//   template <class L>
//   FN void seed(const PassRows<L>& rows, const Prepared& prepared) const;
//
// For a pack of rows it hands over ∂objective/∂output of each output (PassRows::seed) and kValues quantities of each row
// (PassRows::value), whose sums leave beside the gradient. The pass takes out the rows that are not valid. ValueError in
// value_network.h is an objective of a few lines, PolicyObjective in policy_gradient.h one with all there is.
#pragma once

#include "kernels/inner/apply_gradient.h"
#include "kernels/networks/blocks.h"
#include "kernels/networks/context.h"
#include "kernels/networks/head.h"
#include "kernels/products/called_product.h"

namespace innerloop {

// A pack of rows as an objective sees it, and where the objective leaves what it makes of them.
template <class L>
struct PassRows {
  using T = typename L::value_type;

  HeadKind head_kind;
  const HeadConstants<T>& head;  // for a Gaussian head, from the network's own log_std
  int task;
  long row;          // the pack's first row, counted through the task
  const T* outputs;  // [output][output_stride], from the first row on
  int output_stride;
  T* seeds;  // [2·outputs + kValues][kBlockRows]: ∂/∂output, ∂/∂log_std, values; from the first row on
  decltype(L(0) > L(0)) valid;

  // Where the pack's first row is in `numbers` [task][quantity][row_stride].
  FN const T* of(const T* numbers, long row_stride, int quantities = 1) const {
    return numbers + static_cast<long>(task) * quantities * row_stride + row;
  }
  FN L output(int o) const { return load<L>(outputs + o * output_stride); }
  // For the head's formulas; `actions`, or what else is to be likely, is [task][dimension][row_stride], and `allowed`
  // [task][word][row_stride], or null (head_rows.h).
  FN HeadRows<T> with_actions(const T* actions, long row_stride, int dimensions,
                              const std::uint32_t* allowed = nullptr) const {
    HeadRows<T> rows{outputs, output_stride, of(actions, row_stride, dimensions), row_stride};
    if (allowed == nullptr) return rows;
    rows.allowed = allowed + static_cast<long>(task) * mask_words(head.outputs) * row_stride + row;
    rows.allowed_stride = row_stride;
    return rows;
  }

  // Hands over ∂objective/∂output of output o.
  FN void seed(int o, L by_output) const { set(o, by_output); }
  // The same for the output of a Gaussian head, with ∂objective/∂log_std. A log_std that is never seeded has gradient 0.
  FN void seed(int o, L by_output, L by_log_std) const {
    set(o, by_output);
    set(head.outputs + o, by_log_std);
  }
  // Adds to what seed() handed over.
  FN void add_seed(int o, L by_output, L by_log_std) const {
    add(o, by_output);
    add(head.outputs + o, by_log_std);
  }
  // Hands over quantity i < kValues of each row.
  FN void value(int i, L x) const { set(2 * head.outputs + i, x); }

 private:
  FN void set(int quantity, L x) const { store(seeds + quantity * kBlockRows, select(valid, x, L(0))); }
  FN void add(int quantity, L x) const {
    T* const at = seeds + quantity * kBlockRows;
    store(at, load<L>(at) + select(valid, x, L(0)));
  }
};

// What an objective need not have.
struct ObjectiveBase {
  static constexpr int kValues = 0;

  // What the team prepares once for all rows, in scratch memory.
  struct Prepared {};
  FN static Prepared take(Scratch&, const PolicyShape&) { return {}; }
  // Syncs where it prepares something.
  template <class Team>
  FN void prepare(const Team&, const PolicyShape&, int /*task*/, const Prepared&) const {}
};

template <class T, class Objective>
struct NetworkPass {
  using Follower = ApplyGradient<T>;

  PolicyShape shape;
  Parameters<T> params;  // θ at which the gradient is taken
  InputRows<T> inputs;
  Kept<T> kept;  // hidden layers of θ for these rows, or null: computed anew
  Objective objective;

  T* partial = nullptr;  // [slot][chunk][P]; null: only the values are wanted
  T* values = nullptr;   // [task][chunk][kValues]; null: not wanted
  const int* enabled = nullptr;

  FN int parts() const { return chunks(inputs.rows); }
  template <class Team>
  FN long scratch_bytes() const;
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const;
};

namespace pass_detail {
template <class T, class Objective>
struct Buffers {
  Weights<T> weights;
  HeadConstants<T> head;
  typename Objective::Prepared prepared;
  GradientSums<T> sums;
  BlockBuffers<T> block;
  BackBuffers<T> back;
  ContextGradient<T> context;
  T* seeds;  // [2·outputs + kValues][kBlockRows]

  FN Buffers(Scratch& scratch, const PolicyShape& shape, bool kept)
      : weights(take_weights<T>(scratch, shape, true)),
        head(take_head_constants<T>(scratch, shape)),
        prepared(Objective::take(scratch, shape)),
        sums(take_gradient_sums<T>(scratch, shape, Objective::kValues)),
        block(take_block_buffers<T>(scratch, shape, kBlockRows, kept)),
        back(take_back_buffers<T>(scratch, shape, kBlockRows, kept)),
        context(take_context_gradient<T>(scratch, shape)),
        seeds(scratch.take<T>(static_cast<long>(kBlockRows) * sums.row_quantities)) {}
};

// Has the objective seed the rows of a block that starts at `row`. Does not sync.
template <class Team, class Objective>
TEAM_FN void seed_rows(const Team& team, const NetworkPass<typename Team::Scalar, Objective>& op, int task,
                       int row, const Block<typename Team::Scalar>& block,
                       const Buffers<typename Team::Scalar, Objective>& b) {
  using L = typename Team::Lane;
  const auto* valid = op.inputs.valid + static_cast<long>(task) * op.inputs.row_stride + row;
  for (int r = team.rank() * L::lanes; r < round_up(block.rows, kChains); r += team.size() * L::lanes)
    op.objective.seed(PassRows<L>{op.shape.head, b.head, task, row + r, block.outputs + r,
                                  block.output_stride, b.seeds + r, load<L>(valid + r) > L(0)},
                      b.prepared);
}
}  // namespace pass_detail

template <class T, class Objective>
template <class Team>
FN long NetworkPass<T, Objective>::scratch_bytes() const {
  Scratch scratch;
  pass_detail::Buffers<T, Objective>(scratch, shape, kept.data != nullptr);
  return scratch.used();
}

template <class T, class Objective>
template <class Team>
TEAM_FN void NetworkPass<T, Objective>::operator()(const Team& inlining, const Place& place,
                                                   Scratch scratch) const {
  const CallsLargeProducts<Team> team(inlining);
  const Kept<T> layers = kept_for<Team>(kept);
  pass_detail::Buffers<T, Objective> b(scratch, shape, layers.data != nullptr);
  const T* theta = params.of(place.task);
  const long chunk = static_cast<long>(place.slot) * parts() + place.part;
  T* const gradient = partial == nullptr ? nullptr : partial + chunk * shape.parameters();
  if (shape.symbols > 0) {
    b.weights.symbols = {theta + shape.symbol_offset()};
    if (gradient != nullptr) b.sums.symbols = gradient + shape.symbol_offset();
  }
  const ValuesAt<T> value{theta};
  load_weights(team, shape, value, b.weights);
  add_context(team, shape, value, b.weights);
  load_head_constants(team, shape, b.weights.log_std, b.head);
  objective.prepare(team, shape, place.task, b.prepared);
  fill(team, b.block.zeros, padded(shape.widest()), T(0));
  fill(team, b.seeds, static_cast<long>(kBlockRows) * b.sums.row_quantities, T(0));
  clear(team, shape, b.sums);
  const int end = min_of(inputs.rows, (place.part + 1) * kChunkRows);
  for (int row = place.part * kChunkRows; row < end; row += kBlockRows) {
    const int rows = min_of(kBlockRows, end - row);
    Block<T> block;
    forward_block(team, shape, b.weights, inputs, layers, place, b.block, row, rows, block);
    pass_detail::seed_rows(team, *this, place.task, row, block, b);
    team.sync();
    add_rows(team, rows, b.sums.row_quantities, b.seeds, kBlockRows, b.sums.rows);
    if (gradient != nullptr)
      backward_block(team, shape, b.weights, block, b.seeds, b.back, b.block.zeros, b.sums);
    team.sync();
  }
  if (gradient != nullptr) {
    store_gradient(team, shape, b.sums, gradient);
    store_context_gradient(team, shape, value, b.context, gradient);
  }
  if (values != nullptr)
    for (int i = team.rank(); i < Objective::kValues; i += team.size())
      values[(static_cast<long>(place.task) * parts() + place.part) * Objective::kValues + i] =
          close_chains(b.sums.rows + (2 * shape.outputs() + i) * kChains);
}

}  // namespace innerloop
