// Where a team gathers a gradient over the rows of its chunk, and how it leaves.
//
// Weight gradients are chains of fused multiply-adds over the rows in their order, continued from block to block.
// Sums over single rows (head bias, log_std, values) run in 16 chains, row r in chain r mod 16, closed by a fixed tree:
// that is the same sum for packs of 1, 4, 8 or 16 rows.
#pragma once

#include "kernels/lanes/chains.h"
#include "kernels/networks/network.h"

namespace innerloop {

template <class T>
struct GradientSums {
  T* weight[kMaxLayers];  // hidden layers: [in][padded(out)]; the head, transposed: [out][padded(in)]
  T* bias[kMaxLayers];    // hidden layers: [padded(out)]
  T* rows;                // [row_quantities][16]: head bias, log_std, then what the pass adds
  int row_quantities;
  T* symbols;  // the first layer's rows for symbols, in the flat gradient itself; whoever has one says where
};

template <class T>
FN GradientSums<T> take_gradient_sums(Scratch& scratch, const PolicyShape& shape, int extra_quantities) {
  GradientSums<T> sums;
  for (int l = 0; l < shape.layers; ++l) {
    const bool head = l + 1 == shape.layers;
    const int in = shape.width[l], out = shape.width[l + 1];
    sums.weight[l] =
        scratch.take<T>(head ? static_cast<long>(out) * padded(in) : static_cast<long>(in) * padded(out));
    sums.bias[l] = head ? nullptr : scratch.take<T>(padded(out));
  }
  sums.row_quantities = 2 * shape.outputs() + extra_quantities;
  sums.rows = scratch.take<T>(static_cast<long>(sums.row_quantities) * kChains);
  sums.symbols = nullptr;
  return sums;
}

template <class Team>
TEAM_FN void fill(const Team& team, typename Team::Scalar* to, long count, typename Team::Scalar value) {
  for (long i = team.rank(); i < count; i += team.size()) to[i] = value;
}

// Syncs.
template <class Team>
TEAM_FN void clear(const Team& team, const PolicyShape& shape,
                   const GradientSums<typename Team::Scalar>& sums) {
  for (int l = 0; l < shape.layers; ++l) {
    const bool head = l + 1 == shape.layers;
    const int in = shape.width[l], out = shape.width[l + 1];
    fill(team, sums.weight[l],
         head ? static_cast<long>(out) * padded(in) : static_cast<long>(in) * padded(out), 0);
    if (!head) fill(team, sums.bias[l], padded(out), 0);
  }
  fill(team, sums.rows, static_cast<long>(sums.row_quantities) * kChains, 0);
  if (sums.symbols != nullptr)
    fill(team, sums.symbols, static_cast<long>(shape.symbol_rows()) * shape.width[1], 0);
  team.sync();
}

// sum[m][n] += Σ of the term, over the rows of a block. Does not sync.
template <class Team, class Terms>
TEAM_FN void add_products(const Team& team, int rows, int columns, typename Team::Scalar* sum,
                          const Terms& terms) {
  using V = typename Team::Vector;
  const int stride = padded(columns);
  product<V>(team, rows, stride, terms, {sum, stride}, sum, stride);
}

// sum[m][n] += the tangent of a product over the rows of a block: row by row, so that the sum is the same however many
// rows a block has. Does not sync.
template <class Team>
TEAM_FN void add_tangent_products(const Team& team, int rows, int columns, typename Team::Scalar* sum,
                                  const TangentTerm<typename Team::Scalar>& term) {
  using V = typename Team::Vector;
  const int stride = padded(columns);
  tangent_product<V>(team, rows, stride, term, {sum, stride}, StoreSums<Team>{opaque(sum), stride});
}

// bias[n] += Σ over the block's rows of G[row][n], rows `row_size` numbers apart. Does not sync.
template <class Team>
TEAM_FN void add_columns(const Team& team, int rows, int columns, typename Team::Scalar* bias,
                         const typename Team::Scalar* gradient, int row_size) {
  // A processor's few vectors hide each other's latency; a block has a thread for each column.
  using V = std::conditional_t<Team::exact_tiles, typename Team::Vector, typename Team::Lane>;
  constexpr int kTogether = Team::exact_tiles ? 4 : 1;
  const int stride = padded(columns);
  for (int n = team.rank() * V::lanes * kTogether; n < stride; n += team.size() * V::lanes * kTogether) {
    V sum[kTogether];
    UNROLL
    for (int j = 0; j < kTogether; ++j)
      sum[j] = n + j * V::lanes < stride ? load_aligned<V>(bias + n + j * V::lanes) : V(0);
    const typename Team::Scalar* row = gradient + n;
    for (int r = 0; r < rows; ++r, row += row_size) {
      UNROLL
      for (int j = 0; j < kTogether; ++j)
        if (n + j * V::lanes < stride) sum[j] = sum[j] + load_aligned<V>(row + j * V::lanes);
    }
    UNROLL
    for (int j = 0; j < kTogether; ++j)
      if (n + j * V::lanes < stride) store_aligned(bias + n + j * V::lanes, sum[j]);
  }
}

// Adds the rows of `quantities` arrays [quantity][stride] to the chains from `first` on. The rows up to the next
// multiple of 16 must be zero. Does not sync.
template <class Team>
TEAM_FN void add_rows(const Team& team, int rows, int quantities, const typename Team::Scalar* from,
                      int stride, typename Team::Scalar* chains) {
  using L = typename Team::Lane;
  static_assert(kChains % L::lanes == 0);
  constexpr int packs = kChains / L::lanes;
  for (int i = team.rank(); i < quantities * packs; i += team.size()) {
    const int quantity = i / packs, chain = i % packs * L::lanes;
    typename Team::Scalar* at = chains + quantity * kChains + chain;
    L sum = load<L>(at);
    for (int r = chain; r < rows; r += kChains)
      sum = sum + load<L>(from + static_cast<long>(quantity) * stride + r);
    store(at, sum);
  }
}

// Writes the flat gradient [P], but for the symbols' rows, which lie there. The caller has synced.
template <class Team>
TEAM_FN void store_gradient(const Team& team, const PolicyShape& shape,
                            const GradientSums<typename Team::Scalar>& sums,
                            typename Team::Scalar* gradient) {
  using T = typename Team::Scalar;
  // A block's threads, side by side, fill whole sectors of memory by a number each.
  using V = std::conditional_t<Team::exact_tiles, typename Team::Vector, typename Team::Lane>;
  for (int l = 0; l + 1 < shape.layers; ++l) {
    const int in = shape.width[l], out = shape.width[l + 1], stride = padded(out);
    T* weight = gradient + shape.weight_offset(l);
    // The bias follows the weights: it is their last row, here and there.
    for_cells(team, in + 1, ceil_div(out, V::lanes), [&](int i, int vector) FN_LAMBDA {
      const T* row = i < in ? sums.weight[l] + static_cast<long>(i) * stride : sums.bias[l];
      const int o = vector * V::lanes;
      store_first(weight + static_cast<long>(i) * out + o, load_aligned<V>(row + o), out - o);
    });
  }
  const int head = shape.layers - 1, in = shape.width[head], outputs = shape.outputs(), stride = padded(in);
  T* weight = gradient + shape.weight_offset(head);
  for (int i = team.rank(); i < in; i += team.size())
    for (int o = 0; o < outputs; ++o) weight[i * outputs + o] = sums.weight[head][o * stride + i];
  for (int o = team.rank(); o < outputs; o += team.size()) {
    gradient[shape.bias_offset(head) + o] = close_chains(sums.rows + o * kChains);
    if (shape.head == HeadKind::gaussian)
      gradient[shape.log_std_offset() + o] = close_chains(sums.rows + (outputs + o) * kChains);
  }
}

}  // namespace innerloop
