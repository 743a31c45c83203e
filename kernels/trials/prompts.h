// Inner steps on the prompts of a transformer's trials (kernels/memories/transformer.h): CAVIA's loop (Zintgraf et al. 2019)
// with tokens for the context. What a task adds to the prompt starts at 0 and climbs the mean over the task's rows of
// advantage × log-probability; nothing else is adapted. The gradient itself is TrialGradient's.
#pragma once

#include "kernels/lanes/extent.h"
#include "kernels/lanes/maths.h"
#include "kernels/memories/policy.h"
#include "kernels/networks/row_sums.h"

namespace innerloop {

// Advantages from the trials of a task alone: a step's discounted return to the end of the trial less the mean of what the
// task's trials have at that step, with standard deviation 1 in each task. A step whose returns are equal up to rounding
// (kernels/lanes/extent.h) has none.
template <class T>
struct TaskAdvantages {
  Trials<T> trials;
  int envs_per_task = 1;
  T discount = 1;
  const int* enabled = nullptr;

  FN int parts() const { return trials.batch.envs / envs_per_task; }
  template <class Team>
  FN long scratch_bytes() const {
    return kChains * static_cast<long>(sizeof(T));
  }
  /// place.part: which of the tasks.
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const {
    using One = Pack<T, 1>;
    T* const chains = scratch.take<T>(kChains);
    const Batch<T>& batch = trials.batch;
    const int steps = batch.horizon, envs = batch.envs;
    const long first = static_cast<long>(place.part) * envs_per_task;
    T* const advantages = batch.advantages + first;
    for (int e = team.rank(); e < envs_per_task; e += team.size()) {
      T after = 0;
      for (int t = steps; t-- > 0;) {
        const long r = static_cast<long>(t) * envs + e;
        after = fma(One(discount), One(after), One(batch.rewards[first + r])).get(0);
        advantages[r] = after;
      }
    }
    team.sync();
    for (int t = team.rank(); t < steps; t += team.size()) {
      T* const of_step = advantages + static_cast<long>(t) * envs;
      T sum = 0;
      Extent<T> extent;
      for (int e = 0; e < envs_per_task; ++e) {
        sum = sum + of_step[e];
        extent.take(of_step[e]);
      }
      const T mean = sum / static_cast<T>(envs_per_task);
      for (int e = 0; e < envs_per_task; ++e) of_step[e] = extent.has_spread() ? of_step[e] - mean : T(0);
    }
    team.sync();
    // The squares go into chains by step, so that any team adds them in one order.
    for (int c = team.rank(); c < kChains; c += team.size()) {
      T sum = 0;
      for (int t = c; t < steps; t += kChains)
        for (int e = 0; e < envs_per_task; ++e) {
          const One off(advantages[static_cast<long>(t) * envs + e]);
          sum = fma(off, off, One(sum)).get(0);
        }
      chains[c] = sum;
    }
    team.sync();
    const T square = close_chains(chains) / (static_cast<T>(steps) * static_cast<T>(envs_per_task)),
            factor = square > T(0) ? T(1) / (sqrt(One(square)).get(0) + T(1e-8)) : T(0);
    for (int t = team.rank(); t < steps; t += team.size())
      for (int e = 0; e < envs_per_task; ++e) {
        T& of = advantages[static_cast<long>(t) * envs + e];
        of = of * factor;
      }
  }
};

// One step of each task's prompt, from the sums that its trials brought.
template <class T>
struct AdaptPrompts {
  int tasks = 0, envs_per_task = 1, steps = 1, numbers = 0;
  T step_size = 0;
  const T* gradient = nullptr;  // [env][number]  sums over the steps
  T* prompts = nullptr;         // [env][number]  the same in all environments of a task
  const int* enabled = nullptr;

  FN int parts() const { return tasks; }
  /// place.part: which of the tasks.
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    using One = Pack<T, 1>;
    const long first = static_cast<long>(place.part) * envs_per_task * numbers;
    const T rate = step_size / (static_cast<T>(envs_per_task) * static_cast<T>(steps));
    for (int i = team.rank(); i < numbers; i += team.size()) {
      T sum = 0;
      for (int e = 0; e < envs_per_task; ++e)
        sum = sum + gradient[first + static_cast<long>(e) * numbers + i];
      const T moved = fma(One(rate), One(sum), One(prompts[first + i])).get(0);
      for (int e = 0; e < envs_per_task; ++e) prompts[first + static_cast<long>(e) * numbers + i] = moved;
    }
  }
};

}  // namespace innerloop
