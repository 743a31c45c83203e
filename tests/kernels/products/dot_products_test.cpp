// Dot products of every small shape against 16 plain chains and their tree, bit for bit, for every width of packs.
#include "kernels/products/dot_products.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "tests/support/buffers.h"

namespace innerloop {
namespace {

// Vectors of numbers on a CPU are as wide as its packs of rows; a CUDA lane has one row and vectors of four.
template <int RowsAtOnce, int VectorLanes>
struct DotTeam {
  using Scalar = float;
  using Lane = Pack<float, RowsAtOnce>;
  using Vector = Pack<float, VectorLanes>;
  int rank() const { return 0; }
  int size() const { return 1; }
  void sync() const {}
};

// The sum of 16 numbers halves upon each other, four times.
float tree(std::vector<float> x) {
  while (x.size() > 1) {
    for (std::size_t i = 0; i < x.size() / 2; ++i) x[i] += x[i + x.size() / 2];
    x.resize(x.size() / 2);
  }
  return x[0];
}

template <class Team>
class DotProducts : public testing::Test {};
using Teams = testing::Types<DotTeam<1, 4>, DotTeam<4, 4>, DotTeam<8, 8>, DotTeam<16, 16>>;
TYPED_TEST_SUITE(DotProducts, Teams);

TYPED_TEST(DotProducts, AreSixteenChainsAndATree) {
  constexpr int kRows = 37, kColumns = 8, kDepth = 48, kOut = 48;
  Buffers memory(1);
  const float* left = memory.normals("left", kRows * kDepth);
  const float* right = memory.normals("right", kColumns * kDepth);
  const float* bias = memory.normals("bias", kColumns);
  float* to = memory.blank("to", kColumns * kOut);
  for (int rows = 1; rows <= kRows; ++rows)
    for (int columns : {1, 2, 5, kColumns}) {
      // The second term is the first 32 of each row once more.
      const Array<DotTerm<float>, 2> terms{{{left, kDepth, right, kDepth}, {left, kDepth, right, 32}}};
      dot_products(TypeParam{}, rows, columns, terms, bias, to, kOut);
      for (int n = 0; n < columns; ++n)
        for (int m = 0; m < rows; ++m) {
          std::vector<float> chains(16, 0.0f);
          for (int k = 0; k < kDepth; ++k)
            chains[k % 16] = std::fma(left[m * kDepth + k], right[n * kDepth + k], chains[k % 16]);
          for (int k = 0; k < 32; ++k)
            chains[k % 16] = std::fma(left[m * kDepth + k], right[n * 32 + k], chains[k % 16]);
          const float wanted = tree(chains) + bias[n];
          ASSERT_EQ(std::memcmp(&wanted, &to[n * kOut + m], sizeof(float)), 0)
              << rows << "×" << columns << " at " << m << ", " << n << ": wanted " << wanted << ", found "
              << to[n * kOut + m];
        }
    }
}

}  // namespace
}  // namespace innerloop
