// The last trials that were played, from which a belief is learned: a ring in the device's memory.
#pragma once

#include "kernels/lanes/maths.h"
#include "kernels/memories/policy.h"

namespace innerloop {

// Row `step` of a trial: what the policy took in there, the reward of the step, the observation that it led to, before the next
// episode started, and where it is asked for the action, as the policy takes it in a step later.
template <class T>
struct TrialRing {
  int capacity = 0;      // trials
  int steps = 0;         // of a trial
  int inputs = 0;        // numbers that the policy takes in
  int observed = 0;      // numbers of the observation
  int actions = 0;       // numbers of the action; 0: it is not kept
  T* rows = nullptr;     // [trial][step][row_size]
  int* place = nullptr;  // [2]  where the next trial goes, and how many there are

  FN int next_at() const { return inputs + 1; }
  FN int action_at() const { return next_at() + observed; }
  FN int row_size() const { return action_at() + actions; }
  FN T* at(int trial, int step) const {
    return rows + (static_cast<long>(trial) * steps + step) * row_size();
  }
};

// Number `i` of an action as a policy takes it in (TrialPlay::put_action), of which at(k) is the k-th that a batch keeps.
template <class One, class At>
FN One action_input(const PolicyShape& actor, int i, const At& at) {
  using T = typename One::value_type;
  if (actor.head == HeadKind::gaussian) {
    const One drawn(at(i));
    return actor.squash > 0 ? One(static_cast<T>(actor.squash)) * tanh(drawn) : drawn;
  }
  int group = 0;
  if (actor.head == HeadKind::grouped)
    for (; i >= actor.group_size[group]; ++group) i -= actor.group_size[group];
  return One(static_cast<int>(at(group)) == i ? T(1) : T(0));
}

// Puts the trials that were played in place of the oldest ones: store, of a tile of them (place.task); then once advance.
// @pre they fit in the ring
template <class T>
struct StoreTrials {
  enum class Phase { store, advance };
  Phase phase = Phase::store;
  TrialRing<T> ring;
  Trials<T> trials;
  PolicyShape actor;  // what drew the actions

  FN int parts() const { return 1; }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    const Batch<T>& batch = trials.batch;
    if (phase == Phase::advance) {
      if (team.rank() != 0) return;
      ring.place[0] = (ring.place[0] + batch.envs) % ring.capacity;
      ring.place[1] = min_of(ring.place[1] + batch.envs, ring.capacity);
      return;
    }
    const int first = place.task * kTrialTile, envs = min_of(kTrialTile, batch.envs - first),
              inputs = ring.inputs, size = ring.row_size(), begin = ring.place[0];
    const auto from = [&](int i) FN_LAMBDA {
      if (i < inputs) return batch.observations + i * batch.row_stride;
      return i == inputs ? batch.rewards : batch.next_observations + (i - ring.next_at()) * batch.row_stride;
    };
    for (int step = 0; step < ring.steps; ++step)
      for_cells(team, envs, size, [&](int env, int i) FN_LAMBDA {
        T* const to = ring.at((begin + first + env) % ring.capacity, step);
        const long row = static_cast<long>(step) * batch.envs + first + env;
        to[i] = i < ring.action_at()
                    ? from(i)[row]
                    : action_input<Pack<T, 1>>(actor, i - ring.action_at(), [&](int k) FN_LAMBDA {
                        return batch.actions[k * batch.row_stride + row];
                      }).get(0);
      });
  }
};

}  // namespace innerloop
