// What every pass over the trajectories of a task shares: its chunk of rows, the blocks in it, and their buffers.
//
// The rows of a task are cut into chunks of kChunkRows, one team each; a chunk's gradient is one partial sum, and the
// partial sums are added in their order. The cut does not depend on the machine, so neither do the bits.
#pragma once

#include "kernels/context.h"
#include "kernels/gradient_sums.h"
#include "kernels/head.h"

namespace innerloop {

inline constexpr int kChunkRows = 512;

template <class T>
FN int chunks(const Batch<T>& batch) {
  return ceil_div(batch.rows(), kChunkRows);
}

// Buffers of the hidden layers for a block, where none are kept from the rollout.
template <class Team>
struct BlockBuffers {
  using T = typename Team::Scalar;
  T* hidden[kMaxLayers];
  T* outputs;    // [output][block_rows]
  T* head_rows;  // [block_rows][padded(outputs)]
  T* zeros;      // [padded(widest)]

  FN static BlockBuffers take(Scratch& scratch, const PolicyShape& shape, bool kept) {
    BlockBuffers b;
    // With no hidden layer the head wants its inputs row by row; hidden[0] is that copy.
    b.hidden[0] = shape.layers == 1
                      ? scratch.take<T>(static_cast<long>(Team::block_rows) * padded(shape.inputs()))
                      : nullptr;
    for (int l = 1; l < shape.layers; ++l)
      b.hidden[l] =
          kept ? nullptr : scratch.take<T>(static_cast<long>(Team::block_rows) * padded(shape.width[l]));
    b.outputs = scratch.take<T>(static_cast<long>(Team::block_rows) * shape.outputs());
    b.head_rows = shape.narrow_head()
                      ? nullptr
                      : scratch.take<T>(static_cast<long>(Team::block_rows) * padded(shape.outputs()));
    b.zeros = scratch.take<T>(padded(shape.widest()));
    return b;
  }
};

// Zeros for the rows that fill up the last 16 of `outputs` ([output][block_rows]): the head's formulas take them along,
// and nothing counts them. Does not sync.
template <class Team>
TEAM_FN void clear_rest(const Team& team, const PolicyShape& shape, int rows,
                        typename Team::Scalar* outputs) {
  const int rest = round_up(rows, kChains) - rows;
  for (int i = team.rank(); i < rest * shape.outputs(); i += team.size())
    outputs[i / rest * Team::block_rows + rows + i % rest] = 0;
}

// The block of rows [row, row + rows) of a task: its inputs, and hidden layers and outputs, computed or kept. Syncs.
template <class Team>
TEAM_FN Block<typename Team::Scalar> forward_block(const Team& team, const PolicyShape& shape,
                                                   const Weights<typename Team::Scalar>& w,
                                                   const Batch<typename Team::Scalar>& batch,
                                                   const Kept<typename Team::Scalar>& kept,
                                                   const Place& place, const BlockBuffers<Team>& buffers,
                                                   int row, int rows) {
  using T = typename Team::Scalar;
  Block<T> block;
  block.rows = rows;
  const T* observations =
      batch.observations + static_cast<long>(place.task) * batch.observation_size * batch.row_stride;
  block.inputs = {observations + row, 1, static_cast<int>(batch.row_stride)};
  block.outputs = buffers.outputs;
  block.output_stride = Team::block_rows;
  block.head_rows = buffers.head_rows;
  block.hidden[0] = buffers.hidden[0];
  for (int l = 1; l < shape.layers; ++l)
    block.hidden[l] = kept.data == nullptr ? buffers.hidden[l]
                                           : kept.layer(shape, place.slot, l, batch.rows()) +
                                                 static_cast<long>(row) * padded(shape.width[l]);
  if (shape.layers == 1) {
    for (int r = team.rank(); r < rows; r += team.size())
      for (int i = 0; i < padded(shape.inputs()); ++i)
        block.hidden[0][r * padded(shape.inputs()) + i] =
            i < shape.inputs() ? observations[i * batch.row_stride + row + r] : T(0);
  }
  clear_rest(team, shape, rows, block.outputs);
  team.sync();
  if (kept.data == nullptr) forward_hidden(team, shape, w, block);
  forward_head(team, shape, w, block);
  return block;
}

// The rows' own numbers for the head, from row r of a block that starts at `row`.
template <class T>
FN HeadRows<T> head_rows(const Batch<T>& batch, const Block<T>& block, int task, int row, int r) {
  return {block.outputs + r, block.output_stride,
          batch.actions + static_cast<long>(task) * batch.action_size * batch.row_stride + row + r,
          batch.row_stride};
}

}  // namespace innerloop
