// Products by tensor cores against sums in double precision: those of the rounded numbers, and the exact ones.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "engine/device/cuda/stream.h"
#include "kernels/products/product.h"

namespace innerloop {
namespace {

constexpr int kMost = 80, kStride = 80,
              kSize = kMost * kStride;  // rows, columns and depth; numbers of an operand
enum Operand : int { kLeft, kMoved, kRight, kDirection, kStart, kOperands };
enum class Form { one, two_terms, bias, tangent, both };

// A product whose operands are brought into scratch memory, and its results back.
struct Multiply {
  Form form;
  int rows, columns, depth;
  bool transposed;
  int pitch;         // A's rows are so far apart, or transposed its columns
  const float* in;   // [operand][kSize]
  float* out;        // [sum, tangent][kSize]
  long other_bytes;  // of scratch memory that is not used
  const int* enabled = nullptr;

  FN int parts() const { return 1; }
  template <class Team>
  FN long scratch_bytes() const {
    return (kOperands + 2) * kSize * static_cast<long>(sizeof(float)) + other_bytes;
  }
  FN Left<float> left(const float* data) const {
    return transposed ? Left<float>{data, 1, pitch} : Left<float>{data, pitch, 1};
  }

  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch scratch) const {
    using V = typename Team::Vector;
    float *const operands = scratch.take<float>(kOperands * kSize), *const results =
                                                                        scratch.take<float>(2 * kSize);
    // Beyond the depth of a product there is nothing to be multiplied, not even by 0.
    for (int i = team.rank(); i < kOperands * kSize; i += team.size()) {
      const int operand = i / kSize, at = i % kSize;
      const bool is_left = operand == kLeft || operand == kMoved,
                 is_second = operand == kMoved || operand == kDirection;
      const int k = !is_left ? at / kStride : transposed ? at / pitch : at % pitch;
      const int end = form == Form::two_terms && is_second ? depth / 2 : depth;
      operands[i] = operand == kStart || k < end ? in[i] : NAN;
    }
    for (int i = team.rank(); i < 2 * kSize; i += team.size()) results[i] = -1;
    team.sync();
    const auto at = [&](Operand operand) FN_LAMBDA { return operands + operand * kSize; };
    float *const sums = results, *const tangents = results + kSize;
    const Start<float> start{at(kStart), form == Form::bias ? 0 : kStride};
    const Term<float> term{left(at(kLeft)), {at(kRight), kStride}, depth};
    const TangentTerm<float> tangent_term{
        left(at(kLeft)), left(at(kMoved)), {at(kRight), kStride}, {at(kDirection), kStride}, depth};
    if (form == Form::two_terms) {
      product<V>(team, rows, columns,
                 Array<Term<float>, 2>{{term, {left(at(kMoved)), {at(kDirection), kStride}, depth / 2}}},
                 start, sums, kStride);
    } else if (form == Form::tangent) {
      tangent_product<V>(team, rows, columns, tangent_term, start, [=](int m, int n, V tangent) FN_LAMBDA {
        store_aligned(tangents + m * kStride + n, tangent);
      });
    } else if (form == Form::both) {
      product_and_tangent<V>(team, rows, columns, tangent_term, start, start,
                             [=](int m, int n, V sum, V tangent) FN_LAMBDA {
                               store_aligned(sums + m * kStride + n, sum);
                               store_aligned(tangents + m * kStride + n, tangent);
                             });
    } else {
      product<V>(team, rows, columns, Array<Term<float>, 1>{{term}}, start, sums, kStride);
    }
    team.sync();
    for (int i = team.rank(); i < 2 * kSize; i += team.size()) out[i] = results[i];
  }
};

// Rounds to `bits` significant bits: to the nearest, and from the middle to the even one (bf16) or away from 0 (tf32).
float rounded(float x, Precision precision) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  if (precision == Precision::tf32) {
    bits = (bits + 0x1000) & ~0x1FFFu;
  } else {
    bits = (bits + 0x7FFF + (bits >> 16 & 1)) & ~0xFFFFu;
  }
  std::memcpy(&x, &bits, sizeof bits);
  return x;
}

struct Sum {
  double value, start, products = 0;  // the sum; magnitudes of where it starts and of what is added
  int terms = 0;
  void add(double a, double b) {
    ++terms;
    value += a * b;
    products += std::abs(a * b);
  }
};

class TensorProduct : public testing::TestWithParam<Precision> {
 protected:
  TensorProduct() : memory_(cuda::allocate(stream_, (kOperands + 2) * kSize * long{sizeof(float)})) {
    std::mt19937 random(5);
    std::normal_distribution<float> normal;
    operands_.resize(kOperands * kSize);
    for (float& x : operands_) x = normal(random);
    cuda::copy(stream_, memory_.get(), operands_.data(), bytes(operands_), cuda::Direction::to_device);
    cuda::use_precision(stream_, GetParam());
  }

