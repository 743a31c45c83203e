// Packs: each lane computes what a single number would, fma without the instruction for it included.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/lanes/pack.h"

namespace innerloop {
namespace {

bool same(float a, float b) {
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}
bool same(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

// Zeros, denormals, neighbours of powers of two, the largest, infinities, NaN; both signs.
std::vector<float> special_numbers() {
  using Limits = std::numeric_limits<float>;
  std::vector<float> numbers;
  for (const float x : {0.0f,
                        Limits::denorm_min(),
                        3 * Limits::denorm_min(),
                        0x1.8p-130f,
                        Limits::min(),
                        0x1.fffffep-127f,
                        0x1p-75f,
                        0x1.000002p-75f,
                        0x1p-24f,
                        0x1.000002p-24f,
                        0x1.fffffep-25f,
                        0.5f,
                        0x1.fffffep-1f,
                        1.0f,
                        0x1.000002p0f,
                        1.5f,
                        3.0f,
                        0x1.fffffep23f,
                        0x1p24f,
                        0x1.000002p63f,
                        0x1.fffffep63f,
                        0x1p64f,
                        0x1.fffffep127f,
                        Limits::infinity(),
                        Limits::quiet_NaN()}) {
    numbers.push_back(x);
    numbers.push_back(-x);
  }
  return numbers;
}

template <class P>
class FloatPack : public testing::Test {};
using FloatPacks = testing::Types<Pack<float, 1>, Pack<float, 4>, Pack<float, 8>, Pack<float, 16>>;
TYPED_TEST_SUITE(FloatPack, FloatPacks);

// fma of neighbours, one a lane, against the C library's.
template <class P>
class FmaCheck {
 public:
  void add(float a, float b, float c) {
    a_.set(count_, a);
    b_.set(count_, b);
    c_.set(count_, c);
    if (++count_ == P::lanes) compare();
  }

 private:
  void compare() {
    const P found = fma(a_, b_, c_);
    for (int i = 0; i < P::lanes; ++i) {
      const float wanted = std::fma(a_.get(i), b_.get(i), c_.get(i));
      ASSERT_TRUE(same(wanted, found.get(i)))
          << std::hexfloat << a_.get(i) << " · " << b_.get(i) << " + " << c_.get(i) << ": wanted " << wanted
          << ", found " << found.get(i);
    }
    count_ = 0;
  }
  P a_, b_, c_;
  int count_ = 0;
};

TYPED_TEST(FloatPack, FmaRoundsOnceForSpecialNumbers) {
  const auto numbers = special_numbers();
  FmaCheck<TypeParam> check;
  for (const float a : numbers)
    for (const float b : numbers)
      for (const float c : numbers) {
        check.add(a, b, c);
        if (this->HasFatalFailure()) return;
      }
}

TYPED_TEST(FloatPack, FmaRoundsOnceForRandomBits) {
  std::mt19937 random(1);
  FmaCheck<TypeParam> check;
  for (int i = 0; i < 300'000; ++i) {
    check.add(std::bit_cast<float>(static_cast<std::uint32_t>(random())),
              std::bit_cast<float>(static_cast<std::uint32_t>(random())),
              std::bit_cast<float>(static_cast<std::uint32_t>(random())));
    if (this->HasFatalFailure()) return;
  }
}

// The product lies half way between two floats (or a hair beside it), and the addend is small: rounding the sum to
// double and then to float goes wrong here. And sums where the product cancels the addend.
TYPED_TEST(FloatPack, FmaRoundsOnceNearTiesAndWhereItCancels) {
  std::mt19937 random(2);
  FmaCheck<TypeParam> check;
  const auto scale = [&](int from, int to) {
    return std::ldexp(1.0f, std::uniform_int_distribution<int>(from, to)(random));
  };
  for (int i = 0; i < 100'000; ++i) {
    // (2^12 + 1)·(2^12 + odd): 25 bits, the last one set.
    const float a = static_cast<float>((random() & 0xFFF) | 0x1001),
                b = static_cast<float>((random() & 0xFFF) | 0x1001);
    const float sign = (random() & 1) != 0 ? 1.0f : -1.0f;
    const float size = scale(-160, 90);
    check.add(a, b * size, sign * size * scale(-60, 0));
    check.add(a * size, b, sign * std::numeric_limits<float>::denorm_min());
    check.add(a, b * size, -(a * (b * size)));
    check.add(a, b * size, -std::nextafter(a * (b * size), 0.0f));
    if (this->HasFatalFailure()) return;
  }
}

template <class P>
class AnyPack : public testing::Test {};
using AnyPacks = testing::Types<Pack<float, 1>, Pack<float, 4>, Pack<float, 8>, Pack<float, 16>,
                                Pack<double, 1>, Pack<double, 2>, Pack<double, 4>, Pack<double, 8>>;
TYPED_TEST_SUITE(AnyPack, AnyPacks);

TYPED_TEST(AnyPack, LanesComputeAsSingleNumbersDo) {
  using P = TypeParam;
  using T = typename P::value_type;
  const auto numbers = special_numbers();
  for (std::size_t i = 0; i < numbers.size(); ++i)
    for (std::size_t shift = 0; shift < numbers.size(); ++shift) {
      P a, b;
      for (int lane = 0; lane < P::lanes; ++lane) {
        const auto at = i + static_cast<std::size_t>(lane);
        a.set(lane, static_cast<T>(numbers[at % numbers.size()]));
        b.set(lane, static_cast<T>(numbers[(at + shift) % numbers.size()]));
      }
      const P sum = a + b, difference = a - b, product = a * b, quotient = a / b, negative = -a,
              root = sqrt(a);
      const P least = min(a, b), most = max(a, b), size = abs(a), chosen = select(a < b, a, b);
      const auto less = a < b, at_most = a <= b, equal = a == b, differs = a != b, both = (a > b) & (a >= b);
      for (int lane = 0; lane < P::lanes; ++lane) {
        const T x = a.get(lane), y = b.get(lane);
        EXPECT_TRUE(same(sum.get(lane), x + y));
        EXPECT_TRUE(same(difference.get(lane), x - y));
        EXPECT_TRUE(same(product.get(lane), x * y));
        EXPECT_TRUE(same(quotient.get(lane), x / y));
        EXPECT_TRUE(same(negative.get(lane), -x));
        EXPECT_TRUE(same(root.get(lane), std::sqrt(x)));
        EXPECT_TRUE(same(least.get(lane), x < y ? x : y));
        EXPECT_TRUE(same(most.get(lane), x > y ? x : y));
        EXPECT_TRUE(same(size.get(lane), std::abs(x)));
        EXPECT_TRUE(same(chosen.get(lane), x < y ? x : y));
        EXPECT_EQ(less.get(lane), x < y ? -1 : 0);
        EXPECT_EQ(at_most.get(lane), x <= y ? -1 : 0);
        EXPECT_EQ(equal.get(lane), x == y ? -1 : 0);
        EXPECT_EQ(differs.get(lane), x != y ? -1 : 0);
        EXPECT_EQ(both.get(lane), x > y ? -1 : 0);
      }
    }
}

TYPED_TEST(AnyPack, LoadsAndStoresTheFirstLanesAlone) {
  using P = TypeParam;
  using T = typename P::value_type;
  std::vector<T> from(2 * P::lanes);
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<T>(i + 1);
  for (int count = 1; count <= P::lanes + 2; ++count) {
    // Not aligned.
    const P p = load_first<P>(from.data() + 1, count, T(-1));
    std::vector<T> to(from.size(), T(0));
    store_first(to.data() + 1, p, count);
    for (int lane = 0; lane < P::lanes; ++lane) {
      const T number = from[static_cast<std::size_t>(lane) + 1];
      EXPECT_EQ(p.get(lane), lane < count ? number : T(-1));
      EXPECT_EQ(to[static_cast<std::size_t>(lane) + 1], lane < count ? number : T(0));
    }
    EXPECT_EQ(to[0], T(0));
  }
}

TYPED_TEST(AnyPack, ConvertsAndReadsBitsLaneByLane) {
  using P = TypeParam;
  using T = typename P::value_type;
  const P p = lane_index<P>() * T(-1.75) + T(3.5);
  const auto integers = convert<std::int32_t>(p);
  const auto bits = bits_as<typename Mask<P>::value_type>(p);
  for (int lane = 0; lane < P::lanes; ++lane) {
    const T x = T(3.5) - T(1.75) * static_cast<T>(lane);
    EXPECT_EQ(p.get(lane), x);
    EXPECT_EQ(integers.get(lane), static_cast<std::int32_t>(x));
    EXPECT_EQ(bits.get(lane), std::bit_cast<typename Mask<P>::value_type>(x));
  }
}

}  // namespace
}  // namespace innerloop
