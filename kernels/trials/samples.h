// A minibatch of single steps, whichever trials they are of, for a policy that remembers nothing.
#pragma once

#include "kernels/lanes/cells.h"
#include "kernels/lanes/team.h"
#include "kernels/memories/policy.h"

namespace innerloop {

// Copies rows of trials in a given order, as rows of other trials: what PPO's objective is taken at, and no more.
template <class T>
struct GatherSamples {
  Trials<T> from, to;          // `to`: rows(), of whatever steps and environments
  const int* order = nullptr;  // [row of `to`]  which row of `from`
  int action_words = 0;        // of what is allowed
  const int* enabled = nullptr;

  static constexpr int kPartRows = 256;

  FN int parts() const { return ceil_div(to.batch.rows(), kPartRows); }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    const Batch<T>&a = from.batch, &b = to.batch;
    const int first = place.part * kPartRows, rows = min_of(kPartRows, b.rows() - first);
    const auto copy = [&](int count, auto* source, auto* target) FN_LAMBDA {
      for_cells(team, count, rows, [&](int i, int row) FN_LAMBDA {
        target[i * b.row_stride + first + row] = source[i * a.row_stride + order[first + row]];
      });
    };
    copy(a.observation_size, a.observations, b.observations);
    copy(a.symbol_places, a.symbols, b.symbols);
    copy(a.action_size, a.actions, b.actions);
    copy(a.allowed == nullptr ? 0 : action_words, a.allowed, b.allowed);
    copy(1, a.log_probs, b.log_probs);
    copy(1, a.advantages, b.advantages);
    copy(1, from.targets, to.targets);
    copy(1, from.values, to.values);
  }
};

}  // namespace innerloop
