// A pack: N numbers of one type that are computed side by side.
//
// On the CPU a pack is a GCC/Clang vector (AVX-512: 16 floats, AVX2: 8, portable: 4); a CUDA lane uses packs of 1, or
// of 4 where memory is read 16 bytes at a time. Every operation rounds as IEEE 754 says, so a lane's result does not
// depend on how many others stand beside it.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "kernels/lanes/fn.h"

namespace innerloop {

namespace pack_detail {
#if defined(__CUDACC__)
template <class T, int N>
struct Storage {
  struct alignas(sizeof(T) * N) type {
    T lane[N];
    FN T& operator[](int i) { return lane[i]; }
    FN const T& operator[](int i) const { return lane[i]; }
  };
};
template <class T, int N>
inline constexpr bool kIsVector = false;
#else
template <class T, int N>
struct Storage {
  typedef T type __attribute__((vector_size(sizeof(T) * N)));
};
template <class T, int N>
inline constexpr bool kIsVector = N > 1;
#endif
template <class T>
struct Storage<T, 1> {
  using type = T;
};

template <int Bytes>
struct SignedOf;
template <>
struct SignedOf<4> {
  using type = std::int32_t;
};
template <>
struct SignedOf<8> {
  using type = std::int64_t;
};
}  // namespace pack_detail

template <class T, int N>
struct Pack {
  using value_type = T;
  using Storage = typename pack_detail::Storage<T, N>::type;
  static constexpr int lanes = N;
  static constexpr bool is_vector = pack_detail::kIsVector<T, N>;

  Storage v;

  Pack() = default;
  FN Pack(T x) : v(broadcast(x, std::make_integer_sequence<int, N>{})) {}
  FN static Pack of(Storage storage) {
    Pack p;
    p.v = storage;
    return p;
  }

  FN T get(int lane) const {
    if constexpr (N == 1)
      return v;
    else
      return v[lane];
  }
  FN void set(int lane, T x) {
    if constexpr (N == 1)
      v = x;
    else
      v[lane] = x;
  }

 private:
  template <int... I>
  FN static Storage broadcast(T x, std::integer_sequence<int, I...>) {
    if constexpr (N == 1)
      return x;
    else
      return Storage{((void)I, x)...};
  }
};

// All lanes set (-1) or clear (0), of the width of the numbers compared.
template <class T, int N>
using MaskOf = Pack<typename pack_detail::SignedOf<sizeof(T)>::type, N>;
template <class P>
using Mask = MaskOf<typename P::value_type, P::lanes>;
// 32-bit integers, one in each lane.
template <class P>
using IntPack = Pack<std::int32_t, P::lanes>;
template <class P>
using UintPack = Pack<std::uint32_t, P::lanes>;

namespace pack_detail {
template <class R, class F, class... P, int... I>
FN R lanewise_(F f, std::integer_sequence<int, I...>, const P&... p) {
  if constexpr (R::lanes == 1) {
    return R(f(p.get(0)...));
  } else {
    auto at = [&](int i) __attribute__((always_inline)) { return f(p.get(i)...); };
    return R::of(typename R::Storage{at(I)...});
  }
}
// f of each lane, as one initialiser: GCC turns this form back into one vector instruction where there is one.
template <class R, class F, class... P>
FN R lanewise(F f, const P&... p) {
  return lanewise_<R>(f, std::make_integer_sequence<int, R::lanes>{}, p...);
}
}  // namespace pack_detail

#define INNERLOOP_PACK_OPERATOR(op)                                                       \
  template <class T, int N>                                                               \
  FN Pack<T, N> operator op(Pack<T, N> a, Pack<T, N> b) {                                 \
    if constexpr (Pack<T, N>::is_vector || N == 1)                                        \
      return Pack<T, N>::of(a.v op b.v);                                                  \
    else                                                                                  \
      return pack_detail::lanewise<Pack<T, N>>([](T x, T y) { return T(x op y); }, a, b); \
  }                                                                                       \
  template <class T, int N>                                                               \
  FN Pack<T, N> operator op(Pack<T, N> a, std::type_identity_t<T> b) {                    \
    return a op Pack<T, N>(b);                                                            \
  }                                                                                       \
  template <class T, int N>                                                               \
  FN Pack<T, N> operator op(std::type_identity_t<T> a, Pack<T, N> b) {                    \
    return Pack<T, N>(a) op b;                                                            \
  }                                                                                       \
  template <class T, int N>                                                               \
  FN Pack<T, N>& operator op##=(Pack<T, N>& a, Pack<T, N> b) {                            \
    return a = a op b;                                                                    \
  }
