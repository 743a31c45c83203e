// How the rows of a task go through a network: cut into chunks, block by block, forward and backward.
//
// The rows of a task are cut into chunks of kChunkRows, one team each; a chunk's gradient is one partial sum, and the
// partial sums are added in their order. The cut does not depend on the machine, so neither do the bits.
#pragma once

#include "kernels/networks/batch.h"
#include "kernels/networks/gradient_sums.h"

namespace innerloop {

inline constexpr int kChunkRows = 512;

// Chunks that `rows` rows of a task are cut into.
FN constexpr int chunks(int rows) { return ceil_div(rows, kChunkRows); }

// Rows that pass through the network together. Any multiple of 16 gives the same bits, and a GPU picks its own.
inline constexpr int kBlockRows = 64;

// Buffers of the hidden layers for a block, where none are kept from the rollout.
template <class T>
struct BlockBuffers {
  int stride;  // rows that there is room for
  T* hidden[kMaxLayers];
  T* outputs;    // [output][stride]
  T* head_rows;  // [stride][padded(outputs)]
  T* zeros;      // [padded(widest)]
};
template <class T>
FN BlockBuffers<T> take_block_buffers(Scratch& scratch, const PolicyShape& shape, int block_rows, bool kept) {
  const long rows = block_rows;
  BlockBuffers<T> b;
  b.stride = block_rows;
  // With no hidden layer the head wants its inputs row by row; hidden[0] is that copy.
  b.hidden[0] = shape.layers == 1 ? scratch.take<T>(rows * padded(shape.inputs())) : nullptr;
  for (int l = 1; l < shape.layers; ++l)
    b.hidden[l] = kept ? nullptr : scratch.take<T>(rows * padded(shape.width[l]));
  b.outputs = scratch.take<T>(rows * shape.outputs());
  b.head_rows = shape.narrow_head() ? nullptr : scratch.take<T>(rows * padded(shape.outputs()));
  b.zeros = scratch.take<T>(padded(shape.widest()));
  return b;
}

// Where the gradient at each hidden layer of a block goes, [row][padded(width)]. It takes the layer's own place, since
// nothing needs the layer any more by then, or a place beside it where the layer is kept.
template <class T>
struct BackBuffers {
  T* turns[2];  // null: into the layers' places

  FN T* at(const Block<T>& block, int layer) const {
    return turns[0] == nullptr ? block.hidden[layer] : turns[layer % 2];
  }
};
template <class T>
FN BackBuffers<T> take_back_buffers(Scratch& scratch, const PolicyShape& shape, int block_rows, bool kept) {
  BackBuffers<T> back{{nullptr, nullptr}};
  if (kept)
    for (T*& turn : back.turns)
      turn = scratch.take<T>(static_cast<long>(block_rows) * padded(shape.widest()));
  return back;
}

// Zeros for the rows that fill up the last 16 of `outputs` ([output][stride]): the head's formulas take them along, and
// nothing counts them. Does not sync.
template <class Team>
TEAM_FN void clear_rest(const Team& team, const PolicyShape& shape, int rows, typename Team::Scalar* outputs,
                        int stride) {
  const int rest = round_up(rows, kChains) - rows;
  for (int i = team.rank(); i < rest * shape.outputs(); i += team.size())
    outputs[i / rest * stride + rows + i % rest] = 0;
}

// Fills in the block of rows [row, row + rows) of a task, with its inputs and, where they are kept, its hidden layers. It
// does so in place, as nvcc would copy what is returned. Syncs.
template <class Team>
TEAM_FN void begin_block(const Team& team, const PolicyShape& shape,
                         const InputRows<typename Team::Scalar>& inputs,
                         const Kept<typename Team::Scalar>& kept, const Place& place,
                         const BlockBuffers<typename Team::Scalar>& buffers, int row, int rows,
                         Block<typename Team::Scalar>& block) {
  using T = typename Team::Scalar;
  const T* const from = inputs.of(place.task) + row;
  block.rows = rows;
  block.inputs = {from, 1, static_cast<int>(inputs.row_stride)};
  block.symbols = inputs.symbols_of(place.task, row);
  block.outputs = buffers.outputs;
  block.output_stride = buffers.stride;
  block.head_rows = buffers.head_rows;
  block.hidden[0] = buffers.hidden[0];
  for (int l = 1; l < shape.layers; ++l)
    block.hidden[l] = kept.data == nullptr ? buffers.hidden[l]
                                           : kept.layer(shape, place.slot, l, inputs.rows) +
                                                 static_cast<long>(row) * padded(shape.width[l]);
  if (shape.layers == 1) {
    for (int r = team.rank(); r < rows; r += team.size())
      for (int i = 0; i < padded(shape.inputs()); ++i)
        block.hidden[0][r * padded(shape.inputs()) + i] =
            i < shape.inputs() ? from[i * inputs.row_stride + r] : T(0);
  }
  clear_rest(team, shape, rows, block.outputs, block.output_stride);
  team.sync();
}

// The same with the hidden layers, computed or kept, and the outputs. Syncs.
template <class Team>
TEAM_FN void forward_block(const Team& team, const PolicyShape& shape,
                           const Weights<typename Team::Scalar>& w,
                           const InputRows<typename Team::Scalar>& inputs,
                           const Kept<typename Team::Scalar>& kept, const Place& place,
                           const BlockBuffers<typename Team::Scalar>& buffers, int row, int rows,
                           Block<typename Team::Scalar>& block) {
  begin_block(team, shape, inputs, kept, place, buffers, row, rows, block);
  if (kept.data == nullptr) forward_hidden(team, shape, w, block);
  forward_head(team, shape, w, block);
}

// For product(): stores sums times the slope of the activation whose values are `hidden`; both [row][stride].
template <class Team>
struct TimesSlope {
  using V = typename Team::Vector;
  Activation activation;
  const typename Team::Scalar* hidden;
  typename Team::Scalar* to;
  int stride;

