// Symbols: what enters a network beside numbers, each at a place of its own and of one of a number of kinds.
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
};

namespace symbols_detail {
// Vectors of a row that a thread takes at once: a processor's few hide each other's latency, a block has threads for that.
template <class Team>
inline constexpr int kTogether = Team::exact_tiles ? 8 : 1;

// Calls f(at_columns), where at_columns(at) calls at(j, column, how many columns are left) for each vector j of those from
// column `first` on. Where all of them are whole, the compiler sees that.
template <class V, int Together, class F>
FN void with_columns(int width, int first, const F& f) {
  if (width - first >= V::lanes * Together)
    f([&](const auto& at) FN_LAMBDA {
      UNROLL
      for (int j = 0; j < Together; ++j) at(j, first + j * V::lanes, V::lanes);
    });
  else
    f([&](const auto& at) FN_LAMBDA {
      UNROLL
      for (int j = 0; j < Together; ++j)
        if (const int column = first + j * V::lanes; column < width) at(j, column, width - column);
    });
}
}  // namespace symbols_detail

// to[row][n] = bias[n] + Σ of the rows that `rows` rows look up, place by place; `bias` is in scratch memory, and `to` where
// products read it, with rows of padded(width) or more. Seen: SeenSymbols, or what else has of(place, row). Does not sync.
template <class Team, class Seen>
TEAM_FN void look_up_symbols(const Team& team, const SymbolTable& table, int rows, const Seen& seen,
                             const SymbolWeights<typename Team::Scalar>& weights,
                             const typename Team::Scalar* bias, typename Team::Scalar* to, int to_stride) {
  using V = typename Team::Vector;
  constexpr int together = symbols_detail::kTogether<Team>;
  for_cells(team, rows, ceil_div(table.width, V::lanes * together), [&](int row, int group) FN_LAMBDA {
    symbols_detail::with_columns<V, together>(
        table.width, group * V::lanes * together, [&](const auto& at_columns) FN_LAMBDA {
          V sum[together]{};  // GCC does not see that it is always filled
          at_columns([&](int j, int n, int) FN_LAMBDA { sum[j] = load_aligned<V>(bias + n); });
          // numbers(place in the table, count): those of a row from there on.
          const auto add = [&](const auto& numbers) FN_LAMBDA {
            for (int place = 0; place < table.places; ++place) {
              const long at = table.row(place, seen.of(place, row));
              at_columns([&](int j, int n, int count)
                             FN_LAMBDA { sum[j] = sum[j] + numbers(at + n, count); });
            }
          };
          const auto plain = [&](long at, int count)
                                 FN_LAMBDA { return load_first<V>(weights.rows + at, count); };
          if (weights.scale == nullptr)
            add(plain);
          else if (weights.scale_stride == 0)
            add([&](long at, int count) FN_LAMBDA { return V(*weights.scale) * plain(at, count); });
          else
            add([&](long at, int count)
                    FN_LAMBDA { return load_first<V>(weights.scale + at, count) * plain(at, count); });
          at_columns([&](int j, int n, int) FN_LAMBDA {
            store_in_scratch<Team>(to + static_cast<long>(row) * to_stride + n, sum[j]);
          });
        });
  });
  const int written = round_up(table.width, V::lanes);
  for_cells(team, rows, padded(table.width) - written,
            [&](int row, int i) FN_LAMBDA { to[static_cast<long>(row) * to_stride + written + i] = 0; });
}

// gradient[place][kind][n] += by[row][n] for the rows that see the kind at the place, in their order: a thread has columns of
// a place to itself. Does not sync.
template <class Team, class Seen>
TEAM_FN void add_symbol_gradient(const Team& team, const SymbolTable& table, int rows, const Seen& seen,
                                 const typename Team::Scalar* by, int by_stride,
                                 typename Team::Scalar* gradient) {
  // A block's threads, side by side, fill whole sectors of memory by a number each.
  using V = std::conditional_t<Team::exact_tiles, typename Team::Vector, typename Team::Lane>;
  constexpr int together = symbols_detail::kTogether<Team>;
  for_cells(team, table.places, ceil_div(table.width, V::lanes * together),
            [&](int place, int group) FN_LAMBDA {
              symbols_detail::with_columns<V, together>(
                  table.width, group * V::lanes * together, [&](const auto& at_columns) FN_LAMBDA {
                    for (int row = 0; row < rows; ++row) {
                      typename Team::Scalar* const at = gradient + table.row(place, seen.of(place, row));
                      const typename Team::Scalar* const from = by + static_cast<long>(row) * by_stride;
                      at_columns([&](int, int n, int count) FN_LAMBDA {
                        store_first(at + n, load_first<V>(at + n, count) + load<V>(from + n), count);
                      });
                    }
                  });
            });
}

}  // namespace innerloop
