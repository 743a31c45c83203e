// Products with few columns: to[n][m] = bias[n] + Σ_k A[m][k]·B[n][k], with the lanes along k, where both lie side by side.
//
// Vectors along n, as in product.h, would be mostly empty. A sum runs in 16 chains, with k in chain k mod 16 (fused
// multiply-adds in the order of k, through all terms); a fixed tree closes them, and then the bias is added.
#pragma once

#include "kernels/lanes/array.h"
#include "kernels/lanes/chains.h"
#include "kernels/lanes/team.h"

namespace innerloop {

template <class T>
struct DotTerm {
  const T* left;  // [m][left_stride]
  int left_stride;
  const T* right;  // [n][depth]
  int depth;       // a multiple of 16; both are padded with zeros
};

namespace dot_products_detail {
// Computes the chains of the rows from `first` on, [row][16]; rows past the last repeat it.
template <class Team, int Terms>
TEAM_FN void sum_chains(const Array<DotTerm<typename Team::Scalar>, Terms>& terms, int first, int last, int n,
                        typename Team::Scalar* chains) {
  using T = typename Team::Scalar;
  using V = typename Team::Vector;
  constexpr int rows = Team::Lane::lanes, vectors = kChains / V::lanes;
  V sum[rows][vectors];
  UNROLL
  for (int i = 0; i < rows; ++i) UNROLL
  for (int j = 0; j < vectors; ++j) sum[i][j] = V(0);
  UNROLL
  for (int t = 0; t < Terms; ++t) {
    const DotTerm<T>& term = terms[t];
    const T* b = term.right + static_cast<long>(n) * term.depth;
    const T* a[rows];
    a[0] = term.left + static_cast<long>(first) * term.left_stride;
    UNROLL
    for (int i = 1; i < rows; ++i) a[i] = a[i - 1] + (first + i <= last ? term.left_stride : 0);
    for (int k = 0; k < term.depth; k += kChains) UNROLL
    for (int j = 0; j < vectors; ++j) {
      const V right = load_aligned<V>(b + k + j * V::lanes);
      UNROLL
      for (int i = 0; i < rows; ++i)
        sum[i][j] = fma(load_aligned<V>(a[i] + k + j * V::lanes), right, sum[i][j]);
    }
  }
  UNROLL
  for (int i = 0; i < rows; ++i) UNROLL
  for (int j = 0; j < vectors; ++j) store_aligned(chains + i * kChains + j * V::lanes, sum[i][j]);
}

// Each thread has the rows of a lane.
template <class Team, int Terms>
TEAM_FN void by_lanes(const Team& team, int rows, int columns,
                      const Array<DotTerm<typename Team::Scalar>, Terms>& terms,
                      const typename Team::Scalar* bias, typename Team::Scalar* to, int to_stride) {
  using L = typename Team::Lane;
  for (int tile = team.rank(); tile < ceil_div(rows, L::lanes) * columns; tile += team.size()) {
    const int pack = quotient(tile, columns), first = pack * L::lanes, n = tile - pack * columns;
    // They go through memory, each in a function of its own: with both in one, GCC 12 takes the vectors apart.
    alignas(64) typename Team::Scalar chains[L::lanes * kChains];
    sum_chains<Team>(terms, first, rows - 1, n, chains);
    store(to + static_cast<long>(n) * to_stride + first, close_rows<Team>(chains) + L(bias[n]));
  }
}

#if defined(__CUDACC__)
// What a neighbour in the warp has there, so many threads away.
template <class T>
__device__ __forceinline__ Pack<T, 4> of_neighbour(Pack<T, 4> x, int away) {
  Pack<T, 4> theirs;
  UNROLL
  for (int i = 0; i < 4; ++i) theirs.set(i, __shfl_xor_sync(0xFFFFFFFFu, x.get(i), away));
  return theirs;
}
// Four neighbours have a row: each has four of the chains, so that they load 16 numbers side by side, and the sums meet in the
// order of close_chains.
template <bool in_scratch, class Team, int Terms>
TEAM_FN void by_neighbours(const Team& team, int rows, int columns,
                           const Array<DotTerm<typename Team::Scalar>, Terms>& terms,
                           const typename Team::Scalar* bias, typename Team::Scalar* to, int to_stride) {
  using T = typename Team::Scalar;
  using V = Pack<T, 4>;
  const int quarter = team.rank() % 4 * 4, cells = rows * columns;
  const auto near = [](const T* p) FN_LAMBDA { return in_scratch ? Team::in_scratch(p) : p; };
  // All threads of a warp come to the end of each round.
  for (int first = 0; first < cells; first += team.size() / 4) {
    const int cell = first + team.rank() / 4, at = min_of(cell, cells - 1), m = quotient(at, columns),
              n = at - m * columns;
    V sum(0);
    UNROLL
    for (int t = 0; t < Terms; ++t) {
      const DotTerm<T>& term = terms[t];
      const T *const a = near(term.left + static_cast<long>(m) * term.left_stride + quarter),
                     *const b = near(term.right + static_cast<long>(n) * term.depth + quarter);
      for (int k = 0; k < term.depth; k += kChains)
        sum = fma(load_aligned<V>(a + k), load_aligned<V>(b + k), sum);
    }
    sum = sum + of_neighbour(sum, 2);
    sum = sum + of_neighbour(sum, 1);
    if (cell < cells && quarter == 0)
      to[static_cast<long>(n) * to_stride + m] =
          (sum.get(0) + sum.get(2)) + (sum.get(1) + sum.get(3)) + bias[n];
  }
}
#endif

}  // namespace dot_products_detail

// Each lane has a row m: `to` is written in whole packs of rows, [n][to_stride]. `in_scratch`: all terms are in scratch memory.
// Does not sync.
template <bool in_scratch = false, class Team, int Terms>
TEAM_FN void dot_products(const Team& team, int rows, int columns,
                          const Array<DotTerm<typename Team::Scalar>, Terms>& terms,
                          const typename Team::Scalar* bias, typename Team::Scalar* to, int to_stride) {
  using namespace dot_products_detail;
#if defined(__CUDACC__)
  if constexpr (Team::has_warps)
    by_neighbours<in_scratch>(team, rows, columns, terms, bias, to, to_stride);
  else
#endif
    by_lanes(team, rows, columns, terms, bias, to, to_stride);
}

}  // namespace innerloop
