// The rings of steps, and what is drawn from them.
#include "kernels/critics/replay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/device/simd/kernels.h"
#include "tests/support/buffers.h"
#include "tests/support/kernels.h"

namespace innerloop {
namespace {

using Single = SimdTeam<Portable, float>;
template <class Op>
constexpr HostKernel<Op> kernel{&TeamRun<Single, Op>::run, &scratch_bytes_of<Single, Op>};

constexpr int kSteps = 3, kObserved = 2, kActions = 2;

// Numbers that tell what they are: quantity, iteration, step and environment.
float number_of(int quantity, int iteration, int step, int env) {
  return static_cast<float>(((quantity * 20 + iteration) * kSteps + step) * 100 + env);
}

struct ReplayProblem {
  Buffers memory{1};
  StoreSteps<float> op;
  int opened = -1;

  ReplayProblem(int tasks, int capacity, int envs, int envs_per_task) {
    op.replay = {.tasks = tasks, .capacity = capacity, .observed = kObserved, .actions = kActions};
    op.replay.rows = memory.blank("replay", static_cast<long>(tasks) * capacity * op.replay.row_size());
    op.replay.place = memory.hold<int>("place", std::vector<int>(static_cast<std::size_t>(2 * tasks)));
    op.envs_per_task = envs_per_task;
    op.open = &opened;
    Batch<float>& batch = op.trials.batch;
    batch.horizon = kSteps;
    batch.envs = envs;
    batch.row_stride = padded((kSteps + 1) * envs);
    batch.observations = memory.blank("seen", kObserved * batch.row_stride);
    batch.actions = memory.blank("actions", kActions * batch.row_stride);
    batch.next_observations = memory.blank("next", kObserved * batch.row_stride);
    batch.rewards = memory.blank("rewards", batch.row_stride);
    batch.terminated = memory.blank("terminated", batch.row_stride);
  }
  void play(int iteration) {
    const Batch<float>& batch = op.trials.batch;
    float* const columns[] = {batch.observations,      batch.observations + batch.row_stride,
                              batch.actions,           batch.actions + batch.row_stride,
                              batch.next_observations, batch.next_observations + batch.row_stride,
                              batch.rewards,           batch.terminated};
    for (int q = 0; q < op.replay.row_size(); ++q)
      for (int t = 0; t < kSteps; ++t)
        for (int e = 0; e < batch.envs; ++e) columns[q][t * batch.envs + e] = number_of(q, iteration, t, e);
    op.phase = StoreSteps<float>::Phase::store;
    run_kernel(kernel<StoreSteps<float>>, op, op.trials.tiles());
    op.phase = StoreSteps<float>::Phase::advance;
    run_kernel(kernel<StoreSteps<float>>, op, 1);
  }
};

// As many as were stepped, the newest among them, in place of the oldest; and the last step of a trial is one of them.
TEST(Replay, HoldsTheLastStepsOfEachIteration) {
  constexpr int kEnvs = 35, kCapacity = 250;
  ReplayProblem p(1, kCapacity, kEnvs, kEnvs);
  p.op.wanted = 200;
  for (int iteration = 0; iteration < 6; ++iteration) {
    p.play(iteration);
    const int stored = (iteration + 1) * kSteps * kEnvs;
    EXPECT_EQ(p.op.replay.place[1], std::min(stored, kCapacity));
    EXPECT_EQ(p.opened, stored >= 200 ? 1 : 0);
    for (int i = std::max(0, stored - kCapacity); i < stored; ++i)
      for (int q = 0; q < p.op.replay.row_size(); ++q)
        ASSERT_EQ(p.op.replay.at(0, i % kCapacity)[q],
                  number_of(q, i / (kSteps * kEnvs), i / kEnvs % kSteps, i % kEnvs));
  }
}

// Each into its own task's ring; those that were not played keep what they have.
TEST(Replay, KeepsTasksApart) {
  ReplayProblem p(4, 10, 4, 2);
  const std::vector<int> played = {3, 1};
  p.op.played = played.data();
  p.op.wanted = 7;
  p.play(0);
  EXPECT_EQ(p.opened, 0);  // six steps of each
  for (int number = 0; number < 2; ++number)
    for (int i = 0; i < 2 * kSteps; ++i)
      EXPECT_EQ(p.op.replay.at(played[static_cast<std::size_t>(number)], i)[0],
                number_of(0, 0, i / 2, 2 * number + i % 2));
  for (const int task : {0, 2}) EXPECT_EQ(p.op.replay.place[2 * task + 1], 0);
  for (const int task : {1, 3}) EXPECT_EQ(p.op.replay.place[2 * task + 1], 6);
  const std::vector<int> others = {0, 1};
  p.op.played = others.data();
  p.play(1);
  EXPECT_EQ(p.opened, 1);  // of one of them there are enough
}

// Of exploration the first steps of the last trial alone are kept.
TEST(Replay, ForgetsWhatItIsToldTo) {
  ReplayProblem p(2, 7, 4, 2);
  const std::vector<int> played = {1, 0};
  p.op.played = played.data();
  p.op.first_steps = 2;
  p.op.clears = true;
  for (int iteration = 0; iteration < 3; ++iteration) {
    p.play(iteration);
    for (int number = 0; number < 2; ++number) {
      const int task = played[static_cast<std::size_t>(number)];
      EXPECT_EQ(p.op.replay.place[2 * task + 1], 4);
      for (int i = 0; i < 4; ++i)
        EXPECT_EQ(p.op.replay.at(task, i)[0], number_of(0, iteration, i / 2, 2 * number + i % 2));
    }
  }
}

struct DrawProblem {
  Buffers memory{1};
  DrawReplay<float> op;
  RandomKey key{3, 4};