INNERLOOP_PACK_OPERATOR(+)
INNERLOOP_PACK_OPERATOR(-)
INNERLOOP_PACK_OPERATOR(*)
INNERLOOP_PACK_OPERATOR(/)
INNERLOOP_PACK_OPERATOR(&)
INNERLOOP_PACK_OPERATOR(|)
INNERLOOP_PACK_OPERATOR(^)
#undef INNERLOOP_PACK_OPERATOR

#define INNERLOOP_PACK_COMPARISON(op)                                                                     \
  template <class T, int N>                                                                               \
  FN MaskOf<T, N> operator op(Pack<T, N> a, Pack<T, N> b) {                                               \
    using M = MaskOf<T, N>;                                                                               \
    if constexpr (Pack<T, N>::is_vector)                                                                  \
      return M::of(a.v op b.v);                                                                           \
    else                                                                                                  \
      return pack_detail::lanewise<M>(                                                                    \
          [](T x, T y) { return static_cast<typename M::value_type>(-static_cast<int>(x op y)); }, a, b); \
  }                                                                                                       \
  template <class T, int N>                                                                               \
  FN MaskOf<T, N> operator op(Pack<T, N> a, std::type_identity_t<T> b) {                                  \
    return a op Pack<T, N>(b);                                                                            \
  }
INNERLOOP_PACK_COMPARISON(<)
INNERLOOP_PACK_COMPARISON(<=)
INNERLOOP_PACK_COMPARISON(>)
INNERLOOP_PACK_COMPARISON(>=)
INNERLOOP_PACK_COMPARISON(==)
INNERLOOP_PACK_COMPARISON(!=)
#undef INNERLOOP_PACK_COMPARISON

template <class T, int N>
FN Pack<T, N> operator-(Pack<T, N> a) {
  if constexpr (Pack<T, N>::is_vector || N == 1)
    return Pack<T, N>::of(-a.v);
  else
    return pack_detail::lanewise<Pack<T, N>>([](T x) { return T(-x); }, a);
}
template <class T, int N>
FN Pack<T, N> operator~(Pack<T, N> a) {
  return a ^ Pack<T, N>(T(-1));
}
template <class T, int N>
FN Pack<T, N> operator<<(Pack<T, N> a, int bits) {
  if constexpr (Pack<T, N>::is_vector || N == 1)
    return Pack<T, N>::of(a.v << bits);
  else
    return pack_detail::lanewise<Pack<T, N>>([bits](T x) { return T(x << bits); }, a);
}
template <class T, int N>
FN Pack<T, N> operator>>(Pack<T, N> a, int bits) {
  if constexpr (Pack<T, N>::is_vector || N == 1)
    return Pack<T, N>::of(a.v >> bits);
  else
    return pack_detail::lanewise<Pack<T, N>>([bits](T x) { return T(x >> bits); }, a);
}

// Lane by lane: a where the mask is set, b elsewhere.
template <class T, int N>
FN Pack<T, N> select(MaskOf<T, N> mask, Pack<T, N> a, std::type_identity_t<Pack<T, N>> b) {
  if constexpr (Pack<T, N>::is_vector)
    return Pack<T, N>::of(mask.v ? a.v : b.v);
  else
    return pack_detail::lanewise<Pack<T, N>>([](auto m, T x, T y) { return m ? x : y; }, mask, a, b);
}
template <class T, int N>
FN Pack<T, N> select(MaskOf<T, N> mask, std::type_identity_t<T> a, Pack<T, N> b) {
  return select(mask, Pack<T, N>(a), b);
}
// Whether any lane of a mask is set.
template <class T, int N>
FN bool any(Pack<T, N> mask) {
  T all = 0;
  for (int i = 0; i < N; ++i) all = all | mask.get(i);
  return all != 0;
}
// b where either is NaN.
template <class T, int N>
FN Pack<T, N> min(Pack<T, N> a, std::type_identity_t<Pack<T, N>> b) {
  return select(a < b, a, b);
}
template <class T, int N>
FN Pack<T, N> max(Pack<T, N> a, std::type_identity_t<Pack<T, N>> b) {
  return select(a > b, a, b);
}

