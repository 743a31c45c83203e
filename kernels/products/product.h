// Matrix products of a team, for any strides: C[m][n] = start[m][n] + Σ_k A[m][k]·B[k][n], one or two such sums in a row.
//
// In float32 every output is one chain of fused multiply-adds over k = 0, 1, 2, …, which gives the same bits for every
// team, tile and vector width (tensor_product.h has the other precisions). Lanes run along n, where B's rows lie side by
// side in memory; A's numbers are broadcast, so that A may be transposed at no cost (row_stride 1). A register tile of
// `tile_rows` × `tile_vectors` accumulators makes each number that is loaded serve several multiply-adds.
#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/lanes/array.h"
#include "kernels/lanes/team.h"
#include "kernels/products/product_terms.h"
#include "kernels/products/tensor_product.h"

namespace innerloop {

// For product() and tangent_product(): stores the sums in scratch memory, [row][stride], whose first one is C[m][n].
template <class Team>
struct StoreSums {
  typename Team::Scalar* to;
  int stride;
  int first_row = 0, first_column = 0;

  template <class V>
  FN void operator()(int m, int n, V sum) const {
    store_aligned(Team::in_scratch(to) + static_cast<long>(m - first_row) * stride + (n - first_column), sum);
  }
};

namespace product_detail {
// Where in C a tile is: its rows start at m, its first vector at column n, and the next ones are `step` columns apart.
struct Corner {
  int m;
  int n;
  int step;

  // The same, known at compile time where a tile's vectors are neighbours.
  template <class Team, class V>
  FN int vector_step() const {
    return Team::exact_tiles ? V::lanes : step;
  }
};

template <class V, int Rows, int Vectors>
struct Tile {
  V sum[Rows][Vectors];
};

// One step of the depth: left(i) is A's number for row i, `b` points at B's.
template <class V, int Rows, int Vectors, class Numbers, class T>
FN void add_step(Tile<V, Rows, Vectors>& tile, const Numbers& left, const T* b, int vector_step) {
  V right[Vectors];
  UNROLL
  for (int j = 0; j < Vectors; ++j) right[j] = load_aligned<V>(b + j * vector_step);
  UNROLL
  for (int i = 0; i < Rows; ++i) {
    const V number(left(i));
    UNROLL
    for (int j = 0; j < Vectors; ++j) tile.sum[i][j] = fma(number, right[j], tile.sum[i][j]);
  }
}

template <class T>
FN bool is_aligned(const T* data, long stride) {
  return reinterpret_cast<std::uintptr_t>(data) % (4 * sizeof(T)) == 0 && stride % 4 == 0;
}

// The first steps of a term with A's numbers taken four at a time: along the depth where A's rows are contiguous, along
// the rows where A is transposed. It is for teams whose every load is an instruction beside the multiply-adds; a processor
// with wide vectors broadcasts as it multiplies. Returns how many steps were done, which is none where nothing is aligned.
template <class V, int Rows, int Vectors, class T>
FN int add_by_four(Tile<V, Rows, Vectors>& tile, const Term<T>& term, const T* a, const T* b,
                   int vector_step) {
  using Four = Pack<T, 4>;
  const long row = term.left.row_stride, step = term.left.depth_stride, down = term.right.depth_stride;
  int k = 0;
  if (step == 1 && is_aligned(a, Rows > 1 ? row : 0)) {
    for (; k + 4 <= term.depth; k += 4, a += 4) {
      Four left[Rows];
      UNROLL
      for (int i = 0; i < Rows; ++i) left[i] = load_aligned<Four>(a + i * row);
      UNROLL
      for (int s = 0; s < 4; ++s, b += down)
        add_step(
            tile, [&](int i) FN_LAMBDA { return left[i].get(s); }, b, vector_step);
    }
  } else if (Rows == 4 && row == 1 && is_aligned(a, step)) {
    for (; k < term.depth; ++k, a += step, b += down) {
      const Four left = load_aligned<Four>(a);
      add_step(
          tile, [&](int i) FN_LAMBDA { return left.get(i); }, b, vector_step);
    }
  }
  return k;
}

template <class Team, class V, int Rows, int Vectors, class T>
FN void add_term(Tile<V, Rows, Vectors>& tile, const Term<T>& term, const Corner& at) {
  const long row = term.left.row_stride, step = term.left.depth_stride;
  const int apart = at.template vector_step<Team, V>();
  const T* const first = term.left.data + at.m * row;
  const T* b = Team::in_scratch(term.right.data) + at.n;
  int k = 0;
  if constexpr (Team::loads_by_four) k = add_by_four(tile, term, first, b, apart);
  b += static_cast<long>(k) * term.right.depth_stride;
  const T* a[Rows];
  UNROLL
  for (int i = 0; i < Rows; ++i) a[i] = first + i * row;
  long along = k * step;
  for (; k < term.depth; ++k, along += step, b += term.right.depth_stride)
    add_step(
        tile, [&](int i) FN_LAMBDA { return a[i][along]; }, b, apart);
}

// Loads a tile's sums from where C's rows start.
template <class Team, class V, int Rows, int Vectors>
FN void load_start(Tile<V, Rows, Vectors>& tile, const Corner& at,
                   const Start<typename Team::Scalar>& start) {
  const int step = at.template vector_step<Team, V>();
  UNROLL
  for (int i = 0; i < Rows; ++i) {
    const auto* from = Team::in_scratch(start.data) + static_cast<long>(at.m + i) * start.row_stride + at.n;
    UNROLL
    for (int j = 0; j < Vectors; ++j) tile.sum[i][j] = load_aligned<V>(from + j * step);
  }
}

// What is summed up over a tile: one chain through several terms.
template <class Terms, class T>
struct Chain {
  Terms terms;
  Start<T> start;

