// exp, log, tanh, sin and cos from IEEE + − × ÷ fma and integer operations only, so that every machine computes the
// same bits. Packs of double, which tests compare with, take the C library's functions.
//
// Coefficients: minimax fits of the relative error over the reduced range, rounded to float one after the other.
#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/lanes/pack.h"

namespace innerloop {

// `x` in the precision of R: a constant whose decimals no float has exactly.
template <class R>
FN R constant(double x) {
  return R(static_cast<typename R::value_type>(x));
}

// The nearest of low … high; NaN stays NaN.
template <class T, int N>
FN Pack<T, N> clamp(Pack<T, N> x, std::type_identity_t<Pack<T, N>> low,
                    std::type_identity_t<Pack<T, N>> high) {
  // min and max return their second argument where one is NaN.
  return max(low, min(high, x));
}

namespace maths_detail {
template <class P>
inline constexpr bool kIsFloat = std::is_same_v<typename P::value_type, float>;

// c0 + x·(c1 + x·(…))
template <class P>
FN P polynomial(P, float c) {
  return P(c);
}
template <class P, class... Floats>
FN P polynomial(P x, float c, Floats... rest) {
  return fma(x, polynomial(x, rest...), P(c));
}

// Adding it to a number of at most 2²² in size leaves, in the lowest bits, the nearest integer (ties to even).
inline constexpr float kRounder = 0x1.8p23f;

// 2^exponent, for −126 … 127.
template <class P>
FN P power_of_two(IntPack<P> exponent) {
  return bits_as<float>((exponent + IntPack<P>(127)) << 23);
}

// sin and cos of quarter·π/2 + r, |r| ≤ π/4; the quarter is in the lowest two bits.
template <class P>
FN void sin_cos_in_quarter(IntPack<P> quarter, P r, P& sine, P& cosine) {
  using I = IntPack<P>;
  const P square = r * r;
  const P s = fma(r * square, polynomial(square, -0.166666552f, 0.00833218731f, -0.000195179004f), r);
  const P c = fma(square * square, polynomial(square, 0.0416666456f, -0.00138873095f, 2.44323273e-05f),
                  fma(P(-0.5f), square, P(1)));
  const I odd = (quarter & I(1)) == I(1);
  const I sine_sign = (quarter & I(2)) << 30, cosine_sign = ((quarter + I(1)) & I(2)) << 30;
  sine = bits_as<float>(bits_as<std::int32_t>(select(odd, c, s)) ^ sine_sign);
  cosine = bits_as<float>(bits_as<std::int32_t>(select(odd, s, c)) ^ cosine_sign);
}
}  // namespace maths_detail

namespace maths_detail {
// n / d for a normal d > 0 whose reciprocal is normal, within an ulp. Processors and GPUs divide slowly, and each their
// own way where they approximate; this is the same bits on all of them.
template <class P>
FN P quotient(P n, P d) {
  // 1/d: exponent and mantissa subtracted together, within 4 % of e = d·y = 0.91; times the polynomial in e that comes
  // within 1.5e-5 of 1/e there (Chebyshev).
  P y = bits_as<float>(IntPack<P>(0x7EE00000) - bits_as<std::int32_t>(d));
  y = y * polynomial(d * y, 3.298599f, -3.6255641f, 1.32781744f);
  // One step of Newton's, on the quotient; this way round, −0 stays −0.
  const P q = n * y;
  return fma(-fma(d, q, -n), y, q);
}
}  // namespace maths_detail

// eˣ, within 1 ulp, denormal results included.
template <class P>
FN P exp(P x) {
  if constexpr (maths_detail::kIsFloat<P>) {
    using I = IntPack<P>;
    // Beyond these bounds the result is 0 or ∞ all the same.
    x = clamp(x, P(-104), P(89));
    const P shifted = fma(x, P(1.44269502f), P(maths_detail::kRounder));
    const P k = shifted - P(maths_detail::kRounder);
    const P r = fma(k, P(1.90465421e-09f), fma(k, P(-0.693147182f), x));  // x − k·log 2
    const P tail =
        maths_detail::polynomial(r, 0.49999994f, 0.166665167f, 0.041668281f, 0.00836924929f, 0.00138207758f);
    const P power = fma(r * r, tail, r) + P(1);
    // 2ᵏ in two factors, since k alone may be out of a float's range; only the last product rounds.
    const I exponent = bits_as<std::int32_t>(shifted) - I(0x4B400000), half = exponent >> 1;
    return power * maths_detail::power_of_two<P>(half) * maths_detail::power_of_two<P>(exponent - half);
  } else {
    return pack_detail::lanewise<P>([](double v) { return __builtin_exp(v); }, x);
  }
}

// log x, within 1 ulp; −∞ at ±0, NaN below.
template <class P>
FN P log(P x) {
  if constexpr (maths_detail::kIsFloat<P>) {
    using I = IntPack<P>;
    const Mask<P> denormal = x < P(0x1p-126f);
    const P scaled = select(denormal, x * P(0x1p23f), x);
    // scaled = 2ᵏ·(1 + f), 1 + f in [√½, √2): counting from √½'s bits puts the cut between two exponents there.
    // Unsigned, as the bits of a negative number leave the range of signed ones.
    const I above = bits_as<std::int32_t>(bits_as<std::uint32_t>(scaled) - UintPack<P>(0x3F3504F3));
    const I exponent = above >> 23;
    const P f = bits_as<float>((above & I(0x007FFFFF)) + I(0x3F3504F3)) - P(1);
    const P k = convert<float>(exponent - (denormal & I(23)));
    const P square = f * f;
    const P tail =
        maths_detail::polynomial(f, 0.333333135f, -0.250000089f, 0.200020716f, -0.166679889f, 0.142203599f,
                                 -0.124062397f, 0.118835375f, -0.116700254f, 0.0674919188f);
    const P rest = fma(f * square, tail, fma(k, P(-1.90465421e-09f), P(-0.5f) * square));
    const P result = fma(k, P(0.693147182f), f + rest);
    const P infinity(__builtin_inff());
    // +0 and −0, then ∞ and NaN (x itself), then what is below 0.
    return select(x == P(0), -infinity,
                  select(x >= P(0), select(x < infinity, result, x), P(__builtin_nanf(""))));
  } else {
    return pack_detail::lanewise<P>([](double v) { return __builtin_log(v); }, x);
  }
}

// tanh x, within 4 ulp, never beyond ±1, odd.
template <class P>
FN P tanh(P x) {
  if constexpr (maths_detail::kIsFloat<P>) {
    // tanh x = 2nd/(d² + n²) with n/d = tanh(x/2), n = x/2·P(x²), d = Q(x²): where tanh is near 1, its error is the
    // square of n/d's. From 9 on, tanh is 1 to half an ulp.
    x = clamp(x, P(-9), P(9));
    const P square = x * x;
    const P n =
        fma(x * square, maths_detail::polynomial(square, 0.0297783688f, 0.000114354836f), x);  // twice n
    const P d = maths_detail::polynomial(square, 1.0f, 0.113111667f, 0.00120703015f, 1.23119037e-06f);
    return maths_detail::quotient(n * d, fma(d, d, n * P(0.25f) * n));
  } else {
    return pack_detail::lanewise<P>([](double v) { return __builtin_tanh(v); }, x);
  }
}

// The logistic function 1/(1 + e⁻ˣ) = ½ + ½·tanh(x/2), within 2e-7, never beyond 0 and 1.
template <class P>
FN P sigmoid(P x) {
  return fma(P(0.5f), tanh(P(0.5f) * x), P(0.5f));
}

// Sine and cosine of 2πu, u in [0, 1]: within 1.2e-7.
template <class P>
FN void sin_cos_turns(P u, P& sine, P& cosine) {
  if constexpr (maths_detail::kIsFloat<P>) {
    const P shifted = fma(u, P(4), P(maths_detail::kRounder));
    const P r = fma(shifted - P(maths_detail::kRounder), P(-0.25f), u);  // exact
    maths_detail::sin_cos_in_quarter(bits_as<std::int32_t>(shifted), r * P(6.28318531f), sine, cosine);
  } else {
    constexpr double kTurn = 6.283185307179586477;
    sine = pack_detail::lanewise<P>([](double v) { return __builtin_sin(kTurn * v); }, u);
    cosine = pack_detail::lanewise<P>([](double v) { return __builtin_cos(kTurn * v); }, u);
  }
}

// Sine and cosine of x radians: within 1e-7 for |x| ≤ 1e4, the error then grows with x; NaN from 4e6 on.
template <class P>
FN void sin_cos(P x, P& sine, P& cosine) {
  if constexpr (maths_detail::kIsFloat<P>) {
    x = select(abs(x) < P(4e6f), x, P(__builtin_nanf("")));
    const P shifted = fma(x, P(0.636619772f), P(maths_detail::kRounder));
    const P k = shifted - P(maths_detail::kRounder);
    // x − k·π/2, with π/2 in three parts.
    const P r = fma(k, P(-5.39030253e-15f), fma(k, P(-7.54978942e-08f), fma(k, P(-1.57079625f), x)));
    maths_detail::sin_cos_in_quarter(bits_as<std::int32_t>(shifted), r, sine, cosine);
  } else {
    sine = pack_detail::lanewise<P>([](double v) { return __builtin_sin(v); }, x);
    cosine = pack_detail::lanewise<P>([](double v) { return __builtin_cos(v); }, x);
  }
}

// x radians less whole turns: in [−π, π] but for rounding, within 3e-7 for |x| ≤ 100.
template <class P>
FN P wrap_angle(P x) {
  if constexpr (maths_detail::kIsFloat<P>) {
    const P turns = fma(x, P(0.159154943f), P(maths_detail::kRounder)) - P(maths_detail::kRounder);
    return fma(turns, P(1.74845553e-07f), fma(turns, P(-6.28318548f), x));  // 2π in two parts
  } else {
    constexpr double kTurn = 6.283185307179586477;
    return pack_detail::lanewise<P>([](double v) { return v - kTurn * __builtin_rint(v / kTurn); }, x);
  }
}

}  // namespace innerloop
