// kernels/lanes/maths.h against the C library's double functions, and its bits against themselves at every width.
#include "kernels/lanes/maths.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace innerloop {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kDenormal = std::numeric_limits<float>::denorm_min();

// The functions under test, callable on packs of any width.
struct Exp {
  template <class P>
  static P of(P x) {
    return exp(x);
  }
};
struct Log {
  template <class P>
  static P of(P x) {
    return log(x);
  }
};
struct TanhOf {
  template <class P>
  static P of(P x) {
    return tanh(x);
  }
};
template <bool Turns, bool Sine>
struct Circular {
  template <class P>
  static P of(P x) {
    P sine, cosine;
    if constexpr (Turns)
      sin_cos_turns(x, sine, cosine);
    else
      sin_cos(x, sine, cosine);
    return Sine ? sine : cosine;
  }
};
using Sin = Circular<false, true>;
using Cos = Circular<false, false>;
using SinTurns = Circular<true, true>;
using CosTurns = Circular<true, false>;

template <class F, int N = 1>
std::vector<float> evaluate(const std::vector<float>& arguments) {
  using P = Pack<float, N>;
  std::vector<float> results(arguments.size());
  for (std::size_t i = 0; i < arguments.size(); i += N) {
    const int count = static_cast<int>(std::min<std::size_t>(N, arguments.size() - i));
    store_first(&results[i], F::of(load_first<P>(&arguments[i], count)), count);
  }
  return results;
}

template <class F>
float evaluate_one(float x) {
  return evaluate<F>({x})[0];
}

// Floats from low to high (both of one sign), evenly spaced in their bits: dense where floats are.
std::vector<float> spread(float low, float high, int count) {
  std::vector<float> values;
  const auto from = std::bit_cast<std::uint32_t>(low), to = std::bit_cast<std::uint32_t>(high);
  for (int i = 0; i <= count; ++i)
    values.push_back(std::bit_cast<float>(
        static_cast<std::uint32_t>(from + (static_cast<std::int64_t>(to) - from) * i / count)));
  return values;
}

// The distance between two floats around `value`.
double ulp(double value) {
  const int exponent = std::max(std::ilogb(value), -126);
  return std::ldexp(1.0, exponent - 23);
}

template <class F>
double worst_ulps(const std::vector<float>& arguments, double (*reference)(double)) {
  const std::vector<float> results = evaluate<F>(arguments);
  double worst = 0;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const double exact = reference(arguments[i]);
    const double error = std::abs(results[i] - exact) / ulp(exact);
    if (!(error <= worst)) worst = error;  // NaN counts
  }
  return worst;
}

