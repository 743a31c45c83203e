// From partial sums to a step: out = base + α ∘ (Σ over chunks / samples), per task.
//
// θ_{k+1} = θ_k + α∘∇S(θ_k; D_k) with base θ_k; v_k = v_{k+1} + H·(α∘v_{k+1}) with base v_{k+1} and α = 1.
#pragma once

#include "kernels/inner/step_size.h"
#include "kernels/networks/batch.h"

namespace innerloop {

template <class T>
struct ApplyGradient {
  int parameters = 0;
  int chunks = 0;
  const T* partial = nullptr;     // [slot][chunk][P]
  const T* statistics = nullptr;  // [task][kStatistics], for the number of samples
  Parameters<T> base;             // null: 0
  StepSize<T> step;               // null: 1
  T* out = nullptr;       // [task][P]; may be the base. As a follower: null where nothing is to be done
  T* gradient = nullptr;  // [task][P]  the sum alone; null: not wanted

  static constexpr int kPartParameters = 4096;

  FN int parts() const { return ceil_div(parameters, kPartParameters); }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    using L = typename Team::Lane;
    const T* from = partial + static_cast<long>(place.slot) * chunks * parameters;
    const T samples = statistics[static_cast<long>(place.task) * kStatistics + kSamples];
    const L scale(samples > T(0) ? T(1) / samples : T(0));
    const int end = min_of(parameters, (place.part + 1) * kPartParameters);
    for (int p = place.part * kPartParameters + team.rank() * L::lanes; p < end;
         p += team.size() * L::lanes) {
      const int count = end - p;
      L sum = load_first<L>(from + p, count);
      for (int c = 1; c < chunks; ++c)
        sum = sum + load_first<L>(from + static_cast<long>(c) * parameters + p, count);
      sum = sum * scale;
      if (gradient != nullptr)
        store_first(gradient + static_cast<long>(place.task) * parameters + p, sum, count);
      const L start = base.data == nullptr ? L(0) : load_first<L>(base.of(place.task) + p, count);
      L alpha(1);
      if (step.data != nullptr)
        alpha = step.stride == 0 ? L(*step.data) : load_first<L>(step.data + p, count);
      store_first(out + static_cast<long>(place.task) * parameters + p, fma(alpha, sum, start), count);
    }
  }
};

}  // namespace innerloop
