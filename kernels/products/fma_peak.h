// Measures how many multiply-adds a team can do, which all other kernels are measured against.
//
// It runs independent chains of fused multiply-adds in the team's widest vectors, as many as hide each other's latency, with
// all numbers in registers.
#pragma once

#include "kernels/lanes/team.h"

namespace innerloop {

template <class T>
struct FmaPeak {
  int rounds = 0;
  T* out = nullptr;  // [task][kOut]

  // Operations done (a fused multiply-add is two), and a sum that needs all of them.
  enum Out : int { kOperations, kSum, kOut };

  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    using V = typename Team::Vector;
    constexpr int kPeakChains = 12;
    const V factor(static_cast<T>(0.5)), addend(static_cast<T>(1 + team.rank()));
    V chain[kPeakChains];
    // The compiler does not know these: it would leave out a chain that starts at its fixed point.
    UNROLL
    for (int i = 0; i < kPeakChains; ++i) chain[i] = V(static_cast<T>(rounds + i));
    for (int round = 0; round < rounds; ++round) UNROLL
    for (int i = 0; i < kPeakChains; ++i) chain[i] = fma(chain[i], factor, addend);
    V all = chain[0];
    UNROLL
    for (int i = 1; i < kPeakChains; ++i) all = all + chain[i];
    T sum = all.get(0);
    UNROLL
    for (int i = 1; i < V::lanes; ++i) sum = sum + all.get(i);
    if (team.rank() != 0) return;
    T* to = out + static_cast<long>(place.task) * kOut;
    to[kOperations] = static_cast<T>(2.0 * kPeakChains * V::lanes * rounds * team.size());
    to[kSum] = sum;
  }
};

}  // namespace innerloop
