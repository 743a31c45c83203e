// Products by tensor cores: a warp's tile of C, from numbers that are rounded to TF32 or bfloat16 as they are loaded, summed
// up in float32 (mma.sync; PTX ISA, "Warp-level matrix instructions").
//
// Which of C's columns and which steps of the depth an instruction takes for its own is free, as long as A, B and C agree.
// Here they are such that every thread loads four neighbours at once, and ends with rows of four neighbours.
#pragma once

#if defined(__CUDACC__)

#include <cstdint>

#include "kernels/array.h"
#include "kernels/choices.h"
#include "kernels/pack.h"
#include "kernels/product_terms.h"
#include "kernels/team.h"

namespace innerloop::tensor_detail {

using Four = Pack<float, 4>;

inline constexpr int kRows = 16, kColumns = 32, kDepth = 16;  // of a tile, and of a step of its sum

// Where a warp's tile is in C, and what of it a thread has: rows `row` and row + 8, columns `column` to column + 7. Rows and
// columns outside of C are computed from others', and nobody asks for them.
struct TilePlace {
  int rows, columns;  // of C
  int row, column;
  int right_column;  // of the four that it loads of B
  int depth;         // of the four steps of the depth that it loads, in each kDepth

  __device__ TilePlace(int rows, int columns, int m, int n) : rows(rows), columns(columns) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    row = m + lane / 4;
    column = n + lane % 4 * 8;
    right_column = min_of(n + lane / 4 * 4, columns - 4);
    depth = lane % 4 * 4;
  }
  // at(i, j, m, n) for each four sums of the thread's that are in C: sums[i][j] are those from C[m][n] on.
  template <class At>
  __device__ __forceinline__ void for_sums(const At& at) const {
    UNROLL for (int i = 0; i < 2; ++i)
        UNROLL for (int j = 0; j < 2; ++j) if (row + 8 * i < rows && column + 4 * j < columns)
            at(i, j, row + 8 * i, column + 4 * j);
  }
};

struct WarpTile {
  float sum[2][8];

  FN Four four(int i, int j) const {
    Four x;
    UNROLL for (int s = 0; s < 4; ++s) x.set(s, sum[i][4 * j + s]);
    return x;
  }
};

// What a thread has of A's 16 × kDepth, [row][depth], and of B's kDepth × 32, [depth][column].
struct LeftPart {
  Four row[2];
};
struct RightPart {
  Four step[4];
};

// Four numbers of B's rows and of A's, or zeros beyond the depth.
template <class Team>
__device__ __forceinline__ RightPart load_right(const Right<float>& right, const TilePlace& at, int first,
                                                int depth) {
  RightPart part;
  const float* from =
      Team::in_scratch(right.data) + static_cast<long>(first) * right.depth_stride + at.right_column;
  UNROLL for (int s = 0; s < 4; ++s, from += right.depth_stride) part.step[s] =
      first + s < depth ? load_aligned<Four>(from) : Four(0);
  return part;
}
__device__ __forceinline__ LeftPart load_left(const Left<float>& left, const TilePlace& at, int first,
                                              int depth) {
  const bool aligned = left.depth_stride == 1 && left.row_stride % 4 == 0 &&
                       reinterpret_cast<std::uintptr_t>(left.data) % sizeof(Four) == 0;
  LeftPart part;
  UNROLL for (int i = 0; i < 2; ++i) {
    const float* from = left.data + static_cast<long>(min_of(at.row + 8 * i, at.rows - 1)) * left.row_stride +
                        static_cast<long>(first) * left.depth_stride;
    if (aligned && first + 4 <= depth)
      part.row[i] = load_aligned<Four>(from);
    else
      UNROLL for (int s = 0; s < 4; ++s) part.row[i].set(
          s, first + s < depth ? from[static_cast<long>(s) * left.depth_stride] : 0);
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

// tile += A·B over kDepth steps. The j-th of a thread's four columns of B are one instruction's.
template <Precision precision>
__device__ __forceinline__ void multiply_add(WarpTile& tile, const LeftPart& left, const RightPart& right) {
#if __CUDA_ARCH__ >= 800
  if constexpr (precision == Precision::tf32) {
    UNROLL for (int half = 0; half < 2; ++half) {
      const int k = 2 * half;
      std::uint32_t a[4];
      UNROLL for (int i = 0; i < 4; ++i) a[i] = to_tf32(left.row[i % 2].get(k + i / 2));
      UNROLL for (int j = 0; j < 4; ++j) {
        const std::uint32_t b[2] = {to_tf32(right.step[k].get(j)), to_tf32(right.step[k + 1].get(j))};
        asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, "
            "%9}, "
            "{%0, %1, %2, %3};"
            : "+f"(tile.sum[0][j]), "+f"(tile.sum[0][4 + j]), "+f"(tile.sum[1][j]), "+f"(tile.sum[1][4 + j])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
      }
    }
  } else {
    std::uint32_t a[4];
    UNROLL for (int i = 0; i < 4; ++i) a[i] =
        to_bf16(left.row[i % 2].get(i / 2 * 2), left.row[i % 2].get(i / 2 * 2 + 1));
    UNROLL for (int j = 0; j < 4; ++j) {
      const std::uint32_t b[2] = {to_bf16(right.step[0].get(j), right.step[1].get(j)),
                                  to_bf16(right.step[2].get(j), right.step[3].get(j))};
      asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
          "{%0, %1, %2, %3};"
          : "+f"(tile.sum[0][j]), "+f"(tile.sum[0][4 + j]), "+f"(tile.sum[1][j]), "+f"(tile.sum[1][4 + j])
          : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    }
  }
#endif
}

template <class Team>
__device__ __forceinline__ void load_start(WarpTile& tile, const TilePlace& at, const Start<float>& start) {
  UNROLL for (int i = 0; i < 2; ++i) UNROLL for (int j = 0; j < 8; ++j) tile.sum[i][j] = 0;
  at.for_sums([&](int i, int j, int m, int n) FN_LAMBDA {
    const Four from =
        load_aligned<Four>(Team::in_scratch(start.data) + static_cast<long>(m) * start.row_stride + n);
    UNROLL for (int s = 0; s < 4; ++s) tile.sum[i][4 * j + s] = from.get(s);
  });
}

template <Precision precision, class Team>
__device__ __forceinline__ void add_term(WarpTile& tile, const TilePlace& at, const Term<float>& term) {
  for (int k = at.depth; k - at.depth < term.depth; k += kDepth)
    multiply_add<precision>(tile, load_left(term.left, at, k, term.depth),
                            load_right<Team>(term.right, at, k, term.depth));
}

// The tangent, and the product where `both`.
template <Precision precision, class Team, bool both>
__device__ __forceinline__ void add_tangent(WarpTile& tile, WarpTile& tangent, const TilePlace& at,
                                            const TangentTerm<float>& term) {
  for (int k = at.depth; k - at.depth < term.depth; k += kDepth) {
    const LeftPart left = load_left(term.left, at, k, term.depth);
    const RightPart right = load_right<Team>(term.right, at, k, term.depth);
    if constexpr (both) multiply_add<precision>(tile, left, right);
    multiply_add<precision>(tangent, load_left(term.moved, at, k, term.depth), right);
    multiply_add<precision>(tangent, left, load_right<Team>(term.direction, at, k, term.depth));
  }
}

// All tiles of C, a warp each: sums(at) sums up a tile and hands it on. A function of its own, so that products in float32
// keep their registers; what it is given comes by value, as nvcc 13.0 drops code where a caller's locals are pointed to.
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
