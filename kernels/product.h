// Matrix products of a team, for any strides: C[m][n] = start[m][n] + Σ_k A[m][k]·B[k][n], one or two such sums in a row.
//
// Every output is one chain of fused multiply-adds over k = 0, 1, 2, …: the same bits for every team, tile and vector
// width. Lanes run along n, where B's rows lie side by side in memory; A's numbers are broadcast, so that A may be
// transposed at no cost (row_stride 1). A register tile of `tile_rows` × `tile_vectors` accumulators makes each number
// that is loaded serve several multiply-adds.
#pragma once

#include <cstdint>

#include "kernels/team.h"

namespace innerloop {

template <class T>
struct Left {  // A[m][k] = data[m·row_stride + k·depth_stride]
  const T* data;
  int row_stride;
  int depth_stride;
};
template <class T>
struct
    Right {  // B[k][n] = data[k·depth_stride + n], in scratch memory; rows aligned to and padded to whole vectors
  const T* data;
  int depth_stride;
};
template <class T>
struct Term {
  Left<T> left;
  Right<T> right;
  int depth;
};
template <class T>
struct
    Start {  // where the sums start, in scratch memory: data[m·row_stride + n]; stride 0: one row (a bias) for all
  const T* data;
  int row_stride;
};

namespace product_detail {
// Where in C a tile is: rows from m on, its first vector at column n, the next ones `step` columns on.
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
  UNROLL for (int j = 0; j < Vectors; ++j) right[j] = load_aligned<V>(b + j * vector_step);
  UNROLL for (int i = 0; i < Rows; ++i) {
    const V number(left(i));
    UNROLL for (int j = 0; j < Vectors; ++j) tile.sum[i][j] = fma(number, right[j], tile.sum[i][j]);
  }
}

template <class T>
FN bool is_aligned(const T* data, long stride) {
  return reinterpret_cast<std::uintptr_t>(data) % (4 * sizeof(T)) == 0 && stride % 4 == 0;
}

// The first steps of a term with A's numbers taken four at a time: along the depth where A's rows are contiguous, along
// the rows where A is transposed. For teams whose every load is an instruction beside the multiply-adds; a processor
// with wide vectors broadcasts as it multiplies. Returns how many steps were done: none where nothing is aligned.
template <class V, int Rows, int Vectors, class T>
FN int add_by_four(Tile<V, Rows, Vectors>& tile, const Term<T>& term, const T* a, const T* b,
                   int vector_step) {
  using Four = Pack<T, 4>;
  const long row = term.left.row_stride, step = term.left.depth_stride, down = term.right.depth_stride;
  int k = 0;
  if (step == 1 && is_aligned(a, Rows > 1 ? row : 0)) {
    for (; k + 4 <= term.depth; k += 4, a += 4) {
      Four left[Rows];
      UNROLL for (int i = 0; i < Rows; ++i) left[i] = load_aligned<Four>(a + i * row);
      UNROLL for (int s = 0; s < 4; ++s, b += down) add_step(
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
  UNROLL for (int i = 0; i < Rows; ++i) a[i] = first + i * row;
  long along = k * step;
  for (; k < term.depth; ++k, along += step, b += term.right.depth_stride)
    add_step(
        tile, [&](int i) FN_LAMBDA { return a[i][along]; }, b, apart);
}

// A function of its own: with several tiles in one, GCC 12 takes some of their vectors apart.
template <class Team, class V, int Rows, int Vectors, class Terms>
TEAM_FN void compute_tile(const Terms& terms, const Corner& at, const Start<typename Team::Scalar>& start,
                          typename Team::Scalar* to, int to_stride) {
  using T = typename Team::Scalar;
  const int step = at.template vector_step<Team, V>();
  Tile<V, Rows, Vectors> tile;
  UNROLL for (int i = 0; i < Rows; ++i) {
    const T* from = Team::in_scratch(start.data) + static_cast<long>(at.m + i) * start.row_stride + at.n;
    UNROLL for (int j = 0; j < Vectors; ++j) tile.sum[i][j] = load_aligned<V>(from + j * step);
  }
  for (int t = 0; t < Terms::size; ++t) add_term<Team>(tile, terms[t], at);
  UNROLL for (int i = 0; i < Rows; ++i) {
    T* row = Team::in_scratch(to) + static_cast<long>(at.m + i) * to_stride + at.n;
    UNROLL for (int j = 0; j < Vectors; ++j) store_aligned(row + j * step, tile.sum[i][j]);
  }
}

// Picks the instance for a tile at the border that has fewer rows or vectors.
template <class Team, class V, int Rows, int Vectors, class Terms>
FN void compute_up_to(int rows, int vectors, const Terms& terms, const Corner& at,
                      const Start<typename Team::Scalar>& start, typename Team::Scalar* to, int to_stride) {
  if (vectors < Vectors) {
    if constexpr (Vectors > 1)
      compute_up_to<Team, V, Rows, Vectors - 1>(rows, vectors, terms, at, start, to, to_stride);
  } else if (rows == Rows) {
    compute_tile<Team, V, Rows, Vectors>(terms, at, start, to, to_stride);
  } else if constexpr (!Team::exact_tiles) {
    for (int i = 0; i < rows; ++i)
      compute_tile<Team, V, 1, Vectors>(terms, {at.m + i, at.n, at.step}, start, to, to_stride);
  } else if constexpr (Rows > 1) {
    compute_up_to<Team, V, Rows - 1, Vectors>(rows, vectors, terms, at, start, to, to_stride);
  }
}
}  // namespace product_detail

// to[m][n] = start[m][n] + Σ of the terms, for m < rows and n < columns rounded up to whole vectors.
// `to`, in scratch memory, may be where the sums start from. Does not sync.
template <class V, class Team, class Terms>
TEAM_FN void product(const Team& team, int rows, int columns, const Terms& terms,
                     Start<typename Team::Scalar> start, typename Team::Scalar* to, int to_stride) {
  using product_detail::compute_up_to;
  const int vectors = ceil_div(columns, V::lanes);
  const int row_tiles = ceil_div(rows, Team::tile_rows), column_tiles = ceil_div(vectors, Team::tile_vectors);
  if constexpr (Team::exact_tiles) {
    // Tiles as equal as can be: 32 rows are 2 × 6 + 4 × 5, not 5 × 6 + 2.
    const auto begin = [](int tile, int count, int tiles)
                           FN_LAMBDA { return tile * (count / tiles) + min_of(tile, count % tiles); };
    for (int tile = team.rank(); tile < row_tiles * column_tiles; tile += team.size()) {
      const int r = tile % row_tiles, c = tile / row_tiles;
      const int m = begin(r, rows, row_tiles), j = begin(c, vectors, column_tiles);
      compute_up_to<Team, V, Team::tile_rows, Team::tile_vectors>(
          begin(r + 1, rows, row_tiles) - m, begin(c + 1, vectors, column_tiles) - j, terms,
          {m, j * V::lanes, V::lanes}, start, to, to_stride);
    }
  } else {
    // Threads side by side take vectors side by side, and a tile's own vectors lie a whole row of threads apart: what
    // eight threads load or store at once is in one row, so in different banks of shared memory.
    for (int tile = team.rank(); tile < row_tiles * column_tiles; tile += team.size()) {
      const int m = tile / column_tiles * Team::tile_rows, j = tile % column_tiles;
      compute_up_to<Team, V, Team::tile_rows, Team::tile_vectors>(
          min_of(rows - m, Team::tile_rows), ceil_div(vectors - j, column_tiles), terms,
          {m, j * V::lanes, column_tiles * V::lanes}, start, to, to_stride);
    }
  }
}

}  // namespace innerloop