// The same bits as another type of the same size.
template <class To, class T, int N>
FN Pack<To, N> bits_as(Pack<T, N> a) {
  static_assert(sizeof(To) == sizeof(T));
  Pack<To, N> r;
  memcpy(&r, &a, sizeof(r));
  return r;
}
// Numbers as numbers of another type (to an integer: towards zero; the value must fit).
template <class To, class T, int N>
FN Pack<To, N> convert(Pack<T, N> a) {
#if !defined(__CUDACC__)
  if constexpr (Pack<T, N>::is_vector)
    return Pack<To, N>::of(__builtin_convertvector(a.v, typename Pack<To, N>::Storage));
  else
#endif
    return pack_detail::lanewise<Pack<To, N>>([](T x) { return static_cast<To>(x); }, a);
}

namespace pack_detail {
FN float fused(float a, float b, float c) {
#if defined(__CUDA_ARCH__)
  return __fmaf_rn(a, b, c);
#else
  return __builtin_fmaf(a, b, c);
#endif
}
FN double fused(double a, double b, double c) {
#if defined(__CUDA_ARCH__)
  return __fma_rn(a, b, c);
#else
  return __builtin_fma(a, b, c);
#endif
}
#if defined(__FMA__) || defined(__aarch64__) || defined(__CUDACC__)
inline constexpr bool kHasFma = true;
#else
inline constexpr bool kHasFma = false;
#endif

// a·b + c where there is no such instruction: the product is exact in double; the sum is rounded to odd there (the last
// bit records whether anything was lost, by Knuth's two-sum), so that rounding it to float rounds once (Boldo, Melquiond
// 2008). It is called and not inlined, as in every product it would take half of the build's time; only one instruction
// set has it, so that none is shared.
template <int N>
[[gnu::noinline]] Pack<float, N> emulated_fma(Pack<float, N> a, Pack<float, N> b, Pack<float, N> c) {
  using D = Pack<double, N>;
  using U = Pack<std::uint64_t, N>;  // of -0 the step away leaves the range of signed numbers
  const D product = convert<double>(a) * convert<double>(b), addend = convert<double>(c);
  const D sum = product + addend;
  const D back = sum - product;
  const D lost = (product - (sum - back)) + (addend - back);
  const U bits = bits_as<std::uint64_t>(sum);
  // Towards the lost part where the last bit is even: one unit up or down in magnitude makes it odd.
  const U away = select((lost > 0.0) ^ (sum < 0.0), U(1), U(~std::uint64_t{0}));
  const U odd = select((lost != 0.0) & ((bits & U(1)) == U(0)) & (sum - sum == D(0.0)), bits + away, bits);
  return convert<float>(bits_as<double>(odd));
}
}  // namespace pack_detail

// a·b + c, rounded once.
template <class T, int N>
FN Pack<T, N> fma(Pack<T, N> a, std::type_identity_t<Pack<T, N>> b, std::type_identity_t<Pack<T, N>> c) {
  if constexpr (pack_detail::kHasFma || !std::is_same_v<T, float> || N == 1)
    return pack_detail::lanewise<Pack<T, N>>([](T x, T y, T z) { return pack_detail::fused(x, y, z); }, a, b,
                                             c);
  else
    return pack_detail::emulated_fma(a, b, c);
}
template <class T, int N>
FN Pack<T, N> fma(std::type_identity_t<T> a, Pack<T, N> b, std::type_identity_t<Pack<T, N>> c) {
  return fma(Pack<T, N>(a), b, c);
}

