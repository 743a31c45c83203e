// kernels/lanes/random.h: Random123's published answers, and what the engine relies on beside them.
#include "kernels/lanes/random.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>
#include <vector>

namespace innerloop {
namespace {

using Words = std::array<std::uint32_t, 4>;

template <int N>
void expect_philox(const Words& counter, std::uint32_t key0, std::uint32_t key1, const Words& wanted) {
  using U = Pack<std::uint32_t, N>;
  // Lane 0 holds the counter, the others something else.
  Array<U, 4> packed = {U(11), U(12), U(13), U(14)};
  const int lane = N - 1;
  for (int i = 0; i < 4; ++i) packed[i].set(lane, counter[i]);
  const Array<U, 4> found = philox(packed, key0, key1);
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(found[i].get(lane), wanted[i]) << "word " << i << ", " << N << " lanes";
}

// Random123's kat_vectors, lines "philox4x32 10".
TEST(Philox, GivesThePublishedAnswers) {
  auto expect = [](const Words& counter, std::uint32_t key0, std::uint32_t key1, const Words& wanted) {
    expect_philox<1>(counter, key0, key1, wanted);
    expect_philox<4>(counter, key0, key1, wanted);
    expect_philox<8>(counter, key0, key1, wanted);
    expect_philox<16>(counter, key0, key1, wanted);
  };
  expect({0, 0, 0, 0}, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  expect({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, 0xffffffff, 0xffffffff,
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  expect({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0xa4093822, 0x299f31d0,
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

constexpr RandomKey kKey = {17, 3};

// Stream of (task 2, environment `env` + lane, step 5).
template <class Real>
Random<Real> stream(std::uint32_t env, RandomKey key = kKey, Purpose purpose = Purpose::action,
                    std::uint32_t inner_step = 1, std::uint32_t task = 2, std::uint32_t step = 5) {
  using U = UintPack<Real>;
  return {key, U(task), U(env) + lane_index<U>(), U(step), purpose, inner_step};
}

TEST(Random, CounterIsTaskEnvironmentStepThenPurposeInnerStepAndBlock) {
  using U = Pack<std::uint32_t, 1>;
  Random<Pack<float, 1>> random = stream<Pack<float, 1>>(7);
  for (std::uint32_t block = 0; block < 3; ++block) {
    const std::uint32_t last = static_cast<std::uint32_t>(Purpose::action) | 1u << 8 | block << 16;
    const Array<U, 4> wanted = philox(Array<U, 4>{U(2), U(7), U(5), U(last)}, kKey.seed, kKey.iteration);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(random.bits().get(0), wanted[i].get(0)) << block << " " << i;
  }
}

TEST(Random, NeighbouringStreamsDrawNoEqualNumbers) {
  using One = Pack<float, 1>;
  std::multiset<std::uint64_t> seen;  // two words, so that a coincidence has a chance of 2⁻⁶⁴ a pair
  auto add = [&](Random<One> random) {
    for (int i = 0; i < 10; ++i) {
      const std::uint64_t high = random.bits().get(0);
      seen.insert(high << 32 | random.bits().get(0));
    }
  };
  int streams = 0;
  for (const Purpose purpose : {Purpose::task, Purpose::reset, Purpose::action, Purpose::environment})
    for (std::uint32_t inner_step = 0; inner_step < 3; ++inner_step)
      for (std::uint32_t task = 0; task < 3; ++task)
        for (std::uint32_t env = 0; env < 3; ++env)
          for (std::uint32_t step = 0; step < 3; ++step)
            for (const RandomKey key : {RandomKey{1, 0}, RandomKey{0, 1}, RandomKey{1, 1}}) {
              add(stream<One>(env, key, purpose, inner_step, task, step));
              ++streams;
            }
  EXPECT_EQ(std::set<std::uint64_t>(seen.begin(), seen.end()).size(), static_cast<std::size_t>(streams) * 10);
}

template <int N>
void expect_lane_equals_single() {
  using R = Pack<float, N>;
  using One = Pack<float, 1>;
  Random<R> packed = stream<R>(40);
  std::vector<Random<One>> single;
  for (int lane = 0; lane < N; ++lane) single.push_back(stream<One>(40 + lane));
  for (int i = 0; i < 9; ++i) {
    const R uniform = packed.uniform(), normal = packed.normal();
    for (int lane = 0; lane < N; ++lane) {
      EXPECT_EQ(uniform.get(lane), single[lane].uniform().get(0));
      EXPECT_EQ(normal.get(lane), single[lane].normal().get(0));
    }
  }
}

TEST(Random, NumbersDoNotDependOnTheWidth) {
  expect_lane_equals_single<4>();
  expect_lane_equals_single<8>();
  expect_lane_equals_single<16>();
}

TEST(Random, DoubleDrawsTheSameUniforms) {
  auto single = stream<Pack<float, 4>>(0);
  auto twice = stream<Pack<double, 4>>(0);
  for (int i = 0; i < 100; ++i) {
    const auto a = single.uniform();
    const auto b = twice.uniform();
    for (int lane = 0; lane < 4; ++lane) EXPECT_EQ(static_cast<double>(a.get(lane)), b.get(lane));
  }
}

TEST(Random, DoubleDrawsTheSameNormalsToFloatPrecision) {
  auto single = stream<Pack<float, 4>>(0);
  auto twice = stream<Pack<double, 4>>(0);
  for (int i = 0; i < 100; ++i) {
    const auto a = single.normal();
    const auto b = twice.normal();
    for (int lane = 0; lane < 4; ++lane) EXPECT_NEAR(a.get(lane), b.get(lane), 2e-6);
  }
}

// The first moments of `count` draws, and how far they reach.
struct Moments {
  double mean = 0, variance = 0, skewness = 0, kurtosis = 0, low = 1e9, high = -1e9;
};
template <class Draw>
Moments moments(int count, Draw draw) {
  std::vector<double> values;
  for (int i = 0; i < count / 16; ++i) {
    auto random = stream<Pack<float, 16>>(static_cast<std::uint32_t>(16 * i));
    const auto drawn = draw(random);
    for (int lane = 0; lane < 16; ++lane) values.push_back(drawn.get(lane));
  }
  Moments m;
  for (const double v : values) {
    m.mean += v / values.size();
    m.low = std::min(m.low, v);
    m.high = std::max(m.high, v);
  }
  for (const double v : values) m.variance += (v - m.mean) * (v - m.mean) / values.size();
  for (const double v : values) {
    const double z = (v - m.mean) / std::sqrt(m.variance);
    m.skewness += z * z * z / values.size();
    m.kurtosis += z * z * z * z / values.size();
  }
  return m;
}

constexpr int kCount =
    320000;  // standard error of a mean: 0.0018 standard deviations; bounds are at five or more

TEST(Random, UniformsFillTheUnitInterval) {
  const Moments m = moments(kCount, [](auto& random) { return random.uniform(); });
  EXPECT_NEAR(m.mean, 0.5, 0.003);
  EXPECT_NEAR(m.variance, 1.0 / 12, 0.001);
  EXPECT_GE(m.low, 0.0);
  EXPECT_LT(m.low, 1e-4);
  EXPECT_LT(m.high, 1.0);
  EXPECT_GT(m.high, 1 - 1e-4);
}

TEST(Random, UniformsFillAnInterval) {
  using R = Pack<float, 16>;
  const Moments m = moments(kCount, [](auto& random) { return random.uniform(R(-2), R(6)); });
  EXPECT_NEAR(m.mean, 2, 0.024);
  EXPECT_GE(m.low, -2);
  EXPECT_LE(m.high, 6);
  EXPECT_LT(m.low, -1.999);
  EXPECT_GT(m.high, 5.999);
}

void expect_normal(const Moments& m) {
  EXPECT_NEAR(m.mean, 0, 0.01);
  EXPECT_NEAR(m.variance, 1, 0.015);
  EXPECT_NEAR(m.skewness, 0, 0.025);
  EXPECT_NEAR(m.kurtosis, 3, 0.06);
  EXPECT_LT(m.low, -4);
  EXPECT_GT(m.high, 4);
  EXPECT_LT(m.high, 5.78);
}

TEST(Random, BothNormalsOfAPairAreNormal) {
  expect_normal(moments(kCount, [](auto& random) { return random.normal(); }));
  expect_normal(moments(kCount, [](auto& random) {
    random.normal();
    return random.normal();
  }));
}

TEST(Random, NormalsOfAPairAreUncorrelated) {
  const Moments sum = moments(kCount, [](auto& random) {
    const auto first = random.normal();
    return first + random.normal();
  });
  EXPECT_NEAR(sum.variance, 2, 0.03);
}

}  // namespace
}  // namespace innerloop
