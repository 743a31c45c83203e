// DiCE (Foerster et al. 2018) weighs whole trajectories: S = Σ_t exp(c_t − ⊥c_t)·w_t, c_t = Σ_{t′≤t} lp_{t′}.
//
// The weight on ∇lp_{t′} is Σ_{t≥t′} w_t, which advantages.h leaves in `credits`. In the Hessian-vector product, with
// D_t = Σ_{t′≤t} d_{t′}, the weight on ∇(d_{t′}) is the same sum, and the weight on ∇lp_{t′} is Σ_{t≥t′} w_t·D_t.
#pragma once

#include "kernels/networks/batch.h"
#include "kernels/networks/row_sums.h"

namespace innerloop {

template <class T>
struct DiceCurvature {
  Batch<T> batch;
  T* tangents = nullptr;  // [task][row_stride]  d_t; becomes w_t·D_t
  T* score = nullptr;     // [task][row_stride]  Σ_{t≥t′} w_t·D_t

  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    using L = typename Team::Lane;
    struct Carry {
      L sum;
    };
    const long at = static_cast<long>(place.task) * batch.row_stride;
    const T *ends = batch.ends + at, *valid = batch.valid + at, *weights = batch.advantages + at;
    T *d = tangents + at, *to = score + at;
    scan_forth<Team, Carry>(team, batch.horizon, batch.envs, [&](int row, int count, Carry& carry) FN_LAMBDA {
      carry.sum =
          carry.sum + select(load_first<L>(valid + row, count) > L(0), load_first<L>(d + row, count), L(0));
      store_first(d + row, load_first<L>(weights + row, count) * carry.sum, count);
      carry.sum = select(load_first<L>(ends + row, count) > L(0), L(0), carry.sum);
    });
    // Each thread goes back along the trajectories that it went forth on, so that no sync is needed.
    scan_back<Team, Carry>(team, batch.horizon, batch.envs, [&](int row, int count, Carry& carry) FN_LAMBDA {
      const auto end = load_first<L>(ends + row, count) > L(0);
      carry.sum = select(end, L(0), carry.sum) + load_first<L>(d + row, count);
      store_first(to + row, carry.sum, count);
    });
  }
};

}  // namespace innerloop