  DrawProblem(int tasks, int steps, const std::vector<int>& there) {
    ReplayBatch<float>& batch = op.batch;
    batch.replay = {.tasks = static_cast<int>(there.size()), .capacity = 1000, .observed = 2, .actions = 3};
    std::vector<int> place;
    for (const int count : there) place.insert(place.end(), {count % 1000, count});
    batch.replay.place = memory.hold<int>("place", place);
    batch.tasks = tasks;
    batch.steps = steps;
    batch.of = memory.blank<int>("of", tasks);
    batch.drawn = memory.blank<int>("drawn", batch.rows());
    batch.noise = memory.blank("noise", 6L * batch.rows());
    op.key = &key;
  }
  std::vector<int> draw(int update) {
    op.update = update;
    run_kernel(kernel<DrawReplay<float>>, op, 1);
    return {op.batch.drawn, op.batch.drawn + op.batch.rows()};
  }
};

// Of all steps that there are, and of no others, with equal probability, anew in each update.
TEST(DrawReplay, TakesEveryStepAlike) {
  DrawProblem p(2, 4000, {10, 10});
  std::vector<int> counts(10);
  const std::vector<int> first = p.draw(0);
  for (const int step : first) {
    ASSERT_GE(step, 0);
    ASSERT_LT(step, 10);
    ++counts[static_cast<std::size_t>(step)];
  }
  double chi_square = 0;
  for (const int count : counts) chi_square += std::pow(count - 800.0, 2) / 800;
  EXPECT_LT(chi_square, 27.9);  // one in a thousand, with 9 degrees of freedom
  EXPECT_NE(p.draw(1), first);
  EXPECT_EQ(p.draw(0), first);
}

TEST(DrawReplay, DrawsFromEachTasksOwn) {
  DrawProblem p(50, 7, {1, 1000, 20});
  p.draw(0);
  const ReplayBatch<float>& batch = p.op.batch;
  std::vector<int> tasks(3);
  for (int i = 0; i < batch.rows(); ++i) {
    const int task = batch.of[i / batch.steps];
    ++tasks[static_cast<std::size_t>(task)];
    EXPECT_LT(batch.drawn[i], batch.replay.place[2 * task + 1]);
  }
  for (const int count : tasks) EXPECT_GT(count, 0);
}

// Of tasks that have been played enough alone, each of them alike.
TEST(DrawReplay, LeavesTasksThatHaveTooLittle) {
  DrawProblem p(3000, 1, {5, 20, 0, 30, 10});
  p.op.wanted = 10;
  p.draw(0);
  std::vector<int> tasks(5);
  for (int i = 0; i < 3000; ++i) ++tasks[static_cast<std::size_t>(p.op.batch.of[i])];
  EXPECT_EQ(tasks[0], 0);
  EXPECT_EQ(tasks[2], 0);
  for (const int task : {1, 3, 4}) EXPECT_NEAR(tasks[static_cast<std::size_t>(task)], 1000, 110);
}

TEST(DrawReplay, ItsNoiseIsNormal) {
  DrawProblem p(1, 5000, {10});
  p.draw(0);
  double sum = 0, squares = 0;
  for (int i = 0; i < 30000; ++i) {
    sum += static_cast<double>(p.op.batch.noise[i]);
    squares += std::pow(static_cast<double>(p.op.batch.noise[i]), 2);
  }
  EXPECT_NEAR(sum / 30000, 0, 0.025);
  EXPECT_NEAR(squares / 30000, 1, 0.035);
}

}  // namespace
}  // namespace innerloop
