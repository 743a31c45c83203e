// ProMP's penalties on the KL divergence of each inner step, adapted to the divergence that they led to
// (Rothfuss et al. 2019, after Schulman et al. 2017).
#pragma once

#include "kernels/networks/batch.h"

namespace innerloop {

// Halves η_k where the KL of step k is below target / 1.5, and doubles it where it is above 1.5 · target, or no number.
template <class T>
struct AdaptPenalties {
  int steps = 0;
  T target = 0;
  const T* values = nullptr;  // [step][kPassValues]
  T* penalties = nullptr;     // [step]  −η_k

  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch) const {
    for (int k = team.rank(); k < steps; k += team.size()) {
      const T kl = values[k * kPassValues + kDivergence];
      if (kl < target / T(1.5)) penalties[k] = penalties[k] * T(0.5);
      if (!(kl <= target * T(1.5))) penalties[k] = penalties[k] * T(2);
    }
  }
};

}  // namespace innerloop