template <class T, int N>
FN Pack<T, N> sqrt(Pack<T, N> a) {
  return pack_detail::lanewise<Pack<T, N>>(
      [](T x) {
        if constexpr (std::is_same_v<T, float>)
#if defined(__CUDA_ARCH__)
          return __fsqrt_rn(x);
        else
          return __dsqrt_rn(x);
#else
          return __builtin_sqrtf(x);
        else
          return __builtin_sqrt(x);
#endif
      },
      a);
}
template <class T, int N>
FN Pack<T, N> abs(Pack<T, N> a) {
  using U = std::make_unsigned_t<typename pack_detail::SignedOf<sizeof(T)>::type>;
  return bits_as<T>(bits_as<U>(a) & Pack<U, N>(static_cast<U>(~U(0) >> 1)));
}

// Memory. `load` and `store` take any address; the aligned forms want one that is a multiple of the pack's size.
template <class P>
FN P load(const typename P::value_type* from) {
  P p;
  if constexpr (P::lanes == 1)
    p.v = *from;
  else if constexpr (P::is_vector)
    __builtin_memcpy(&p.v, from, sizeof(p.v));
  else
    for (int i = 0; i < P::lanes; ++i) p.set(i, from[i]);
  return p;
}
template <class P>
FN void store(typename P::value_type* to, P p) {
  if constexpr (P::lanes == 1)
    *to = p.v;
  else if constexpr (P::is_vector)
    __builtin_memcpy(to, &p.v, sizeof(p.v));
  else
    for (int i = 0; i < P::lanes; ++i) to[i] = p.get(i);
}
template <class P>
FN P load_aligned(const typename P::value_type* from) {
  return *reinterpret_cast<const P*>(from);
}
template <class P>
FN void store_aligned(typename P::value_type* to, P p) {
#if defined(__CUDACC__)
  // Otherwise nvcc takes some packs apart.
  if constexpr (std::is_same_v<P, Pack<float, 4>>) {
    *reinterpret_cast<float4*>(to) = make_float4(p.get(0), p.get(1), p.get(2), p.get(3));
    return;
  }
#endif
  *reinterpret_cast<P*>(to) = p;
}
// Loads or stores only the first `count` lanes (all, if count is larger); a lane that is not loaded is `rest`.
template <class P>
FN P load_first(const typename P::value_type* from, int count, typename P::value_type rest = 0) {
  if (count >= P::lanes) return load<P>(from);
  P p(rest);
  for (int i = 0; i < count; ++i) p.set(i, from[i]);
  return p;
}
template <class P>
FN void store_first(typename P::value_type* to, P p, int count) {
  if (count >= P::lanes) return store(to, p);
  for (int i = 0; i < count; ++i) to[i] = p.get(i);
}
namespace pack_detail {
// The lower (Upper 0) or upper half of each group of 2·Half lanes, a's groups first, then b's.
template <int Half, int Upper, class V, int... I>
FN V halves_(V a, V b, std::integer_sequence<int, I...>) {
#if defined(__CUDACC__)
  constexpr int from[] = {(I / Half * 2 * Half + I % Half + Upper * Half)...};
  V r(0);
  for (int i = 0; i < V::lanes; ++i)
    r.set(i, from[i] < V::lanes ? a.get(from[i]) : b.get(from[i] - V::lanes));
  return r;
#else
  return V::of(__builtin_shufflevector(a.v, b.v, (I / Half * 2 * Half + I % Half + Upper * Half)...));
#endif
}
}  // namespace pack_detail

// For two packs whose lanes stand in groups of 2·Half, adds up the halves of each group; a's groups come first, then b's.
template <int Half, class T, int N>
FN Pack<T, N> add_halves(Pack<T, N> a, Pack<T, N> b) {
  constexpr std::make_integer_sequence<int, N> lanes{};
  return pack_detail::halves_<Half, 0>(a, b, lanes) + pack_detail::halves_<Half, 1>(a, b, lanes);
}
// 0, 1, 2, …, one in each lane.
template <class P>
FN P lane_index() {
  P p(0);
  for (int i = 0; i < P::lanes; ++i) p.set(i, static_cast<typename P::value_type>(i));
  return p;
}

}  // namespace innerloop