  // Unit roundoff of the numbers that are multiplied.
  double roundoff() const { return GetParam() == Precision::tf32 ? 0x1p-11 : 0x1p-8; }

  std::vector<float> multiply(Multiply op) {
    op.in = static_cast<const float*>(memory_.get());
    op.out = static_cast<float*>(memory_.get()) + operands_.size();
    cuda::launch(stream_, op, 1);
    std::vector<float> results(2 * kSize);
    cuda::copy(stream_, results.data(), op.out, bytes(results), cuda::Direction::to_host);
    return results;
  }

  // C[m][n] of the products that `op` does, from numbers as they are or rounded.
  Sum sum(const Multiply& op, bool of_tangent, bool is_rounded, int m, int n) const {
    const auto number = [&](Operand operand, int index) {
      const float x = operands_[static_cast<std::size_t>(operand * kSize + index)];
      return is_rounded ? rounded(x, GetParam()) : x;
    };
    const auto left = [&](Operand operand, int k) {
      return number(operand, op.transposed ? k * op.pitch + m : m * op.pitch + k);
    };
    const double start =
        operands_[static_cast<std::size_t>(kStart * kSize + (op.form == Form::bias ? 0 : m * kStride) + n)];
    Sum sum{start, std::abs(start)};
    for (int k = 0; k < op.depth; ++k) {
      if (of_tangent) sum.add(left(kMoved, k), number(kRight, k * kStride + n));
      if (of_tangent || (op.form == Form::two_terms && k < op.depth / 2))
        sum.add(left(of_tangent ? kLeft : kMoved, k), number(kDirection, k * kStride + n));
      if (!of_tangent) sum.add(left(kLeft, k), number(kRight, k * kStride + n));
    }
    return sum;
  }

  void expect_sums(const Multiply& op) {
    const std::vector<float> found = multiply(op);
    ASSERT_EQ(found, multiply(op)) << "another time";
    const double u = roundoff();
    for (const bool of_tangent : {false, true}) {
      const bool wanted =
          of_tangent ? op.form == Form::tangent || op.form == Form::both : op.form != Form::tangent;
      for (int m = 0; m < kMost; ++m)
        for (int n = 0; n < kStride; ++n) {
          const float x = found[static_cast<std::size_t>((of_tangent ? kSize : 0) + m * kStride + n)];
          if (!wanted || m >= op.rows || n >= round_up(op.columns, 4)) {
            ASSERT_EQ(x, -1) << "not to be written: " << m << ", " << n;
            continue;
          }
          const Sum of_rounded = sum(op, of_tangent, true, m, n), exact = sum(op, of_tangent, false, m, n);
          // The error of a float32 sum whose every addition cuts off what it has no bits for.
          const double in_sum = of_rounded.terms * 0x1p-23 * (of_rounded.start + of_rounded.products);
          ASSERT_NEAR(x, of_rounded.value, in_sum) << "of rounded numbers: " << m << ", " << n;
          ASSERT_NEAR(x, exact.value, u * (2 + u) * exact.products + in_sum) << "exact: " << m << ", " << n;
        }
    }
  }

  static std::int64_t bytes(const std::vector<float>& numbers) {
    return static_cast<std::int64_t>(numbers.size() * sizeof(float));
  }

  cuda::Stream stream_;
  std::vector<float> operands_;
  std::shared_ptr<void> memory_;
};

TEST_P(TensorProduct, IsWithinTheBoundsOfItsRoundedAndOfTheExactNumbers) {
  for (const Form form : {Form::one, Form::two_terms, Form::bias, Form::tangent, Form::both})
    for (const bool transposed : {false, true})
      for (const int pitch : {kMost, kMost - 1})  // rows of A are aligned, or are not
        for (const auto [rows, columns, depth] :
             {std::array{1, 16, 1}, {16, 32, 16}, {33, 20, 7}, {64, 64, 64}, {79, 80, 45}}) {
          SCOPED_TRACE(testing::Message()
                       << "form " << static_cast<int>(form) << (transposed ? ", transposed" : "")
                       << ", pitch " << pitch << ", " << rows << " × " << columns << ", depth " << depth);
          ASSERT_NO_FATAL_FAILURE(
              expect_sums({form, rows, columns, depth, transposed, pitch, nullptr, nullptr, 0}));
        }
}

TEST_P(TensorProduct, IsTheSameWithScratchInDeviceMemory) {
  Multiply op{Form::both, 50, 64, 30, false, kMost, nullptr, nullptr, 0};
  const std::vector<float> shared = multiply(op);
  op.other_bytes = stream_.max_shared_bytes;
  EXPECT_EQ(multiply(op), shared);
}

INSTANTIATE_TEST_SUITE_P(, TensorProduct, testing::Values(Precision::tf32, Precision::bf16),
                         [](const auto& test) { return test.param == Precision::tf32 ? "Tf32" : "Bf16"; });

}  // namespace
}  // namespace innerloop