  // It is a function of its own: with several tiles in one, GCC 12 takes some of their vectors apart.
  template <class Team, class V, int Rows, int Vectors, class Finish>
  TEAM_FN void compute_tile(const Corner& at, const Finish& finish) const {
    const int step = at.template vector_step<Team, V>();
    Tile<V, Rows, Vectors> tile;
    load_start<Team>(tile, at, start);
    UNROLL
    for (int t = 0; t < Terms::size; ++t) add_term<Team>(tile, terms[t], at);
    UNROLL
    for (int i = 0; i < Rows; ++i) UNROLL
    for (int j = 0; j < Vectors; ++j) finish(at.m + i, at.n + j * step, tile.sum[i][j]);
  }

#if defined(__CUDACC__)
  template <Precision precision, class Team, class Finish>
  __device__ __forceinline__ void compute_warp_tile(const tensor_detail::TilePlace& at,
                                                    const Finish& finish) const {
    tensor_detail::WarpTile tile;
    tensor_detail::load_start<Team>(tile, at, start);
    UNROLL
    for (int t = 0; t < Terms::size; ++t) tensor_detail::add_term<precision, Team>(tile, at, terms[t]);
    at.for_sums([&](int i, int j, int m, int n) FN_LAMBDA { finish(m, n, tile.four(i, j)); });
  }
#endif
};

// The tangent of a product, with or without the product itself; what they load serves both.
template <class T, bool both>
struct TangentChain {
  TangentTerm<T> term;
  Start<T> start, tangent_start;

  template <class Team, class V, int Rows, int Vectors, class Finish>
  TEAM_FN void compute_tile(const Corner& at, const Finish& finish) const {
    const int step = at.template vector_step<Team, V>();
    Tile<V, Rows, Vectors> tile, tangent;
    if constexpr (both) load_start<Team>(tile, at, start);
    load_start<Team>(tangent, at, tangent_start);
    const T *b = Team::in_scratch(term.right.data) + at.n, *u = Team::in_scratch(term.direction.data) + at.n;
    const long row = term.left.row_stride, moved_row = term.moved.row_stride, down = term.right.depth_stride;
    const T *const left = term.left.data + at.m * row, *const moved = term.moved.data + at.m * moved_row;
    const auto add = [&](const auto& number, const auto& moved_number) FN_LAMBDA {
      V right[Vectors];
      UNROLL
      for (int j = 0; j < Vectors; ++j) right[j] = load_aligned<V>(b + j * step);
      UNROLL
      for (int i = 0; i < Rows; ++i) {
        const V x(number(i)), y(moved_number(i));
        UNROLL
        for (int j = 0; j < Vectors; ++j) {
          if constexpr (both) tile.sum[i][j] = fma(x, right[j], tile.sum[i][j]);
          tangent.sum[i][j] = fma(y, right[j], tangent.sum[i][j]);
        }
      }
      add_step(tangent, number, u, step);
      b += down;
      u += down;
    };
    int k = 0;
    if constexpr (Team::loads_by_four) {
      using Four = Pack<T, 4>;
      if (term.left.depth_stride == 1 && term.moved.depth_stride == 1 && is_aligned(left, row) &&
          is_aligned(moved, moved_row))
        for (; k + 4 <= term.depth; k += 4) {
          Four x[Rows], y[Rows];
          UNROLL
          for (int i = 0; i < Rows; ++i) {
            x[i] = load_aligned<Four>(left + i * row + k);
            y[i] = load_aligned<Four>(moved + i * moved_row + k);
          }
          UNROLL
          for (int s = 0; s < 4; ++s)
            add([&](int i) FN_LAMBDA { return x[i].get(s); }, [&](int i) FN_LAMBDA { return y[i].get(s); });
        }
      else if (Rows == 4 && row == 1 && moved_row == 1 && is_aligned(left, term.left.depth_stride) &&
               is_aligned(moved, term.moved.depth_stride))
        for (const T *from = left, *moved_from = moved; k < term.depth; ++k) {
          const Four x = load_aligned<Four>(from), y = load_aligned<Four>(moved_from);
          add([&](int i) FN_LAMBDA { return x.get(i); }, [&](int i) FN_LAMBDA { return y.get(i); });
          from += term.left.depth_stride;
          moved_from += term.moved.depth_stride;
        }
    }
    for (; k < term.depth; ++k)
      add([&](int i) FN_LAMBDA { return left[i * row + static_cast<long>(k) * term.left.depth_stride]; },
          [&](int i)
              FN_LAMBDA { return moved[i * moved_row + static_cast<long>(k) * term.moved.depth_stride]; });
    UNROLL
    for (int i = 0; i < Rows; ++i) UNROLL
    for (int j = 0; j < Vectors; ++j) finish(at.m + i, at.n + j * step, tile.sum[i][j], tangent.sum[i][j]);
  }

#if defined(__CUDACC__)
  template <Precision precision, class Team, class Finish>
  __device__ __forceinline__ void compute_warp_tile(const tensor_detail::TilePlace& at,
                                                    const Finish& finish) const {
    tensor_detail::WarpTile tile, tangent;
    if constexpr (both) tensor_detail::load_start<Team>(tile, at, start);
    tensor_detail::load_start<Team>(tangent, at, tangent_start);
    // They come one after the other, though numbers are loaded twice, since the caller needs the registers.
    if constexpr (both)
      tensor_detail::add_term<precision, Team>(tile, at, {term.left, term.right, term.depth});
    tensor_detail::add_term<precision, Team>(tangent, at, {term.moved, term.right, term.depth});
    tensor_detail::add_term<precision, Team>(tangent, at, {term.left, term.direction, term.depth});
    at.for_sums([&](int i, int j, int m, int n)
                    FN_LAMBDA { finish(m, n, tile.four(i, j), tangent.four(i, j)); });
  }
#endif
};

// Hands the tangents alone to `finish`.
template <class Finish>
struct OfTangents {
  Finish finish;

