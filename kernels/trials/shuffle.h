// The order in which the environments go into the minibatches.
#pragma once

#include "kernels/lanes/random.h"
#include "kernels/lanes/team.h"

namespace innerloop {

// A random number of each environment for each epoch, whose order (Device::sort) is the environments'.
template <class T>
struct ShuffleTrials {
  const RandomKey* key = nullptr;
  int envs = 0, epochs = 0;
  std::uint32_t* numbers = nullptr;  // [epoch][env]
  const int* enabled = nullptr;

  static constexpr int kPartEnvs = 256;

  FN int parts() const { return epochs * ceil_div(envs, kPartEnvs); }
  template <class Team>
  FN long scratch_bytes() const {
    return 0;
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    using One = Pack<T, 1>;
    using U = UintPack<One>;
    const int cuts = ceil_div(envs, kPartEnvs), epoch = place.part / cuts;
    const int first = place.part % cuts * kPartEnvs, end = min_of(envs, first + kPartEnvs);
    for (int e = first + team.rank(); e < end; e += team.size())
      numbers[static_cast<long>(epoch) * envs + e] =
          Random<One>(*key, U(static_cast<std::uint32_t>(e)), U(0u), U(static_cast<std::uint32_t>(epoch)),
                      Purpose::minibatch, 0)
              .bits()
              .get(0);
  }
};

}  // namespace innerloop
