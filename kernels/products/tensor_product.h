// Products by tensor cores: a warp's tile of C, from numbers that are rounded to TF32 or bfloat16 once they are loaded, summed
// up in float32 (mma.sync; PTX ISA, "Warp-level matrix instructions").
//
// An instruction multiplies 16 rows of A by 8 columns of B. Lane 4g + t gives it A's rows g and g + 8 and B's column g,
// both at two steps of the depth, and ends with C's columns 2t and 2t + 1 of these rows. Which of C's columns these are is
// free, as long as B and C agree, and so is which steps they are, as long as A and B do. Here a lane loads four
// neighbouring steps of A at once and ends with C's columns in fours.
#pragma once

#if defined(__CUDACC__)

#include <cstdint>

#include "kernels/lanes/pack.h"
#include "kernels/lanes/team.h"
#include "kernels/options/choices.h"
#include "kernels/products/product_terms.h"

namespace innerloop::tensor_detail {

using Four = Pack<float, 4>;

// The sizes of a tile, and of a step of its sum.
inline constexpr int kRows = 16, kColumns = 32, kDepth = 16;

// Where a warp's tile is in C, and which of its numbers a lane holds. Lanes outside C recompute a valid row or column; their
// results are dropped.
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

  // The row of C that the lane's i-th row is.
  __device__ int row_of(int i) const { return row + g + 8 * i; }
  // Columns of C that the lane ends with: four from here on, and the next four.
  __device__ int column_of(int p) const { return column + 8 * t + 4 * p; }
  // Calls at(i, p, m, n) for each four sums of the lane that are in C, those from C[m][n] on.
  template <class At>
  __device__ __forceinline__ void for_sums(const At& at) const {
    UNROLL
    for (int i = 0; i < 2; ++i) UNROLL
    for (int p = 0; p < 2; ++p)
      if (row_of(i) < rows && column_of(p) < columns) at(i, p, row_of(i), column_of(p));
  }
};

// A lane's sums: each instruction has [row i, column p] at 2i + p.
struct WarpTile {
  float sum[4][4];

  // Its four sums of row i from column_of(p) on, one of each instruction.
  FN Four four(int i, int p) const {
    Four x;
    UNROLL
    for (int j = 0; j < 4; ++j) x.set(j, sum[j][2 * i + p]);
    return x;
  }
  FN void set_four(int i, int p, Four x) {
    UNROLL
    for (int j = 0; j < 4; ++j) sum[j][2 * i + p] = x.get(j);
  }
};

// What a lane holds of A's two rows, at the four steps of kDepth that it takes.
struct LeftPart {
  Four row[2];
};
// What it holds of B at two of these steps: a column for each instruction.
struct RightPart {
  float step[2][4];
};

// Beyond the depth there are zeros.
__device__ __forceinline__ LeftPart load_left(const Left<float>& left, const TilePlace& at, int first,
                                              int depth) {
  const float* from[2];
  UNROLL
  for (int i = 0; i < 2; ++i)
    from[i] = left.data + static_cast<long>(min_of(at.row_of(i), at.rows - 1)) * left.row_stride +
              static_cast<long>(first) * left.depth_stride;
  LeftPart part;
  if (left.depth_stride == 1 && left.row_stride % 4 == 0 && first + 4 <= depth &&
      reinterpret_cast<std::uintptr_t>(left.data) % sizeof(Four) == 0) {
    UNROLL
    for (int i = 0; i < 2; ++i) part.row[i] = load_aligned<Four>(from[i]);
  } else {
    // Where A is transposed, lanes of odd t take the other row first, since their steps' rows are in the same banks.
    const bool odd = at.t % 2 == 1;
    const float *const one = odd ? from[1] : from[0], *const other = odd ? from[0] : from[1];
    UNROLL
    for (int s = 0; s < 4; ++s) {
      const long along = static_cast<long>(s) * left.depth_stride;
      const float x = first + s < depth ? one[along] : 0, y = first + s < depth ? other[along] : 0;
      part.row[0].set(s, odd ? y : x);
      part.row[1].set(s, odd ? x : y);
    }
  }
  return part;
}

