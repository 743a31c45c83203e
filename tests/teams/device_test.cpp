// The engine's threads under ThreadSanitizer: tasks and stages in any order, with the same results.
#include <gtest/gtest.h>

#include <atomic>
#include <numeric>

#include "engine/device/launch.h"
#include "tests/support/buffers.h"
#include "tests/support/trajectories.h"

namespace innerloop {

namespace {

TEST(ThreadPool, DoesEachItemOnceAndPublishesTheResults) {
  ThreadPool pool(4);
  std::vector<int> results(100);
  for (int round = 1; round <= 200; ++round) {
    // Plain numbers: that they are written in one thread and read in another is the pool's business.
    pool.run(100, [&](int item, int thread) {
      EXPECT_LT(thread, 4);
      results[static_cast<std::size_t>(item)] += item * round;
    });
  }
  for (int item = 0; item < 100; ++item)
    EXPECT_EQ(results[static_cast<std::size_t>(item)], item * 200 * 201 / 2);
}

TEST(ThreadPool, GivesAThreadOneItemAtATime) {
  ThreadPool pool(4);
  int busy[4] = {};
  for (int round = 0; round < 50; ++round)
    pool.run(37, [&](int, int thread) {
      EXPECT_EQ(busy[thread]++, 0);
      --busy[thread];
    });
}

// θ ← θ + mean over tasks of ∇S(θ; D_task), several times: stages per task that keep a slot's partial sums, joined by a
// sum over the tasks.
std::vector<BufferContent> run_steps(int threads) {
  constexpr int kTasks = 13, kEnvs = 5, kHorizon = 9;
  Device device({Backend::cpu, threads, "portable"});
  Buffers memory(1);
  const PolicyShape shape = policy_of({2, 18, 2}, HeadKind::gaussian);
  const long parameters = shape.parameters(), stride = padded(kEnvs * kHorizon);
  const auto rows = [&](const char* name, int each) { return memory.blank(name, kTasks * each * stride); };

  const auto* key = reinterpret_cast<RandomKey*>(memory.hold<std::uint32_t>("key", std::vector<int>{5, 3}));
  float* tasks = memory.blank("tasks", kTasks * 2);
  float* params = memory.normals("params", parameters, 0.3);
  float* adapted = memory.blank("adapted", kTasks * parameters);
  Batch<float> batch;
  batch.horizon = kHorizon;
  batch.envs = kEnvs;
  batch.observation_size = batch.action_size = 2;
  batch.row_stride = stride;
  batch.observations = rows("observations", 2);
  batch.actions = rows("actions", 2);
  batch.log_probs = rows("log_probs", 1);
  batch.rewards = rows("rewards", 1);
  batch.valid = rows("valid", 1);
  batch.ends = rows("ends", 1);
  batch.advantages = rows("advantages", 1);
  batch.statistics = memory.blank("statistics", kTasks * kStatistics);
  // A slot's own: what is in them afterwards depends on who did what.
  Buffers slots(2);
  const long kept_stride = static_cast<long>(kHorizon) * kEnvs * shape.hidden_size();
  const Kept<float> kept{slots.blank("kept", device.slots(kTasks) * kept_stride), kept_stride};
  float* partial = slots.blank("partial", device.slots(kTasks) * parameters);
  const float step = 0.1f;

  for (int round = 0; round < 3; ++round) {
    device.per_task(DrawTasks<float, PointNavigation>{{}, key, tasks}, kTasks);
    Rollout<float, PointNavigation> play;
    play.shape = shape;
    play.params = {params, 0};
    play.batch = batch;
    play.kept = kept;
    play.tasks = tasks;
    play.key = key;
    play.inner_step = round;
    play.tile_envs = device.tile_envs(kEnvs);
    device.per_task(play, kTasks);
    Advantages<float> advantages;
    advantages.batch = batch;
    device.per_task(advantages, kTasks);
    PolicyGradient<float> gradient;
    gradient.shape = shape;
    gradient.params = {params, 0};
    gradient.inputs = batch.inputs();
    gradient.objective.batch = batch;
    gradient.kept = kept;
    gradient.partial = partial;
    device.per_task(gradient, kTasks);
    ApplyGradient<float> apply;
    apply.parameters = static_cast<int>(parameters);
    apply.chunks = 1;
    apply.partial = partial;
    apply.statistics = batch.statistics;
    apply.base = {params, 0};
    apply.step = {&step, 0};
    apply.out = adapted;
    device.per_task(apply, kTasks);
    device.once(
        SumOverTasks<float>{kTasks, static_cast<int>(parameters), adapted, 1.0f / kTasks, nullptr, params});
  }
  device.finish();
  return memory.content();
}

TEST(Device, ComputesTheSameBitsOn1And4Threads) {
  EXPECT_EQ(first_difference(run_steps(1), run_steps(4)), "");
}

}  // namespace
}  // namespace innerloop
