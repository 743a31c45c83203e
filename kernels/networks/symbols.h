// Symbols: what enters a network beside numbers, each at a place of its own and one of so many kinds.
//
// A first layer has a row of weights for each kind at each place, and adds the rows of the symbols that it sees to its bias;
// what the numbers bring comes on top. That is its product with one-hot codes of the symbols, at the cost of an addition a
// place. The rows stay where the flat parameters lie, as there are far more of them than scratch memory holds.
#pragma once

#include "kernels/lanes/cells.h"
#include "kernels/networks/symbol_table.h"
#include "kernels/products/product.h"

namespace innerloop {

// The rows of weights, or a direction's: scale∘rows.
template <class T>
struct SymbolWeights {
  const T* rows = nullptr;   // [place][kind][row_size]
  const T* scale = nullptr;  // null: 1
  int scale_stride = 0;      // 1: each weight has its own; 0: they share one

  template <class V>
  FN V load(long at, int count) const {
    const V row = load_first<V>(rows + at, count);
    if (scale == nullptr) return row;
    return (scale_stride == 0 ? V(*scale) : load_first<V>(scale + at, count)) * row;
  }
};

// to[row][n] = bias[n] + Σ of the rows that `rows` rows look up, place by place; `to` and `bias` are in scratch memory, with
// rows of padded(width). Does not sync.
template <class Team>
TEAM_FN void look_up_symbols(const Team& team, const SymbolTable& table, int rows,
                             const SeenSymbols<typename Team::Scalar>& seen,
                             const SymbolWeights<typename Team::Scalar>& weights,
                             const typename Team::Scalar* bias, typename Team::Scalar* to, int to_stride) {
  using V = typename Team::Vector;
  // A processor's few vectors hide each other's latency; a block has threads for that.
  constexpr int kTogether = Team::exact_tiles ? 4 : 1;
  constexpr int columns = V::lanes * kTogether;
  for_cells(team, rows, ceil_div(table.width, columns), [&](int row, int group) FN_LAMBDA {
    const int first = group * columns;
    V sum[kTogether];
    UNROLL
    for (int j = 0; j < kTogether; ++j)
      if (first + j * V::lanes < table.width) sum[j] = load_aligned<V>(bias + first + j * V::lanes);
    for (int place = 0; place < table.places; ++place) {
      const long at = table.row(place, seen.of(place, row)) + first;
      UNROLL
      for (int j = 0; j < kTogether; ++j)
        if (first + j * V::lanes < table.width)
          sum[j] = sum[j] + weights.template load<V>(at + j * V::lanes, table.width - first - j * V::lanes);
    }
    UNROLL
    for (int j = 0; j < kTogether; ++j)
      if (first + j * V::lanes < table.width)
        store_in_scratch<Team>(to + static_cast<long>(row) * to_stride + first + j * V::lanes, sum[j]);
  });
  for_cells(team, rows, to_stride - round_up(table.width, V::lanes), [&](int row, int i) FN_LAMBDA {
    to[static_cast<long>(row) * to_stride + round_up(table.width, V::lanes) + i] = 0;
  });
}

// gradient[place][kind][n] += by[row][n] for the rows that see the kind at the place, in their order: a thread has columns of
// a place to itself. Does not sync.
template <class Team>
TEAM_FN void add_symbol_gradient(const Team& team, const SymbolTable& table, int rows,
                                 const SeenSymbols<typename Team::Scalar>& seen,
                                 const typename Team::Scalar* by, int by_stride,
                                 typename Team::Scalar* gradient) {
  // A block's threads, side by side, fill whole sectors of memory by a number each.
  using V = std::conditional_t<Team::exact_tiles, typename Team::Vector, typename Team::Lane>;
  for_cells(team, table.places, ceil_div(table.width, V::lanes), [&](int place, int vector) FN_LAMBDA {
    const int n = vector * V::lanes, count = table.width - n;
    for (int row = 0; row < rows; ++row) {
      typename Team::Scalar* const at = gradient + table.row(place, seen.of(place, row)) + n;
      store_first(at, load_first<V>(at, count) + load<V>(by + static_cast<long>(row) * by_stride + n), count);
    }
  });
}

}  // namespace innerloop
