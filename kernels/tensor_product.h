// Products by tensor cores: a warp's tile of C, from numbers that are rounded to TF32 or bfloat16 once they are loaded, summed
// up in float32 (mma.sync; PTX ISA, "Warp-level matrix instructions").
//
// An instruction multiplies 16 rows of A by 8 columns of B. Of a lane 4·g + t it takes A's rows g and g + 8, B's column g, and
// of both the steps of the depth t and t + 4 (TF32; of bfloat16 twice as many); the lane ends with C's columns 2t and 2t + 1
// of those rows. Which of C's columns these are is free, as long as B and C agree, and which steps as long as A and B do.
// Here they are such that a lane loads four neighbouring steps of A at once and ends with C's columns in fours.
#pragma once

#if defined(__CUDACC__)

#include <cstdint>

#include "kernels/choices.h"
#include "kernels/pack.h"
#include "kernels/product_terms.h"
#include "kernels/team.h"

namespace innerloop::tensor_detail {

using Four = Pack<float, 4>;
using Pair = Pack<float, 2>;

// Of a tile, and of a step of its sum. A tile is of as many numbers as 32 register tiles of product.h.
inline constexpr int kRows = 16, kColumns = 64, kDepth = 16;

// Where a warp's tile is in C, and what of it a lane has. For rows and columns outside of C it computes those of others,
// which nobody asks for.
struct TilePlace {
  int rows, columns;  // of C
  int row, column;    // of the tile
  int g, t;           // of the lane, as above

  __device__ TilePlace(int rows, int columns, int row, int column)
      : rows(rows),
        columns(columns),
        row(row),
        column(column),
        g(static_cast<int>(threadIdx.x) % 32 / 4),
        t(static_cast<int>(threadIdx.x) % 4) {}

  // C's row of the lane's i-th.
  __device__ int row_of(int i) const { return row + g + 8 * i; }
  // The four columns that a lane of this t ends with for the p-th pair of instructions. Those of t = 0 … 3 are in different
  // banks of shared memory; and so are, for the four pairs, those of t = 0 and 1, and of 2 and 3.
  __device__ int column_of(int pair, int t) const {
    return column + (pair + t / 2 * 2) % 4 * 8 + t % 2 * 4 + t / 2 * 32;
  }
  // at(i, p, m, n) for each four sums of the lane's that are in C, those from C[m][n] on.
  template <class At>
  __device__ __forceinline__ void for_sums(const At& at) const {
    UNROLL for (int i = 0; i < 2; ++i)
        UNROLL for (int p = 0; p < 4; ++p) if (row_of(i) < rows && column_of(p, t) < columns)
            at(i, p, row_of(i), column_of(p, t));
  }
};

// A lane's sums: by instruction, [row i, column e] at 2i + e.
struct WarpTile {
  float sum[8][4];

  // Its four of row i that the p-th pair of instructions has.
  FN Four four(int i, int p) const {
    Four x;
    UNROLL for (int s = 0; s < 4; ++s) x.set(s, sum[2 * p + s % 2][2 * i + s / 2]);
    return x;
  }
  FN void set_four(int i, int p, Four x) {
    UNROLL for (int s = 0; s < 4; ++s) sum[2 * p + s % 2][2 * i + s / 2] = x.get(s);
  }
};

// What a lane has of four steps of the depth: of A's two rows, and of B's eight columns, one for each instruction.
struct LeftPart {
  Four row[2];
};
struct RightPart {
  float step[4][8];
};

// Zeros beyond the depth.
__device__ __forceinline__ LeftPart load_left(const Left<float>& left, const TilePlace& at, int first,
                                              int depth) {
  const float* from[2];
  UNROLL for (int i = 0; i < 2; ++i) from[i] =
      left.data + static_cast<long>(min_of(at.row_of(i), at.rows - 1)) * left.row_stride +
      static_cast<long>(first) * left.depth_stride;
  LeftPart part;
  if (left.depth_stride == 1 && left.row_stride % 4 == 0 && first + 4 <= depth &&
      reinterpret_cast<std::uintptr_t>(left.data) % sizeof(Four) == 0) {
    UNROLL for (int i = 0; i < 2; ++i) part.row[i] = load_aligned<Four>(from[i]);
  } else {
    // Where A is transposed, lanes of odd t take the other row first: their steps' rows are in the same banks.
    const bool odd = at.t % 2 == 1;
    const float *const one = odd ? from[1] : from[0], *const other = odd ? from[0] : from[1];
    UNROLL for (int s = 0; s < 4; ++s) {
      const long along = static_cast<long>(s) * left.depth_stride;
      const float x = first + s < depth ? one[along] : 0, y = first + s < depth ? other[along] : 0;
      part.row[0].set(s, odd ? y : x);
      part.row[1].set(s, odd ? x : y);
    }
  }
  return part;
}

// Lanes of the same g and another t load from rows that lie in the same banks. So each of the four begins with another pair
// of columns, and puts what it has in order afterwards.
template <class Team>
__device__ __forceinline__ RightPart load_right(const Right<float>& right, const TilePlace& at, int first,
                                                int depth) {
  RightPart part;
  const float* from = Team::in_scratch(right.data) + static_cast<long>(first) * right.depth_stride;
  UNROLL for (int s = 0; s < 4; ++s, from += right.depth_stride) {
    Pair loaded[4];
    UNROLL for (int p = 0; p < 4; ++p) {
      const int n = min_of(at.column_of(p + at.t, at.g / 2) + at.g % 2 * 2, at.columns - 2);
      loaded[p] = first + s < depth ? load_aligned<Pair>(from + n) : Pair(0);
    }
    UNROLL for (int p = 0; p < 4; ++p) UNROLL for (int e = 0; e < 2; ++e) {
      const auto turned = [&](int by) FN_LAMBDA { return loaded[(p + 4 - by) % 4].get(e); };
      const float even = at.t < 2 ? turned(0) : turned(2), odd = at.t < 2 ? turned(1) : turned(3);
      part.step[s][2 * p + e] = at.t % 2 == 0 ? even : odd;
    }
  }
  return part;
}

__device__ __forceinline__ std::uint32_t to_tf32(float x) {
  std::uint32_t rounded;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(rounded) : "f"(x));
  return rounded;
}
__device__ __forceinline__ std::uint32_t to_bf16(float low, float high) {
  std::uint32_t both;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
  return both;
}

