// Inner step sizes that are learned with the policy (Meta-SGD, Li et al. 2017), one for each parameter of the policy or
// shared by several, and steps that not all parameters take (ANIL, Raghu et al. 2020).
//
// θ_{k+1} = θ_k + α_k∘g_k with g_k = ∇S_in(θ_k; D_k) and α_k[p] = m[p]·f(ω): ω is the learned number that parameter p
// has in inner step k, f(ω) = exp ω or ω itself, m[p] is 1 where p is adapted, else 0. With the slope
// s_k[p] = ∂α_k[p]/∂ω, a gradient v at θ_{k+1} is Σ_p v[p]·s_k[p]·g_k[p] at ω, over the parameters that share it.
#pragma once

#include "kernels/lanes/chains.h"
#include "kernels/lanes/maths.h"
#include "kernels/networks/batch.h"
#include "kernels/networks/shape.h"

namespace innerloop {

// Inner step size α: one number (stride 0) or one for each parameter (stride 1).
template <class T>
struct StepSize {
  const T* data = nullptr;
  int stride = 0;

  FN T of(int p) const { return data[static_cast<long>(p) * stride]; }
};

struct StepSizeLayout {
  int parameters = 0;  // P
  int steps = 0;       // K
  int sets = 0;        // sets of learned numbers: one for each inner step, or one for all; 0: none is learned
  int numbers = 0;     // in each set
  bool positive = true;            // α = exp ω; else α = ω
  bool one_each = false;           // every parameter has its own number
  int first[kMaxLayers + 2] = {};  // else number n is that of the parameters first[n] … first[n + 1] − 1

  static constexpr int kPartParameters = 4096;

  FN int learned() const { return sets * numbers; }
  FN int parts() const { return ceil_div(parameters, kPartParameters); }
  // Where the numbers of inner step k start; steps beyond the last set share that one.
  FN long set_offset(int k) const { return static_cast<long>(min_of(k, sets - 1)) * numbers; }
};

// Calls at(numbers, p, count) for packs of the parameters of a part, each with its numbers out of `set`.
template <class Team, class At>
TEAM_FN void for_step_sizes(const Team& team, const StepSizeLayout& layout, int part,
                            const typename Team::Scalar* set, const At& at) {
  using L = typename Team::Lane;
  const int begin = part * StepSizeLayout::kPartParameters;
  const int end = min_of(layout.parameters, begin + StepSizeLayout::kPartParameters);
  const int stride = team.size() * L::lanes;
  if (layout.one_each) {
    for (int p = begin + team.rank() * L::lanes; p < end; p += stride)
      at(load_first<L>(set + p, end - p), p, end - p);
    return;
  }
  for (int n = 0; n < layout.numbers; ++n) {
    const int from = layout.first[n] > begin ? layout.first[n] : begin, to = min_of(layout.first[n + 1], end);
    for (int p = from + team.rank() * L::lanes; p < to; p += stride) at(L(set[n]), p, to - p);
  }
}

// α_0 … α_{K−1} from the learned numbers.
template <class T>
struct SetStepSizes {
  StepSizeLayout layout;
  const T* learned = nullptr;  // [set][number]  ω
  const T* mask = nullptr;     // [P]  m
  T* sizes = nullptr;          // [step][P]  α

  FN int parts() const { return layout.steps * layout.parts(); }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    using L = typename Team::Lane;
    const int k = place.part / layout.parts();
    T* to = sizes + static_cast<long>(k) * layout.parameters;
    for_step_sizes(team, layout, place.part % layout.parts(), learned + layout.set_offset(k),
                   [&](L number, int p, int count) FN_LAMBDA {
                     const L size = layout.positive ? exp(number) : number;
                     store_first(to + p, load_first<L>(mask + p, count) * size, count);
                   });
  }
};

// The gradient by the learned numbers of inner step k, of each task.
template <class T>
struct StepSizeGradient {
  StepSizeLayout layout;
  int step = 0;                 // k
  const T* v = nullptr;         // [task][P]  at θ_{k+1}
  const T* slope = nullptr;     // [P]  s_k
  const T* gradient = nullptr;  // [task][P]  g_k
  T* out = nullptr;             // [task][set][number]; other steps' numbers stay as they are
  bool add = false;             // to what is in `out`: another inner step has the same numbers

  FN int parts() const { return layout.one_each ? layout.parts() : layout.numbers; }
  template <class Team>
  FN long scratch_bytes() const {
    return kChains * static_cast<long>(sizeof(T));
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const {
    using L = typename Team::Lane;
    const T* above = v + static_cast<long>(place.task) * layout.parameters;
    const T* g = gradient + static_cast<long>(place.task) * layout.parameters;
    T* to = out + static_cast<long>(place.task) * layout.learned() + layout.set_offset(step);
    const auto plus_term = [&](L sum, int p, int count) FN_LAMBDA {
      return fma(load_first<L>(above + p, count) * load_first<L>(slope + p, count),
                 load_first<L>(g + p, count), sum);
    };
    if (layout.one_each) {
      for_step_sizes(team, layout, place.part, to, [&](L before, int p, int count) FN_LAMBDA {
        store_first(to + p, plus_term(add ? before : L(0), p, count), count);
      });
      return;
    }
    T* chains = scratch.take<T>(kChains);
    const int end = layout.first[place.part + 1];
    for (int chain = team.rank() * L::lanes; chain < kChains; chain += team.size() * L::lanes) {
      L sum(0);
      for (int p = layout.first[place.part] + chain; p < end; p += kChains) sum = plus_term(sum, p, end - p);
      store(chains + chain, sum);
    }
    team.sync();
    if (team.rank() == 0) to[place.part] = (add ? to[place.part] : T(0)) + close_chains(chains);
  }
};

// What a move of the learned numbers along a direction adds to the derivative of θ_{k+1}: base + s_k∘direction∘g_k.
template <class T>
struct StepSizeTangent {
  StepSizeLayout layout;
  int step = 0;                  // k
  const T* direction = nullptr;  // [set][number]
  const T* slope = nullptr;      // [P]  s_k
  const T* gradient = nullptr;   // [task][P]  g_k
  Parameters<T> base;
  T* out = nullptr;  // [task][P]; may be the base

  FN int parts() const { return layout.parts(); }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    using L = typename Team::Lane;
    const T* g = gradient + static_cast<long>(place.task) * layout.parameters;
    const T* from = base.of(place.task);
    T* to = out + static_cast<long>(place.task) * layout.parameters;
    for_step_sizes(team, layout, place.part, direction + layout.set_offset(step),
                   [&](L moved, int p, int count) FN_LAMBDA {
                     const L by_number = load_first<L>(slope + p, count) * load_first<L>(g + p, count);
                     store_first(to + p, fma(by_number, moved, load_first<L>(from + p, count)), count);
                   });
  }
};

}  // namespace innerloop
