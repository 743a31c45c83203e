// The ring of trials, and what is drawn from it.
#include "kernels/beliefs/draw.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "engine/device/simd/kernels.h"
#include "tests/support/buffers.h"
#include "tests/support/kernels.h"

namespace innerloop {
namespace {

using Single = SimdTeam<Portable, float>;
template <class Op>
constexpr HostKernel<Op> kernel{&TeamRun<Single, Op>::run, &scratch_bytes_of<Single, Op>};

constexpr int kSteps = 3, kInputs = 4, kObserved = 2, kEnvs = 35;

// Numbers that tell what they are: quantity, iteration, step and environment.
float number_of(int quantity, int iteration, int step, int env) {
  return static_cast<float>(((quantity * 20 + iteration) * kSteps + step) * kEnvs + env);
}

struct RingProblem {
  Buffers memory{1};
  StoreTrials<float> op;

  explicit RingProblem(int capacity) {
    op.ring = {.capacity = capacity, .steps = kSteps, .inputs = kInputs, .observed = kObserved};
    op.ring.rows = memory.blank("ring", static_cast<long>(capacity) * kSteps * op.ring.row_size());
    op.ring.place = memory.hold<int>("place", std::vector<int>{0, 0});
    Batch<float>& batch = op.trials.batch;
    batch.horizon = kSteps;
    batch.envs = kEnvs;
    batch.row_stride = padded(kSteps * kEnvs);
    batch.observations = memory.blank("inputs", kInputs * batch.row_stride);
    batch.rewards = memory.blank("rewards", batch.row_stride);
    batch.next_observations = memory.blank("next", kObserved * batch.row_stride);
  }
  void play(int iteration) {
    const Batch<float>& batch = op.trials.batch;
    for (int q = 0; q < op.ring.row_size(); ++q) {
      float* const to = q < kInputs    ? batch.observations + q * batch.row_stride
                        : q == kInputs ? batch.rewards
                                       : batch.next_observations + (q - kInputs - 1) * batch.row_stride;
      for (int t = 0; t < kSteps; ++t)
        for (int e = 0; e < kEnvs; ++e) to[t * kEnvs + e] = number_of(q, iteration, t, e);
    }
    op.phase = StoreTrials<float>::Phase::store;
    run_kernel(kernel<StoreTrials<float>>, op, op.trials.tiles());
    op.phase = StoreTrials<float>::Phase::advance;
    run_kernel(kernel<StoreTrials<float>>, op, 1);
  }
};

TEST(TrialRing, HoldsTheLastTrialsWhole) {
  constexpr int kCapacity = 80;
  RingProblem p(kCapacity);
  for (int iteration = 0; iteration < 7; ++iteration) {
    p.play(iteration);
    const int played = (iteration + 1) * kEnvs;
    EXPECT_EQ(p.op.ring.place[1], std::min(played, kCapacity));
    for (int trial = std::max(0, played - kCapacity); trial < played; ++trial)
      for (int t = 0; t < kSteps; ++t)
        for (int q = 0; q < p.op.ring.row_size(); ++q)
          ASSERT_EQ(p.op.ring.at(trial % kCapacity, t)[q], number_of(q, trial / kEnvs, t, trial % kEnvs));
  }
}

struct DrawProblem {
  Buffers memory{1};
  DrawBeliefBatch<float> op;
  RandomKey key{7, 0};

