// Random numbers by counter: Philox4x32-10 (Salmon et al. 2011, Random123), with a counter for each lane.
//
// A number depends on its key and its counter alone, never on who computes it, when, or beside whom.
#pragma once

#include <cstdint>

#include "kernels/lanes/array.h"
#include "kernels/lanes/maths.h"
#include "kernels/lanes/pack.h"

namespace innerloop {

// What all streams of an iteration share.
struct RandomKey {
  std::uint32_t seed, iteration;
};

// What the numbers are for: streams of different purposes never meet. A purpose's number is part of its stream, so a new
// one goes to the end.
enum class Purpose : std::uint32_t {
  task,
  reset,
  action,
  environment,
  initial_parameters,
  minibatch,
  observation,
  last_observation,  // what an episode's last step leaves, before the next episode starts
  trial,
  kept_trials,   // which of those in a ring are learned from
  latent,        // of a belief
  decoded_steps  // of a trial, which a latent variable is to tell of
};

namespace random_detail {
// The high halves of the 64-bit products of each lane and `factor`.
template <int N>
FN Pack<std::uint32_t, N> high_product(Pack<std::uint32_t, N> a, std::uint32_t factor) {
  if constexpr (Pack<std::uint32_t, N>::is_vector) {
    // Takes lanes in pairs, as 64-bit numbers, and puts the products of the lower and of the upper ones back in their places.
    using Pairs = Pack<std::uint64_t, N / 2>;
    const Pairs upper(0xFFFFFFFF00000000u), lower(0xFFFFFFFFu);
    Pairs pairs;
    memcpy(&pairs, &a, sizeof(a));
    pairs = (((pairs & lower) * Pairs(factor)) >> 32) | (((pairs >> 32) * Pairs(factor)) & upper);
    memcpy(&a, &pairs, sizeof(a));
    return a;
  } else {
    return pack_detail::lanewise<Pack<std::uint32_t, N>>(
        [factor](std::uint32_t x) { return static_cast<std::uint32_t>((std::uint64_t{x} * factor) >> 32); },
        a);
  }
}
}  // namespace random_detail

// Philox4x32 with 10 rounds: four words from a counter of four words and a key of two.
template <class U>
FN Array<U, 4> philox(Array<U, 4> counter, std::uint32_t key0, std::uint32_t key1) {
  UNROLL
  for (int round = 0; round < 10; ++round) {
    constexpr std::uint32_t kFactor0 = 0xD2511F53u, kFactor1 = 0xCD9E8D57u;
    const U high0 = random_detail::high_product(counter[0], kFactor0);
    const U high1 = random_detail::high_product(counter[2], kFactor1);
    counter = {high1 ^ counter[1] ^ U(key0), counter[2] * U(kFactor1),  //
               high0 ^ counter[3] ^ U(key1), counter[0] * U(kFactor0)};
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return counter;
}

// A stream of numbers for one purpose and, in each lane, one (task, environment, step).
//
// The counter is (task, environment, step, purpose | inner_step << 8 | block << 16): inner_step below 256, and at most
// 65,536 blocks of four words. All lanes draw together; blocks are computed when their first word is asked for.
template <class Real>
class Random {
 public:
  using Words = UintPack<Real>;

  FN Random(RandomKey key, Words task, Words env, Words step, Purpose purpose, std::uint32_t inner_step)
      : key_(key), counter_{task, env, step, Words(static_cast<std::uint32_t>(purpose) | inner_step << 8)} {}

  // 32 random bits.
  FN Words bits() {
    if (position_ == 4) {
      words_ = philox(counter_, key_.seed, key_.iteration);
      counter_[3] = counter_[3] + Words(1u << 16);
      position_ = 0;
    }
    return words_[position_++];
  }

  // In [0, 1): a multiple of 2⁻²⁴.
  FN Real uniform() { return fraction(bits()); }

  // In [low, high), apart from rounding.
  FN Real uniform(Real low, Real high) { return fma(high - low, uniform(), low); }

  // Mean 0, standard deviation 1, at most 5.77 in size: Box and Muller's pairs, handed out one by one.
  FN Real normal() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    // 1 − u lies in (0, 1], where the logarithm is finite.
    const Real radius = sqrt(Real(-2) * log(Real(1) - uniform()));
    Real sine, cosine;
    sin_cos_turns(uniform(), sine, cosine);
    spare_ = radius * sine;
    has_spare_ = true;
    return radius * cosine;
  }

 private:
  FN static Real fraction(Words bits) {
    // The 24 bits fit a signed integer, for which every instruction set has a conversion.
    return convert<typename Real::value_type>(bits_as<std::int32_t>(bits >> 8)) * Real(0x1p-24f);
  }

  RandomKey key_;
  Array<Words, 4> counter_;
  Array<Words, 4> words_;
  int position_ = 4;  // of the next word in words_; 4: none left
  bool has_spare_ = false;
  Real spare_;
};

}  // namespace innerloop