  FN void operator()(int m, int n, V sum) const {
    const int i = m * stride + n;
    const V h = load_aligned<V>(hidden + i);
    with_activation(activation,
                    [&](auto act) FN_LAMBDA { store_in_scratch<Team>(to + i, sum * act.slope(h)); });
  }
};

// Goes back from ∂/∂output of each row ([output][output_stride]) to the weights' gradient, block by block. Syncs.
template <class Team>
TEAM_FN void backward_block(const Team& team, const PolicyShape& shape,
                            const Weights<typename Team::Scalar>& w,
                            const Block<typename Team::Scalar>& block,
                            const typename Team::Scalar* output_seeds,
                            const BackBuffers<typename Team::Scalar>& back,
                            const typename Team::Scalar* zeros,
                            const GradientSums<typename Team::Scalar>& sums) {
  using T = typename Team::Scalar;
  using V = typename Team::Vector;
  const int head = shape.layers - 1;
  // Layer `head`'s gradient is [output][row]; the layers below it have theirs row by row, [row][padded(width)].
  Left<T> gradient{output_seeds, 1, block.output_stride};
  add_products(team, shape.outputs(), shape.width[head], sums.weight[head],
               Array<Term<T>, 1>{{{{output_seeds, block.output_stride, 1},
                                   {block.hidden[head], padded(shape.width[head])},
                                   block.rows}}});
  for (int l = head; l > 0; --l) {
    const int in = shape.width[l], stride = padded(in);
    T* to = back.at(block, l);
    const T* hidden = block.hidden[l];
    team.sync();  // the layer is read no more, and its place is taken
    product<V>(team, block.rows, stride,
               Array<Term<T>, 1>{{{gradient, {w.transposed[l], stride}, shape.width[l + 1]}}}, {zeros, 0},
               TimesSlope<Team>{shape.activation, hidden, to, stride});
    team.sync();
    const Left<T> entering = block.entering(shape, l - 1);
    add_products(
        team, shape.width[l - 1], in, sums.weight[l - 1],
        Array<Term<T>, 1>{
            {{{entering.data, entering.depth_stride, entering.row_stride}, {to, stride}, block.rows}}});
    add_columns(team, block.rows, in, sums.bias[l - 1], to, padded(in));
    if (l == 1 && shape.symbols > 0)
      add_symbol_gradient(team, shape.symbol_table(), block.rows, block.symbols, to, stride, sums.symbols);
    gradient = {to, stride, 1};
  }
  team.sync();
}

}  // namespace innerloop
