// The order in which the environments go into the minibatches.
#pragma once

#include "kernels/lanes/random.h"
#include "kernels/lanes/team.h"

namespace innerloop {

// A random order of the environments for each epoch: each has a random number, and its place is how many numbers are
// smaller. `draw`, then `rank`.
template <class T>
struct ShuffleTrials {
  enum class Phase { draw, rank };
  Phase phase = Phase::draw;
  const RandomKey* key = nullptr;
  int envs = 0, epochs = 0;
  std::uint32_t* numbers = nullptr;  // [epoch][env]
  int* order = nullptr;              // [epoch][env]
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
    const int cuts = ceil_div(envs, kPartEnvs), epoch = place.part / cuts;
    const int first = place.part % cuts * kPartEnvs, end = min_of(envs, first + kPartEnvs);
    std::uint32_t* const of = numbers + static_cast<long>(epoch) * envs;
    for (int e = first + team.rank(); e < end; e += team.size()) {
      if (phase == Phase::draw) {
        using U = UintPack<One>;
        of[e] = Random<One>(*key, U(static_cast<std::uint32_t>(e)), U(0u),
                            U(static_cast<std::uint32_t>(epoch)), Purpose::minibatch, 0)
                    .bits()
                    .get(0);
      } else {
        const std::uint32_t own = of[e];
        int rank = 0;
        for (int other = 0; other < envs; ++other)
          rank += of[other] < own || (of[other] == own && other < e) ? 1 : 0;
        order[static_cast<long>(epoch) * envs + rank] = e;
      }
    }
  }
};

}  // namespace innerloop
