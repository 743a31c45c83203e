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

namespace symbols_detail {
// Vectors of a row that a thread takes at once: a processor's few hide each other's latency, a block has threads for that.
template <class Team>
inline constexpr int kTogether = Team::exact_tiles ? 8 : 1;

// at(j, column, how many columns are left) for each of those vectors, from `first` on, that has columns of the table.
template <class V, int Together, class At>
FN void for_columns(const SymbolTable& table, int first, const At& at) {
  UNROLL
  for (int j = 0; j < Together; ++j) {
    const int column = first + j * V::lanes;
    if (column < table.width) at(j, column, table.width - column);
  }
}
}  // namespace symbols_detail

// to[row][n] = bias[n] + Σ of the rows that `rows` rows look up, place by place; `to` and `bias` are in scratch memory, with
// rows of padded(width). Does not sync.
template <class Team>
TEAM_FN void look_up_symbols(const Team& team, const SymbolTable& table, int rows,
                             const SeenSymbols<typename Team::Scalar>& seen,
                             const SymbolWeights<typename Team::Scalar>& weights,
                             const typename Team::Scalar* bias, typename Team::Scalar* to, int to_stride) {
  using V = typename Team::Vector;
  constexpr int together = symbols_detail::kTogether<Team>;
  for_cells(team, rows, ceil_div(table.width, V::lanes * together), [&](int row, int group) FN_LAMBDA {
    const int first = group * V::lanes * together;
    V sum[together];
    symbols_detail::for_columns<V, together>(
        table, first, [&](int j, int n, int) FN_LAMBDA { sum[j] = load_aligned<V>(bias + n); });
    for (int place = 0; place < table.places; ++place) {
      const long at = table.row(place, seen.of(place, row));
      symbols_detail::for_columns<V, together>(table, first, [&](int j, int n, int count) FN_LAMBDA {
        sum[j] = sum[j] + weights.template load<V>(at + n, count);
      });
    }
    symbols_detail::for_columns<V, together>(table, first, [&](int j, int n, int) FN_LAMBDA {
      store_in_scratch<Team>(to + static_cast<long>(row) * to_stride + n, sum[j]);
    });
  });
  const int written = round_up(table.width, V::lanes);
  for_cells(team, rows, padded(table.width) - written,
            [&](int row, int i) FN_LAMBDA { to[static_cast<long>(row) * to_stride + written + i] = 0; });
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
  constexpr int together = symbols_detail::kTogether<Team>;
  for_cells(team, table.places, ceil_div(table.width, V::lanes * together),
            [&](int place, int group) FN_LAMBDA {
              for (int row = 0; row < rows; ++row) {
                typename Team::Scalar* const at = gradient + table.row(place, seen.of(place, row));
                const typename Team::Scalar* const from = by + static_cast<long>(row) * by_stride;
                symbols_detail::for_columns<V, together>(
                    table, group * V::lanes * together, [&](int, int n, int count) FN_LAMBDA {
                      store_first(at + n, load_first<V>(at + n, count) + load<V>(from + n), count);
                    });
              }
            });
}

}  // namespace innerloop
