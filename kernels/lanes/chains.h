// Sums in 16 chains that a fixed tree closes, which gives the same bits for packs of 1, 4, 8 or 16 numbers.
#pragma once

#include "kernels/lanes/pack.h"

namespace innerloop {

inline constexpr int kChains = 16;

// The 16 chains' sum: i + (i + 8), then + 4, + 2, + 1.
template <class T>
FN T close_chains(const T* chain) {
  T sum[kChains];
  for (int i = 0; i < kChains; ++i) sum[i] = chain[i];
  for (int width = kChains / 2; width > 0; width /= 2)
    for (int i = 0; i < width; ++i) sum[i] = sum[i] + sum[i + width];
  return sum[0];
}

namespace chains_detail {
// The sums of N vectors of N lanes, one in each lane: two vectors at a time become one of groups half as wide.
template <int Vectors, class V>
FN V close_vectors(V* v) {
  if constexpr (Vectors == 1) {
    return v[0];
  } else {
    UNROLL
    for (int i = 0; i < Vectors; i += 2) v[i / 2] = add_halves<Vectors / 2>(v[i], v[i + 1]);
    return close_vectors<Vectors / 2>(v);
  }
}
}  // namespace chains_detail

// The sums of several rows' chains ([row][16], aligned), one row in each lane.
template <class Team>
TEAM_FN typename Team::Lane close_rows(const typename Team::Scalar* chains) {
  using L = typename Team::Lane;
  if constexpr (L::lanes == 1) {
    return L(close_chains(chains));
  } else {
    L sum[L::lanes];
    UNROLL
    for (int row = 0; row < L::lanes; ++row) {
      L part[kChains / L::lanes];
      UNROLL
      for (int i = 0; i < kChains / L::lanes; ++i)
        part[i] = load_aligned<L>(chains + row * kChains + i * L::lanes);
      UNROLL
      for (int width = kChains / L::lanes / 2; width > 0; width /= 2) UNROLL
      for (int i = 0; i < width; ++i) part[i] = part[i] + part[i + width];
      sum[row] = part[0];
    }
    return chains_detail::close_vectors<L::lanes>(sum);
  }
}

}  // namespace innerloop