// tile += A·B over kDepth steps.
template <Precision precision>
__device__ __forceinline__ void multiply_add(WarpTile& tile, const LeftPart& left, const RightPart& right) {
#if __CUDA_ARCH__ >= 800
  if constexpr (precision == Precision::tf32) {
    UNROLL for (int s = 0; s < 4; s += 2) {
      std::uint32_t a[4];
      UNROLL for (int i = 0; i < 4; ++i) a[i] = to_tf32(left.row[i % 2].get(s + i / 2));
      UNROLL for (int j = 0; j < 8; ++j) {
        const std::uint32_t b[2] = {to_tf32(right.step[s][j]), to_tf32(right.step[s + 1][j])};
        asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, "
            "%9}, "
            "{%0, %1, %2, %3};"
            : "+f"(tile.sum[j][0]), "+f"(tile.sum[j][1]), "+f"(tile.sum[j][2]), "+f"(tile.sum[j][3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
      }
    }
  } else {
    std::uint32_t a[4];
    UNROLL for (int i = 0; i < 4; ++i) a[i] =
        to_bf16(left.row[i % 2].get(i / 2 * 2), left.row[i % 2].get(i / 2 * 2 + 1));
    UNROLL for (int j = 0; j < 8; ++j) {
      const std::uint32_t b[2] = {to_bf16(right.step[0][j], right.step[1][j]),
                                  to_bf16(right.step[2][j], right.step[3][j])};
      asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
          "{%0, %1, %2, %3};"
          : "+f"(tile.sum[j][0]), "+f"(tile.sum[j][1]), "+f"(tile.sum[j][2]), "+f"(tile.sum[j][3])
          : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    }
  }
#endif
}

template <class Team>
__device__ __forceinline__ void load_start(WarpTile& tile, const TilePlace& at, const Start<float>& start) {
  UNROLL for (int j = 0; j < 8; ++j) UNROLL for (int s = 0; s < 4; ++s) tile.sum[j][s] = 0;
  at.for_sums([&](int i, int p, int m, int n) FN_LAMBDA {
    tile.set_four(
        i, p, load_aligned<Four>(Team::in_scratch(start.data) + static_cast<long>(m) * start.row_stride + n));
  });
}

template <Precision precision, class Team>
__device__ __forceinline__ void add_term(WarpTile& tile, const TilePlace& at, const Term<float>& term) {
  for (int k = 0; k < term.depth; k += kDepth) {
    const int first = k + 4 * at.t;
    multiply_add<precision>(tile, load_left(term.left, at, first, term.depth),
                            load_right<Team>(term.right, at, first, term.depth));
  }
}

// The tangent, and the product where `both`.
template <Precision precision, class Team, bool both>
__device__ __forceinline__ void add_tangent(WarpTile& tile, WarpTile& tangent, const TilePlace& at,
                                            const TangentTerm<float>& term) {
  for (int k = 0; k < term.depth; k += kDepth) {
    const int first = k + 4 * at.t;
    const LeftPart left = load_left(term.left, at, first, term.depth);
    const RightPart right = load_right<Team>(term.right, at, first, term.depth);
    if constexpr (both) multiply_add<precision>(tile, left, right);
    multiply_add<precision>(tangent, load_left(term.moved, at, first, term.depth), right);
    multiply_add<precision>(tangent, left, load_right<Team>(term.direction, at, first, term.depth));
  }
}

// All tiles of C, each by a warp: `sums` adds up a tile and hands it to `finish`. A function of its own, so that products in
// float32 keep their registers. It is given all by value: nvcc 13.0 left out code where pointers to a caller's variables
// went into it.
template <Precision precision, class Team, class Sums, class Finish>
__device__ __noinline__ void for_warp_tiles(int rows, int columns, Sums sums, Finish finish) {
  const int column_tiles = ceil_div(columns, kColumns), tiles = ceil_div(rows, kRows) * column_tiles;
  const int warps = static_cast<int>(blockDim.x) / 32;
  for (int tile = static_cast<int>(threadIdx.x) / 32; tile < tiles; tile += warps)
    sums.template compute_warp_tile<precision, Team>(
        TilePlace(rows, columns, tile / column_tiles * kRows, tile % column_tiles * kColumns), finish);
}

}  // namespace innerloop::tensor_detail

#endif
