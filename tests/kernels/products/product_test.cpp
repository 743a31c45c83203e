// Matrix products of every small shape against plain chains of fused multiply-adds, bit for bit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/lanes/array.h"
#include "kernels/products/product.h"
#include "tests/support/buffers.h"

namespace innerloop {
namespace {

// The register tiles of every instruction set and of a CUDA block. The wide ones have vectors of one number, which makes
// no difference to the tiling: what the real ones compute, instruction_sets_test.cpp compares.
template <int Lanes, int Rows, int Vectors, bool Exact = true>
struct TileTeam {
  using Scalar = float;
  using Lane = Pack<float, Lanes>;
  using Vector = Lane;
  static constexpr int tile_rows = Rows, tile_vectors = Vectors;
  static constexpr bool exact_tiles = Exact, loads_by_four = !Exact;
  int number = 0, threads = 1;
  int rank() const { return number; }
  int size() const { return threads; }
  void sync() const {}
  template <class P>
  static P* in_scratch(P* p) {
    return p;
  }
};

constexpr int kRows = 13, kColumns = 70, kDepth = 9, kStride = 80, kPitches[] = {kRows, 16};

// Operands of the largest shape; smaller ones take their first rows and columns. A's rows are `pitch` numbers apart: so
// that they are aligned, or are not.
struct Operands {
  const int pitch;
  Buffers memory{1};
  float* left = memory.normals("left", kRows* pitch);
  float* transposed = memory.blank("transposed", kDepth* pitch);
  float* right = memory.normals("right", kDepth* kStride);
  float* moved = memory.normals("moved", kRows* pitch);
  float* moved_transposed = memory.blank("moved transposed", kDepth* pitch);
  float* direction = memory.normals("direction", kDepth* kStride);
  float* start = memory.normals("start", kRows* kStride);
  float* to = memory.blank("to", kRows* kStride);
  float* tangent_to = memory.blank("tangent to", kRows* kStride);