  template <class V>
  FN void operator()(int m, int n, V, V tangent) const {
    finish(m, n, tangent);
  }
};

// Computes both one after the other, for a processor, whose registers hold one tile. Tiles are stored before they are
// finished, so that what computes them is compiled once and not for each way to finish them.
template <class T>
struct ChainThenTangent {
  TangentTerm<T> term;
  Start<T> start, tangent_start;

  template <class Team, class V, int Rows, int Vectors, class Finish>
  FN void compute_tile(const Corner& at, const Finish& finish) const {
    constexpr int stride = Vectors * V::lanes;
    alignas(64) T sums[Rows * stride], tangents[Rows * stride];
    const Array<Term<T>, 1> product{{{term.left, term.right, term.depth}}};
    Chain<Array<Term<T>, 1>, T>{product, start}.template compute_tile<Team, V, Rows, Vectors>(
        at, StoreSums<Team>{sums, stride, at.m, at.n});
    TangentChain<T, false>{term, {}, tangent_start}.template compute_tile<Team, V, Rows, Vectors>(
        at, OfTangents<StoreSums<Team>>{{tangents, stride, at.m, at.n}});
    for (int i = 0; i < Rows; ++i)
      for (int n = 0; n < stride; n += V::lanes)
        finish(at.m + i, at.n + n, load_aligned<V>(sums + i * stride + n),
               load_aligned<V>(tangents + i * stride + n));
  }
};

// Picks the instance for a tile at the border that has fewer rows or vectors.
template <class Team, class V, int Rows, int Vectors, class Sums, class Finish>
FN void compute_up_to(int rows, int vectors, const Corner& at, const Sums& sums, const Finish& finish) {
  if (vectors < Vectors) {
    if constexpr (Vectors > 1) compute_up_to<Team, V, Rows, Vectors - 1>(rows, vectors, at, sums, finish);
  } else if (rows == Rows) {
    sums.template compute_tile<Team, V, Rows, Vectors>(at, finish);
  } else if constexpr (!Team::exact_tiles) {
    for (int i = 0; i < rows; ++i)
      sums.template compute_tile<Team, V, 1, Vectors>({at.m + i, at.n, at.step}, finish);
  } else if constexpr (Rows > 1) {
    compute_up_to<Team, V, Rows - 1, Vectors>(rows, vectors, at, sums, finish);
  }
}

// Goes over all tiles of C. Does not sync.
template <class V, class Team, class Sums, class Finish>
TEAM_FN void for_tiles(const Team& team, int rows, int columns, const Sums& sums, const Finish& finish) {
  constexpr int Rows = Team::tile_rows, Vectors = Team::tile_vectors;
  const int vectors = ceil_div(columns, V::lanes);
#if defined(__CUDACC__)
  if constexpr (requires { team.precision; }) {
    using tensor_detail::for_warp_tiles;
    if (team.precision != Precision::float32)
      return for_warp_tiles<Team>(team.precision, rows, vectors * V::lanes, sums, finish);
  }
#endif
  if constexpr (Team::exact_tiles) {
    // Tiles are as equal as can be: 32 rows are 2 × 6 + 4 × 5, not 5 × 6 + 2.
    const int row_tiles = ceil_div(rows, Rows), column_tiles = ceil_div(vectors, Vectors);
    const auto begin = [](int tile, int count, int tiles)
                           FN_LAMBDA { return tile * (count / tiles) + min_of(tile, count % tiles); };
    for (int tile = team.rank(); tile < row_tiles * column_tiles; tile += team.size()) {
      const int r = tile % row_tiles, c = tile / row_tiles;
      const int m = begin(r, rows, row_tiles), j = begin(c, vectors, column_tiles);
      compute_up_to<Team, V, Rows, Vectors>(begin(r + 1, rows, row_tiles) - m,
                                            begin(c + 1, vectors, column_tiles) - j,
                                            {m, j * V::lanes, V::lanes}, sums, finish);
    }
  } else {
    // Where there is a thread for each of them, tiles are narrower; where half of the threads would have none, lower too.
    int tile_rows = Rows, column_tiles = ceil_div(vectors, Vectors);
    if (ceil_div(rows, Rows) * vectors <= team.size()) column_tiles = vectors;
    if (ceil_div(rows, Rows) * vectors * 2 <= team.size()) tile_rows = 1;
    // Threads side by side take vectors side by side, and a tile's own vectors lie a whole row of threads apart: what
    // eight threads load or store at once is in one row, so in different banks of shared memory.
    for (int tile = team.rank(); tile < ceil_div(rows, tile_rows) * column_tiles; tile += team.size()) {
      const int row_tile = quotient(tile, column_tiles), m = row_tile * tile_rows,
                j = tile - row_tile * column_tiles;
      compute_up_to<Team, V, Rows, Vectors>(min_of(rows - m, tile_rows),
                                            1 + quotient(vectors - 1 - j, column_tiles),
                                            {m, j * V::lanes, column_tiles * V::lanes}, sums, finish);
    }
  }
}
}  // namespace product_detail

// start[m][n] + Σ of the terms, for m < rows and n < columns rounded up to whole vectors: finish(m, n, sum) is given each
// vector of sums, those of the columns n, n + 1, …, and stores what it makes of them. Does not sync.
template <class V, class Team, class Terms, class Finish>
TEAM_FN void product(const Team& team, int rows, int columns, const Terms& terms,
                     Start<typename Team::Scalar> start, const Finish& finish) {
  const product_detail::Chain<Terms, typename Team::Scalar> sums{terms, start};
  product_detail::for_tiles<V>(team, rows, columns, sums, finish);
}

// The same for G·W's tangent, Σ_k Ġ[m][k]·W[k][n] + G[m][k]·U[k][n], as one chain: finish(m, n, sum).
// Does not sync.
template <class V, class Team, class Finish>
TEAM_FN void tangent_product(const Team& team, int rows, int columns,
                             const TangentTerm<typename Team::Scalar>& term,
                             Start<typename Team::Scalar> start, const Finish& finish) {
  const product_detail::TangentChain<typename Team::Scalar, false> sums{term, {}, start};
  product_detail::for_tiles<V>(team, rows, columns, sums, product_detail::OfTangents<Finish>{finish});
}

// Computes G·W and its tangent together and calls finish(m, n, sum, tangent). Does not sync.
template <class V, class Team, class Finish>
TEAM_FN void product_and_tangent(const Team& team, int rows, int columns,
                                 const TangentTerm<typename Team::Scalar>& term,
                                 Start<typename Team::Scalar> start,
                                 Start<typename Team::Scalar> tangent_start, const Finish& finish) {
  using T = typename Team::Scalar;
  using Sums = std::conditional_t<Team::exact_tiles, product_detail::ChainThenTangent<T>,
                                  product_detail::TangentChain<T, true>>;
  product_detail::for_tiles<V>(team, rows, columns, Sums{term, start, tangent_start}, finish);
}

// to[m][n] = start[m][n] + Σ of the terms, for m < rows and n < columns rounded up to whole vectors.
// `to`, in scratch memory, may be where the sums start from. Does not sync.
template <class V, class Team, class Terms>
TEAM_FN void product(const Team& team, int rows, int columns, const Terms& terms,
                     Start<typename Team::Scalar> start, typename Team::Scalar* to, int to_stride) {
  product<V>(team, rows, columns, terms, start, StoreSums<Team>{opaque(to), to_stride});
}

}  // namespace innerloop
