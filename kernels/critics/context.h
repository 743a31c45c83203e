// What a task's exploration showed of it, from which a belief about the task is inferred (PEARL, Rakelly et al. 2019): a ring a
// task of its last exploration, and the steps of it that an update takes in.
#pragma once

#include "kernels/critics/replay.h"
#include "kernels/memories/perceptron.h"

namespace innerloop {

// What is taken in of a step: the action as tanh makes it, the observation, the reward, and with `next_state` the observation
// that it led to. Where rewards are −distance, `within` makes them sparse: 1 less the distance where that is at most it, else
// 0; 0: they are as they are. Over the first `shrinks` iterations of training a context's radius goes evenly from `from` to
// `within`, so that there is something to be found before anybody has learned to look for it.
struct ContextSteps {
  int actions = 0, observed = 0;
  bool next_state = false;
  float within = 0, from = 0;
  int shrinks = 0;

  FN int inputs() const { return actions + observed + 1 + (next_state ? observed : 0); }
  // Of contexts in an iteration; evaluations have numbers beyond all of them.
  FN float radius(std::uint32_t iteration) const {
    if (iteration >= static_cast<std::uint32_t>(shrinks)) return within;
    const float left = 1 - static_cast<float>(iteration) / static_cast<float>(shrinks);
    return within + (from - within) * left;
  }
  template <class One>
  FN static One reward(One r, float radius) {
    if (radius == 0) return r;
    return select(r >= One(static_cast<typename One::value_type>(-radius)), One(1) + r, One(0));
  }
  // Input i with rewards within `radius`, of which at(k) is the k-th number of a row of the replay.
  template <class One, class T, class At>
  FN One input(const Replay<T>& row, int i, float radius, const At& at) const {
    if (i < actions) return tanh(One(at(row.drawn_at() + i)));
    i -= actions;
    if (i < observed) return One(at(i));
    i -= observed;
    return i == 0 ? reward(One(at(row.reward_at())), radius) : One(at(row.next_at() + i - 1));
  }
};

// What an update infers from.
template <class T>
struct ContextBatch {
  Replay<T> ring;           // of each task the last exploration
  int tasks = 1;            // how many
  int steps = 0;            // of each of them at most
  const int* of = nullptr;  // [task]  its number in the ring
  int* drawn = nullptr;     // [task][step]  its place in that task's ring
  int* count = nullptr;     // [task]  how many there are of it
  T* noise = nullptr;       // [task][padded(latent)]  normal
  int latent = 0;
};

// Steps of each task's exploration without replacement, every set with the same probability: as many as are wanted, or as there
// are. place.task: which of the tasks.
template <class T>
struct DrawContexts {
  ContextBatch<T> contexts;
  const RandomKey* key = nullptr;
  int update = 0;  // of the iteration
  const int* enabled = nullptr;

  FN int parts() const { return 1; }
  template <class Team>
  FN long scratch_bytes() const {
    Scratch scratch;
    scratch.take<int>(contexts.ring.capacity);
    return scratch.used();
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch scratch) const {
    int* const order = scratch.take<int>(contexts.ring.capacity);
    const int task = place.task, there = contexts.ring.place[2 * contexts.of[task] + 1],
              count = min_of(there, contexts.steps);
    for (int i = team.rank(); i < there; i += team.size()) order[i] = i;
    team.sync();
    if (team.rank() != 0) return;
    contexts.count[task] = count;
    // The first steps of a shuffle.
    Random<One> random = random_of(task, Purpose::kept_trials);
    for (int i = 0; i < count; ++i) {
      const std::uint32_t bits = random.bits().get(0);
      const int other =
          i + static_cast<int>((std::uint64_t{bits} * static_cast<std::uint64_t>(there - i)) >> 32);
      const int drawn = order[other];
      order[other] = order[i];
      contexts.drawn[static_cast<long>(task) * contexts.steps + i] = drawn;
    }
    Random<One> normal = random_of(task, Purpose::latent);
    for (int d = 0; d < contexts.latent; ++d)
      contexts.noise[static_cast<long>(task) * padded(contexts.latent) + d] = normal.normal().get(0);
  }

 private:
  using One = Pack<T, 1>;
  static constexpr int kContextDraw = 2;  // beside those of DrawReplay

  FN Random<One> random_of(int task, Purpose purpose) const {
    using U = UintPack<One>;
    const auto word = [](int x) FN_LAMBDA { return U(static_cast<std::uint32_t>(x)); };
    return {*key, word(update), word(task), word(kContextDraw), purpose, 0};
  }
};

// The tasks that an iteration plays, all of them different: the next ones of an order of all, drawn anew whenever all have had
// their turn. @pre the tasks of an iteration divide all
template <class T>
struct ChooseTasks {
  const RandomKey* key = nullptr;
  int all = 0;               // tasks that there are
  int tasks = 0;             // of an iteration
  const T* given = nullptr;  // [all][size]
  int size = 0, copies = 1;  // of each task, side by side
  T* numbers = nullptr;      // [task · copies][size]
  int* played = nullptr;     // [task]  which one it is

  FN int parts() const { return 1; }
  template <class Team>
  FN long scratch_bytes() const {
    Scratch scratch;
    scratch.take<int>(all);
    return scratch.used();
  }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch scratch) const {
    int* const order = scratch.take<int>(all);
    const int turns = all / tasks,
              first = static_cast<int>(key->iteration % static_cast<std::uint32_t>(turns)) * tasks;
    if (team.rank() == 0) {
      using One = Pack<T, 1>;
      using U = UintPack<One>;
      Random<One> random({key->seed, key->iteration / static_cast<std::uint32_t>(turns)}, U(0xFFFFFFFFu),
                         U(0u), U(0u), Purpose::task, 0);
      for (int i = 0; i < all; ++i) order[i] = i;
      for (int i = 0; i < first + tasks; ++i) {
        const std::uint32_t bits = random.bits().get(0);
        const int other =
            i + static_cast<int>((std::uint64_t{bits} * static_cast<std::uint64_t>(all - i)) >> 32);
        const int drawn = order[other];
        order[other] = order[i];
        order[i] = drawn;
        if (i >= first) played[i - first] = drawn;
      }
    }
    team.sync();
    for_cells(team, tasks * copies, size, [&](int place, int i) FN_LAMBDA {
      numbers[static_cast<long>(place) * size + i] =
          given[static_cast<long>(order[first + place / copies]) * size + i];
    });
  }
};

// The rewards as a context has them after training: ContextSteps.
template <class T>
struct ShowRewards {
  ContextSteps steps;
  const T* rewards = nullptr;  // [count]
  T* shown = nullptr;          // [count]
  int count = 0;

  static constexpr int kPartSize = 1024;

  FN int parts() const { return ceil_div(count, kPartSize); }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    using One = Pack<T, 1>;
    const int end = min_of(count, (place.part + 1) * kPartSize);
    for (int i = place.part * kPartSize + team.rank(); i < end; i += team.size())
      shown[i] = ContextSteps::reward(One(rewards[i]), steps.within).get(0);
  }
};

}  // namespace innerloop
