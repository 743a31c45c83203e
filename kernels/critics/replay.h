// The last steps of each task, from which critics learn: a ring a task in the device's memory, and what an update draws from
// it.
#pragma once

#include "kernels/lanes/random.h"
#include "kernels/memories/policy.h"

namespace innerloop {

// A row is a step: the observation, the action as drawn (before it is squashed), the observation that it led to (before the
// next episode started), the reward, and 1 where nothing follows.
template <class T>
struct Replay {
  int tasks = 1;
  int capacity = 0;      // steps of a task
  int observed = 0;      // numbers of the observation
  int actions = 0;       // of the action
  T* rows = nullptr;     // [task][step][row_size]
  int* place = nullptr;  // [task][2]  where the next step goes, and how many there are

  FN int drawn_at() const { return observed; }
  FN int next_at() const { return observed + actions; }
  FN int reward_at() const { return 2 * observed + actions; }
  FN int end_at() const { return reward_at() + 1; }
  FN int row_size() const { return end_at() + 1; }
  FN T* at(int task, int step) const {
    return rows + (static_cast<long>(task) * capacity + step) * row_size();
  }
};

// Puts the steps that were played in place of the oldest ones: store, of a tile of environments (place.task); then once
// advance. The environments of a task lie side by side.
// @pre a task's steps fit in its ring; trials.batch has what each step led to, and whether anything follows
template <class T>
struct StoreSteps {
  enum class Phase { store, advance };
  Phase phase = Phase::store;
  Replay<T> replay;
  Trials<T> trials;
  int envs_per_task = 1;
  const int* played = nullptr;  // [envs / envs_per_task]  each one's number in the replay; null: 0, 1, …
  int wanted = 0;               // steps that a task wants to have before anything is learned of it
  int* open = nullptr;          // [1]  becomes whether any has them; null: nobody asks
  int first_steps = 0;          // of each trial that are kept; 0: all
  bool clears = false;          // what a task that was played had before is forgotten

  FN int parts() const { return 1; }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place& place, Scratch) const {
    const Batch<T>& batch = trials.batch;
    if (phase == Phase::advance) {
      if (team.rank() == 0) advance();
      return;
    }
    const int first = place.task * kTrialTile, envs = min_of(kTrialTile, batch.envs - first);
    const long stride = batch.row_stride;
    const auto from = [&](int i) FN_LAMBDA {
      if (i < replay.drawn_at()) return batch.observations + i * stride;
      if (i < replay.next_at()) return batch.actions + (i - replay.drawn_at()) * stride;
      if (i < replay.reward_at()) return batch.next_observations + (i - replay.next_at()) * stride;
      return i == replay.reward_at() ? batch.rewards : batch.terminated;
    };
    for (int step = 0; step < kept(); ++step)
      for_cells(team, envs, replay.row_size(), [&](int e, int i) FN_LAMBDA {
        const int env = first + e, task = task_of(env / envs_per_task);
        const int begin = clears ? 0 : replay.place[2 * task],
                  slot = (begin + step * envs_per_task + env % envs_per_task) % replay.capacity;
        replay.at(task, slot)[i] = from(i)[static_cast<long>(step) * batch.envs + env];
      });
  }

 private:
  FN int task_of(int number) const { return played == nullptr ? number : played[number]; }
  // Steps of a trial.
  FN int kept() const { return first_steps > 0 ? first_steps : trials.batch.horizon; }
  FN void advance() const {
    const int steps = kept() * envs_per_task;
    for (int number = 0; number < trials.batch.envs / envs_per_task; ++number) {
      int* const at = replay.place + 2 * task_of(number);
      at[0] = ((clears ? 0 : at[0]) + steps) % replay.capacity;
      at[1] = min_of((clears ? 0 : at[1]) + steps, replay.capacity);
    }
    if (open == nullptr) return;
    int any = 0;
    for (int task = 0; task < replay.tasks; ++task) any = replay.place[2 * task + 1] >= wanted ? 1 : any;
    *open = any;
  }
};

// What an update learns from.
template <class T>
struct ReplayBatch {
  Replay<T> replay;
  int tasks = 1;         // how many
  int steps = 0;         // of each of them
  int* of = nullptr;     // [task]  its number in the replay
  int* drawn = nullptr;  // [task][step]  its place in that task's ring
  T* noise =
      nullptr;  // [task][step][2][action]  normal: of the action in what a step led to, and of one where it started

  FN int rows() const { return tasks * steps; }
  FN const T* row(int i) const { return replay.at(of[i / steps], drawn[i]); }
  FN const T* noise_of(int i, int which) const {
    return noise + (static_cast<long>(i) * 2 + which) * replay.actions;
  }
};

// Tasks with replacement, of those that have as many steps as they want, and steps of each with replacement.
// @pre one has, and at least one step
template <class T>
struct DrawReplay {
  ReplayBatch<T> batch;
  const RandomKey* key = nullptr;
  int update = 0;  // of the iteration
  int wanted = 0;
  const int* enabled = nullptr;

  FN int parts() const { return 1; }
  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch) const {
    const Replay<T>& replay = batch.replay;
    int ready = 0;
    for (int task = 0; task < replay.tasks; ++task) ready += is_ready(task) ? 1 : 0;
    for (int i = team.rank(); i < batch.tasks; i += team.size()) {
      int left = below(ready, i, kTaskDraw), task = 0;
      while (!is_ready(task) || left-- > 0) ++task;
      batch.of[i] = task;
    }
    team.sync();
    for (int i = team.rank(); i < batch.rows(); i += team.size()) {
      batch.drawn[i] = below(replay.place[2 * batch.of[i / batch.steps] + 1], i, 0);
      Random<One> random = random_of(i, 0, Purpose::latent);
      for (int n = 0; n < 2 * replay.actions; ++n)
        batch.noise[static_cast<long>(i) * 2 * replay.actions + n] = random.normal().get(0);
    }
  }

 private:
  using One = Pack<T, 1>;
  static constexpr int kTaskDraw = 1;

  FN bool is_ready(int task) const {
    const int there = batch.replay.place[2 * task + 1];
    return there > 0 && there >= wanted;
  }

  FN Random<One> random_of(int i, int which, Purpose purpose) const {
    using U = UintPack<One>;
    const auto word = [](int x) FN_LAMBDA { return U(static_cast<std::uint32_t>(x)); };
    return {*key, word(update), word(i), word(which), purpose, 0};
  }
  // 0 … count − 1
  FN int below(int count, int i, int which) const {
    const std::uint32_t bits = random_of(i, which, Purpose::kept_trials).bits().get(0);
    return static_cast<int>((std::uint64_t{bits} * static_cast<std::uint64_t>(count)) >> 32);
  }
};

}  // namespace innerloop