// The j-th instruction takes column 4g + j of the tile. Lanes of the same g and another t load from rows that lie in the same
// banks, so each of the four begins with another of the columns, and puts what it holds in order afterwards. Beyond the
// depth, where A is 0, it loads the last row again.
template <class Team>
__device__ __forceinline__ RightPart load_right(const Right<float>& right, const TilePlace& at, int first,
                                                int depth) {
  RightPart part;
  const float* const from = Team::in_scratch(right.data) + min_of(at.column + 4 * at.g, at.columns - 4);
  const char* begin[4];
  UNROLL
  for (int j = 0; j < 4; ++j) begin[j] = reinterpret_cast<const char*>(from + (j + at.t) % 4);
  UNROLL
  for (int s = 0; s < 2; ++s) {
    const int row = min_of(first + s, depth - 1) * right.depth_stride * static_cast<int>(sizeof(float));
    float loaded[4];
    UNROLL
    for (int j = 0; j < 4; ++j) loaded[j] = *reinterpret_cast<const float*>(begin[j] + row);
    UNROLL
    for (int j = 0; j < 4; ++j) {
      const auto turned = [&](int by) FN_LAMBDA { return loaded[(j + 4 - by) % 4]; };
      const float even = at.t < 2 ? turned(0) : turned(2), odd = at.t < 2 ? turned(1) : turned(3);
      part.step[s][j] = at.t % 2 == 0 ? even : odd;
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

// Adds A·B at the first or the second two of the lanes' steps to the tile.
template <Precision precision>
__device__ __forceinline__ void multiply_add(WarpTile& tile, const LeftPart& left, const RightPart& right,
                                             int half) {
#if __CUDA_ARCH__ >= 800
  const auto number = [&](int i, int s)
                          FN_LAMBDA { return half == 0 ? left.row[i].get(s) : left.row[i].get(2 + s); };
  if constexpr (precision == Precision::tf32) {
    const std::uint32_t a[4] = {to_tf32(number(0, 0)), to_tf32(number(1, 0)), to_tf32(number(0, 1)),
                                to_tf32(number(1, 1))};
    UNROLL
    for (int j = 0; j < 4; ++j)
      asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
          "{%0, %1, %2, %3};"
          : "+f"(tile.sum[j][0]), "+f"(tile.sum[j][1]), "+f"(tile.sum[j][2]), "+f"(tile.sum[j][3])
          : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(to_tf32(right.step[0][j])),
            "r"(to_tf32(right.step[1][j])));
  } else {
    const std::uint32_t a[2] = {to_bf16(number(0, 0), number(0, 1)), to_bf16(number(1, 0), number(1, 1))};
    UNROLL
    for (int j = 0; j < 4; ++j)
      asm("mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, "
          "{%0, %1, %2, %3};"
          : "+f"(tile.sum[j][0]), "+f"(tile.sum[j][1]), "+f"(tile.sum[j][2]), "+f"(tile.sum[j][3])
          : "r"(a[0]), "r"(a[1]), "r"(to_bf16(right.step[0][j], right.step[1][j])));
  }
#endif
}

template <class Team>
__device__ __forceinline__ void load_start(WarpTile& tile, const TilePlace& at, const Start<float>& start) {
  UNROLL
  for (int j = 0; j < 4; ++j) UNROLL
  for (int s = 0; s < 4; ++s) tile.sum[j][s] = 0;
  at.for_sums([&](int i, int p, int m, int n) FN_LAMBDA {
    tile.set_four(
        i, p, load_aligned<Four>(Team::in_scratch(start.data) + static_cast<long>(m) * start.row_stride + n));
  });
}

// Adds the term to the tile.
template <Precision precision, class Team>
__device__ __forceinline__ void add_term(WarpTile& tile, const TilePlace& at, const Term<float>& term) {
  for (int k = 4 * at.t; k - 4 * at.t < term.depth; k += kDepth) {
    const LeftPart left = load_left(term.left, at, k, term.depth);
    UNROLL
    for (int half = 0; half < 2; ++half)
      multiply_add<precision>(tile, left, load_right<Team>(term.right, at, k + 2 * half, term.depth), half);
  }
}

// Goes over all tiles of C, a warp for each: `sums` adds up a tile and hands it to `finish`. It is a function of its own, so
// that products in float32 keep their registers. It takes everything by value: nvcc 13.0 left out code where pointers to a
// caller's variables went into it.
template <class Team, class Sums, class Finish>
__device__ __noinline__ void for_warp_tiles(Precision precision, int rows, int columns, Sums sums,
                                            Finish finish) {
  const int column_tiles = ceil_div(columns, kColumns), tiles = ceil_div(rows, kRows) * column_tiles;
  const int warps = static_cast<int>(blockDim.x) / 32;
  for (int tile = static_cast<int>(threadIdx.x) / 32; tile < tiles; tile += warps) {
    const TilePlace at(rows, columns, tile / column_tiles * kRows, tile % column_tiles * kColumns);
    if (precision == Precision::tf32)
      sums.template compute_warp_tile<Precision::tf32, Team>(at, finish);
    else
      sums.template compute_warp_tile<Precision::bf16, Team>(at, finish);
  }
}

}  // namespace innerloop::tensor_detail

#endif