template <class F>
double worst_error(const std::vector<float>& arguments, double (*reference)(double)) {
  const std::vector<float> results = evaluate<F>(arguments);
  double worst = 0;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const double error = std::abs(results[i] - reference(arguments[i]));
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

constexpr int kCount = 200000;

TEST(Maths, ExpIsWithinAnUlpAndAQuarter) {
  EXPECT_LE(worst_ulps<Exp>(spread(1e-20f, 88.72f, kCount), std::exp), 1.25);
  EXPECT_LE(worst_ulps<Exp>(spread(-1e-20f, -87.3f, kCount), std::exp), 1.25);
}

TEST(Maths, ExpRoundsOnceMoreInTheDenormals) {
  EXPECT_LE(worst_ulps<Exp>(spread(-87.3f, -103.9f, kCount), std::exp), 1.25);
  EXPECT_EQ(evaluate_one<Exp>(-103.9f), kDenormal);
}

TEST(Maths, ExpOfSpecialValues) {
  EXPECT_EQ(evaluate_one<Exp>(0.0f), 1.0f);
  EXPECT_EQ(evaluate_one<Exp>(-0.0f), 1.0f);
  EXPECT_EQ(evaluate_one<Exp>(kDenormal), 1.0f);
  EXPECT_EQ(evaluate_one<Exp>(88.8f), kInfinity);
  EXPECT_EQ(evaluate_one<Exp>(kInfinity), kInfinity);
  EXPECT_EQ(evaluate_one<Exp>(-104.5f), 0.0f);
  EXPECT_EQ(evaluate_one<Exp>(-kInfinity), 0.0f);
  EXPECT_TRUE(std::isnan(evaluate_one<Exp>(kNan)));
}

TEST(Maths, LogIsWithinAnUlp) {
  EXPECT_LE(worst_ulps<Log>(spread(kDenormal, std::numeric_limits<float>::max(), kCount), std::log), 1.0);
  EXPECT_LE(worst_ulps<Log>(spread(0.7f, 1.5f, kCount), std::log), 1.0);
}

TEST(Maths, LogOfSpecialValues) {
  EXPECT_EQ(evaluate_one<Log>(1.0f), 0.0f);
  EXPECT_EQ(evaluate_one<Log>(0.0f), -kInfinity);
  EXPECT_EQ(evaluate_one<Log>(-0.0f), -kInfinity);
  EXPECT_EQ(evaluate_one<Log>(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(evaluate_one<Log>(-kDenormal)));
  EXPECT_TRUE(std::isnan(evaluate_one<Log>(-1.0f)));
  EXPECT_TRUE(std::isnan(evaluate_one<Log>(-kInfinity)));
  EXPECT_TRUE(std::isnan(evaluate_one<Log>(kNan)));
}

TEST(Maths, TanhIsWithinFourUlps) {
  EXPECT_LE(worst_ulps<TanhOf>(spread(kDenormal, 20.0f, kCount), std::tanh), 4.0);
  EXPECT_LE(worst_ulps<TanhOf>(spread(0.05f, 9.5f, kCount), std::tanh), 4.0);
}

TEST(Maths, TanhNeverExceedsOne) {
  for (const float y : evaluate<TanhOf>(spread(4.0f, 100.0f, kCount))) ASSERT_LE(y, 1.0f);
}

TEST(Maths, TanhIsOdd) {
  std::vector<float> arguments = spread(kDenormal, 20.0f, 20000);
  const std::vector<float> positive = evaluate<TanhOf>(arguments);
  for (float& x : arguments) x = -x;
  const std::vector<float> negative = evaluate<TanhOf>(arguments);
  for (std::size_t i = 0; i < arguments.size(); ++i) ASSERT_EQ(positive[i], -negative[i]) << arguments[i];
}

TEST(Maths, TanhOfSpecialValues) {
  EXPECT_EQ(std::bit_cast<std::uint32_t>(evaluate_one<TanhOf>(0.0f)), 0u);
  EXPECT_EQ(std::bit_cast<std::uint32_t>(evaluate_one<TanhOf>(-0.0f)), 0x80000000u);
  EXPECT_EQ(evaluate_one<TanhOf>(kDenormal), kDenormal);
  EXPECT_EQ(evaluate_one<TanhOf>(kInfinity), 1.0f);
  EXPECT_EQ(evaluate_one<TanhOf>(-kInfinity), -1.0f);
  EXPECT_TRUE(std::isnan(evaluate_one<TanhOf>(kNan)));
}

TEST(Maths, SineAndCosineAreWithin1e7) {
  for (const float sign : {1.0f, -1.0f}) {
    const std::vector<float> arguments = spread(sign * 1e-20f, sign * 1e4f, kCount);
    EXPECT_LE(worst_error<Sin>(arguments, std::sin), 1e-7);
    EXPECT_LE(worst_error<Cos>(arguments, std::cos), 1e-7);
    const std::vector<float> near = spread(sign * 0.5f, sign * 40.0f, kCount);
    EXPECT_LE(worst_error<Sin>(near, std::sin), 1e-7);
    EXPECT_LE(worst_error<Cos>(near, std::cos), 1e-7);
  }
}

TEST(Maths, SineAndCosineOfSpecialValues) {
  EXPECT_EQ(evaluate_one<Sin>(-0.0f), 0.0f);
  EXPECT_EQ(evaluate_one<Sin>(kDenormal), kDenormal);
  EXPECT_EQ(evaluate_one<Cos>(0.0f), 1.0f);
  for (const float x : {kInfinity, -kInfinity, kNan, 5e6f}) {
    EXPECT_TRUE(std::isnan(evaluate_one<Sin>(x))) << x;
    EXPECT_TRUE(std::isnan(evaluate_one<Cos>(x))) << x;
  }
}

TEST(Maths, SineAndCosineOfTurns) {
  constexpr double kTurn = 6.283185307179586477;
  std::vector<float> arguments = spread(1e-20f, 1.0f, kCount);
  for (int i = 0; i < kCount; ++i) arguments.push_back(static_cast<float>(i) / kCount);
  EXPECT_LE(worst_error<SinTurns>(arguments, [](double u) { return std::sin(kTurn * u); }), 1.2e-7);
  EXPECT_LE(worst_error<CosTurns>(arguments, [](double u) { return std::cos(kTurn * u); }), 1.2e-7);
  EXPECT_EQ(evaluate_one<SinTurns>(0.25f), 1.0f);
  EXPECT_EQ(evaluate_one<CosTurns>(0.5f), -1.0f);
}

template <class F>
void expect_the_same_bits_at_every_width() {
  std::mt19937 random(7);
  std::vector<float> arguments = {0.0f, -0.0f, kInfinity, -kInfinity, kDenormal, 1.0f, -1.0f, 88.7f, -103.0f};
  std::uniform_real_distribution<float> exponent(-30, 7);
  for (int i = 0; i < 20000; ++i)
    arguments.push_back((random() & 1 ? 1.0f : -1.0f) * std::exp2(exponent(random)));
  const std::vector<float> one = evaluate<F, 1>(arguments), four = evaluate<F, 4>(arguments),
                           eight = evaluate<F, 8>(arguments), sixteen = evaluate<F, 16>(arguments);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (std::isnan(one[i])) {
      ASSERT_TRUE(std::isnan(four[i]) && std::isnan(eight[i]) && std::isnan(sixteen[i])) << arguments[i];
      continue;
    }
    const auto bits = std::bit_cast<std::uint32_t>(one[i]);
    ASSERT_EQ(bits, std::bit_cast<std::uint32_t>(four[i])) << arguments[i];
    ASSERT_EQ(bits, std::bit_cast<std::uint32_t>(eight[i])) << arguments[i];
    ASSERT_EQ(bits, std::bit_cast<std::uint32_t>(sixteen[i])) << arguments[i];
  }
}

TEST(Maths, BitsDoNotDependOnTheWidth) {
  expect_the_same_bits_at_every_width<Exp>();
  expect_the_same_bits_at_every_width<Log>();
  expect_the_same_bits_at_every_width<TanhOf>();
  expect_the_same_bits_at_every_width<Sin>();
  expect_the_same_bits_at_every_width<Cos>();
}

TEST(Maths, BitsAreTheRecordedOnes) {
  // A digest of many results: a compiler, a flag or a processor that changed one bit would change it.
  std::uint64_t digest = 14695981039346656037u;  // FNV-1a
  auto add = [&](const std::vector<float>& values) {
    for (const float v : values) digest = (digest ^ std::bit_cast<std::uint32_t>(v)) * 1099511628211u;
  };
  add(evaluate<Exp, 8>(spread(-1e-3f, -103.0f, 10000)));
  add(evaluate<Log, 8>(spread(kDenormal, 1e30f, 10000)));
  add(evaluate<TanhOf, 8>(spread(1e-3f, 10.0f, 10000)));
  add(evaluate<Sin, 8>(spread(1e-3f, 1e3f, 10000)));
  add(evaluate<Cos, 8>(spread(1e-3f, 1e3f, 10000)));
  EXPECT_EQ(digest, 2806845745896284698u);
}

TEST(Maths, ClampKeepsNan) {
  using P = Pack<float, 1>;
  EXPECT_EQ(clamp(P(3.0f), P(-1), P(2)).get(0), 2.0f);
  EXPECT_EQ(clamp(P(-3.0f), P(-1), P(2)).get(0), -1.0f);
  EXPECT_EQ(clamp(P(0.5f), P(-1), P(2)).get(0), 0.5f);
  EXPECT_TRUE(std::isnan(clamp(P(kNan), P(-1), P(2)).get(0)));
}

TEST(Maths, WrappedAnglesDifferByWholeTurns) {
  const double turn = 2 * std::acos(-1.0);
  for (int i = -100000; i <= 100000; ++i) {
    const float x = static_cast<float>(i) * 1e-3f;
    const double wanted = std::remainder(static_cast<double>(x), turn),
                 found = wrap_angle(Pack<float, 1>(x)).get(0);
    ASSERT_LE(std::abs(found), turn / 2 + 3e-7) << x;
    // At half a turn, either sign will do.
    ASSERT_NEAR(std::remainder(found - wanted, turn), 0, 3e-7) << x;
    ASSERT_NEAR(wrap_angle(Pack<double, 1>(x)).get(0), wanted, 1e-13) << x;
  }
  EXPECT_TRUE(std::isnan(wrap_angle(Pack<float, 1>(kNan)).get(0)));
}

TEST(Maths, DoublePacksAreTheCLibrarys) {
  using P = Pack<double, 2>;
  P x(0.3), sine, cosine;
  x.set(1, -1.7);
  sin_cos(x, sine, cosine);
  for (int lane = 0; lane < 2; ++lane) {
    EXPECT_DOUBLE_EQ(exp(x).get(lane), std::exp(x.get(lane)));
    EXPECT_DOUBLE_EQ(tanh(x).get(lane), std::tanh(x.get(lane)));
    EXPECT_DOUBLE_EQ(sine.get(lane), std::sin(x.get(lane)));
    EXPECT_DOUBLE_EQ(cosine.get(lane), std::cos(x.get(lane)));
  }
  EXPECT_DOUBLE_EQ(log(x).get(0), std::log(0.3));
}

}  // namespace
}  // namespace innerloop