  DrawProblem(int there, int trials, int steps = 21, int decode_steps = 5) {
    op.key = &key;
    BeliefBatch<float>& batch = op.batch;
    batch.ring.steps = steps;
    batch.ring.place = memory.hold<int>("place", std::vector<int>{0, there});
    batch.trials = trials;
    batch.latent = 5;
    batch.decode_steps = decode_steps;
    batch.drawn = memory.blank<int>("drawn", trials);
    batch.noise = memory.blank("noise", static_cast<long>(trials) * batch.latent * padded(steps));
    batch.decoded = memory.blank<int>("decoded", static_cast<long>(trials) * decode_steps);
  }
  std::set<int> draw(std::uint32_t iteration, int update = 0) {
    key.iteration = iteration;
    op.update = update;
    run_kernel(kernel<DrawBeliefBatch<float>>, op, 1);
    return {op.batch.drawn, op.batch.drawn + op.batch.trials};
  }
};

// Each trial that is there as often as any other, the newest one too, and none twice in an update.
TEST(BeliefBatch, DrawsEveryTrialEquallyOftenAndNoneTwice) {
  constexpr int kThere = 10, kTrials = 4, kDraws = 20000;
  DrawProblem p(kThere, kTrials);
  std::vector<int> count(kThere);
  for (std::uint32_t i = 0; i < kDraws; ++i) {
    const std::set<int> drawn = p.draw(i);
    ASSERT_EQ(drawn.size(), static_cast<std::size_t>(kTrials));
    for (const int trial : drawn) {
      ASSERT_GE(trial, 0);
      ASSERT_LT(trial, kThere);
      ++count[static_cast<std::size_t>(trial)];
    }
  }
  const double expected = kDraws * kTrials / static_cast<double>(kThere);
  for (const int times : count) EXPECT_NEAR(times, expected, 5 * std::sqrt(expected));
}
TEST(BeliefBatch, DrawsAllWhereThereAreNoMore) {
  DrawProblem p(6, 6);
  EXPECT_EQ(p.draw(0), (std::set<int>{0, 1, 2, 3, 4, 5}));
}

TEST(BeliefBatch, UpdatesAndIterationsDrawAnew) {
  DrawProblem p(100, 8);
  const std::set<int> first = p.draw(0);
  const float noise = p.op.batch.noise[0];
  EXPECT_NE(p.draw(0, 1), first);
  EXPECT_NE(p.op.batch.noise[0], noise);
  EXPECT_NE(p.draw(1), first);
  EXPECT_NE(p.op.batch.noise[0], noise);
  EXPECT_EQ(p.draw(0), first);
  EXPECT_EQ(p.op.batch.noise[0], noise);
}

// One step of each piece, and every step of a piece at times; the pieces make up the trial.
TEST(BeliefBatch, DrawsAStepOfEachPiece) {
  DrawProblem p(10, 4, 22, 5);
  std::set<int> seen;
  int steps = 0;
  for (int k = 0; k < 5; ++k) {
    EXPECT_EQ(p.op.batch.piece_begin(k), steps);
    steps += p.op.batch.piece(k);
  }
  EXPECT_EQ(steps, 22);
  for (std::uint32_t i = 0; i < 200; ++i) {
    p.draw(i);
    for (int trial = 0; trial < 4; ++trial)
      for (int k = 0; k < 5; ++k) {
        const int step = p.op.batch.step_of(trial, k);
        ASSERT_GE(step, p.op.batch.piece_begin(k));
        ASSERT_LT(step, p.op.batch.piece_begin(k) + p.op.batch.piece(k));
        seen.insert(step);
      }
  }
  EXPECT_EQ(seen.size(), 22u);
}

TEST(BeliefBatch, NoiseIsNormalAndOfItsOwnForEachNumber) {
  DrawProblem p(100, 50, 60);
  p.draw(3);
  double sum = 0, square = 0;
  std::set<float> different;
  for (int trial = 0; trial < 50; ++trial)
    for (int d = 0; d < 5; ++d)
      for (int t = 0; t < 60; ++t) {
        const float x = p.op.batch.noise_of(trial, d)[t];
        sum += x;
        square += static_cast<double>(x) * x;
        different.insert(x);
      }
  constexpr int kCount = 50 * 5 * 60;
  EXPECT_NEAR(sum / kCount, 0, 0.04);
  EXPECT_NEAR(square / kCount, 1, 0.06);
  EXPECT_GT(different.size(), kCount * 0.99);
}

}  // namespace
}  // namespace innerloop