  explicit Operands(int row_pitch) : pitch(row_pitch) {
    for (int m = 0; m < kRows; ++m)
      for (int k = 0; k < kDepth; ++k) {
        transposed[k * pitch + m] = left[m * pitch + k];
        moved_transposed[k * pitch + m] = moved[m * pitch + k];
      }
  }
  // start[m][n] + Σ_k left[m][k]·right[k][n], for each depth in turn; start_stride as the product's.
  float chain(int m, int n, const std::vector<int>& depths, int start_stride) const {
    float sum = start[m * start_stride + n];
    for (const int depth : depths)
      for (int k = 0; k < depth; ++k) sum = std::fma(left[m * pitch + k], right[k * kStride + n], sum);
    return sum;
  }
  // start[m][n] + Σ_k moved[m][k]·right[k][n] + left[m][k]·direction[k][n].
  float tangent_chain(int m, int n, int depth) const {
    float sum = start[m * kStride + n];
    for (int k = 0; k < depth; ++k) {
      sum = std::fma(moved[m * pitch + k], right[k * kStride + n], sum);
      sum = std::fma(left[m * pitch + k], direction[k * kStride + n], sum);
    }
    return sum;
  }
  void expect_tangents(int rows, int columns, int depth) const {
    for (int m = 0; m < rows; ++m)
      for (int n = 0; n < columns; ++n)
        ASSERT_EQ(tangent_chain(m, n, depth), tangent_to[m * kStride + n])
            << rows << "×" << columns << ", depth " << depth << ": at " << m << ", " << n;
  }
  void expect_chains(int rows, int columns, const std::vector<int>& depths, int start_stride) const {
    for (int m = 0; m < rows; ++m)
      for (int n = 0; n < columns; ++n) {
        const float wanted = chain(m, n, depths, start_stride);
        if (std::memcmp(&wanted, &to[m * kStride + n], sizeof(float)) != 0)
          FAIL() << rows << "×" << columns << ", depth " << depths.front() << ": at " << m << ", " << n
                 << " wanted " << wanted << ", found " << to[m * kStride + n];
      }
  }
};

template <class Team>
class Product : public testing::Test {};
using Teams =
    testing::Types<TileTeam<4, 2, 2>, TileTeam<1, 6, 2>, TileTeam<1, 6, 4>, TileTeam<4, 4, 2, false>>;
TYPED_TEST_SUITE(Product, Teams);

TYPED_TEST(Product, IsAChainOfFusedMultiplyAdds) {
  const TypeParam team;
  for (const int pitch : kPitches) {
    Operands o(pitch);
    for (int rows = 1; rows <= kRows; ++rows)
      for (int columns = 1; columns <= kColumns; ++columns)
        for (int depth = 0; depth <= kDepth; ++depth) {
          product<typename TypeParam::Vector>(
              team, rows, columns, Array<Term<float>, 1>{{{{o.left, pitch, 1}, {o.right, kStride}, depth}}},
              {o.start, kStride}, o.to, kStride);
          ASSERT_NO_FATAL_FAILURE(o.expect_chains(rows, columns, {depth}, kStride));
        }
  }
}

TYPED_TEST(Product, TakesATransposedMatrixTwoTermsAndABias) {
  const TypeParam team;
  for (const int pitch : kPitches) {
    Operands o(pitch);
    for (int rows = 1; rows <= kRows; ++rows)
      for (int columns : {1, 15, 16, 17, 33, 64, 65, 70}) {
        const Term<float> first{{o.transposed, 1, pitch}, {o.right, kStride}, kDepth};
        const Term<float> second{{o.left, pitch, 1}, {o.right, kStride}, 5};
        product<typename TypeParam::Vector>(team, rows, columns, Array<Term<float>, 2>{{first, second}},
                                            {o.start, 0}, o.to, kStride);
        ASSERT_NO_FATAL_FAILURE(o.expect_chains(rows, columns, {kDepth, 5}, 0));
      }
  }
}

TYPED_TEST(Product, ComesWithItsTangentOrGivesTheTangentAlone) {
  using V = typename TypeParam::Vector;
  const TypeParam team;
  for (const int pitch : kPitches)
    for (const bool is_transposed : {false, true}) {
      Operands o(pitch);
      const auto strided = [&](const float* rows, const float* columns) {
        return is_transposed ? Left<float>{columns, 1, pitch} : Left<float>{rows, pitch, 1};
      };
      for (int rows = 1; rows <= kRows; ++rows)
        for (int columns : {1, 15, 16, 17, 33, 64, 65, 70})
          for (int depth : {0, 1, 3, 4, kDepth}) {
            const TangentTerm<float> term{strided(o.left, o.transposed),
                                          strided(o.moved, o.moved_transposed),
                                          {o.right, kStride},
                                          {o.direction, kStride},
                                          depth};
            const auto store_tangent = [&](int m, int n, V tangent) {
              store_aligned(o.tangent_to + m * kStride + n, tangent);
            };
            product_and_tangent<V>(team, rows, columns, term, {o.start, kStride}, {o.start, kStride},
                                   [&](int m, int n, V sum, V tangent) {
                                     store_aligned(o.to + m * kStride + n, sum);
                                     store_tangent(m, n, tangent);
                                   });
            ASSERT_NO_FATAL_FAILURE(o.expect_chains(rows, columns, {depth}, kStride));
            ASSERT_NO_FATAL_FAILURE(o.expect_tangents(rows, columns, depth));
            std::fill_n(o.tangent_to, kRows * kStride, NAN);
            tangent_product<V>(team, rows, columns, term, {o.start, kStride}, store_tangent);
            ASSERT_NO_FATAL_FAILURE(o.expect_tangents(rows, columns, depth));
          }
    }
}

// A block with more threads than tiles makes the tiles smaller.
TYPED_TEST(Product, IsTheSameForEveryNumberOfThreads) {
  Operands o(16);
  for (const int threads : {2, 7, 20, 45, 70, 300})
    for (int rows = 1; rows <= kRows; ++rows)
      for (int columns : {1, 16, 33, 70}) {
        std::fill_n(o.to, kRows * kStride, NAN);
        for (int thread = 0; thread < threads; ++thread) {
          TypeParam team;
          team.number = thread;
          team.threads = threads;
          product<typename TypeParam::Vector>(
              team, rows, columns, Array<Term<float>, 1>{{{{o.left, 16, 1}, {o.right, kStride}, kDepth}}},
              {o.start, kStride}, o.to, kStride);
        }
        ASSERT_NO_FATAL_FAILURE(o.expect_chains(rows, columns, {kDepth}, kStride));
      }
}

}  // namespace
}  // namespace innerloop
