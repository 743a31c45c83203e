// Matrix products of a whole batch in memory, for networks that are too wide for one team: C = start + Σ_k A·B, for one or
// two terms, as kernels/products/product.h has it. The CPU does them with its teams, each a block of C, with the same bits as
// one team would; a GPU hands them to cuBLAS (engine/device/cuda/multiply.cu).
#pragma once

#include "kernels/lanes/array.h"
#include "kernels/products/product.h"

namespace innerloop {

template <class T>
struct MatrixProduct {
  int rows = 0, columns = 0;  // of C; whole vectors of columns
  Array<Term<T>, 2> terms{};
  int term_count = 0;
  Start<T> start{};
  T* to = nullptr;  // [row][to_stride]
  int to_stride = 0;

  // Blocks of B, kDepth × kColumns, and of A, kRows × kDepth, whose numbers stay in a core's caches.
  static constexpr int kRows = 96, kColumns = 128, kDepth = 256;

  FN int parts() const { return ceil_div(rows, kRows) * ceil_div(columns, kColumns); }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    const int across = ceil_div(columns, kColumns);
    const int m = place.part / across * kRows, n = place.part % across * kColumns;
    T* const block = to + static_cast<long>(m) * to_stride + n;
    Start<T> from{start.data + static_cast<long>(m) * start.row_stride + n, start.row_stride};
    for (int t = 0; t < term_count; ++t) {
      const Term<T>& term = terms[t];
      const Left<T>& left = term.left;
      for (int k = 0; k < term.depth; k += kDepth) {
        const Term<T> cut{
            {left.data + static_cast<long>(m) * left.row_stride + static_cast<long>(k) * left.depth_stride,
             left.row_stride, left.depth_stride},
            {term.right.data + static_cast<long>(k) * term.right.depth_stride + n, term.right.depth_stride},
            min_of(kDepth, term.depth - k)};
        product<typename Team::Vector>(team, min_of(kRows, rows - m), min_of(kColumns, columns - n),
                                       Array<Term<T>, 1>{{cut}}, from, block, to_stride);
        from = {block, to_stride};
      }
    }
  }
};

}  // namespace innerloop
