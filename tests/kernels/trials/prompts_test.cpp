// Inner steps of prompts against the formulas in kernels/trials/prompts.h, in double.
#include "kernels/trials/prompts.h"

#include <gtest/gtest.h>

#include "tests/support/kernels.h"
#include "tests/support/trial_problem.h"

namespace innerloop {
namespace {

constexpr int kTasks = 3, kEach = 4, kSteps = 21, kEnvs = kTasks * kEach;

std::size_t row(int t, int e) { return static_cast<std::size_t>(t * kEnvs + e); }

Vector advantages_of(const Vector& rewards, double discount) {
  Vector advantages(rewards.size(), NAN);
  Vector kept = rewards;
  TaskAdvantages<double> op;
  op.trials.batch.horizon = kSteps;
  op.trials.batch.envs = kEnvs;
  op.trials.batch.rewards = kept.data();
  op.trials.batch.advantages = advantages.data();
  op.envs_per_task = kEach;
  op.discount = discount;
  const HostKernel<TaskAdvantages<double>>& kernel = double_trial_kernels();
  run_kernel(kernel, op, 1);
  return advantages;
}

TEST(TaskAdvantages, AreReturnsLessTheTasksMeanAtEachStepOverTheTasksDeviation) {
  std::mt19937_64 random(4);
  const Vector rewards = random_vector(kEnvs * kSteps, 1, random);
  const double discount = 0.9;
  const Vector found = advantages_of(rewards, discount);
  for (int task = 0; task < kTasks; ++task) {
    Vector wanted(rewards.size());
    double square = 0;
    for (int t = 0; t < kSteps; ++t) {
      double mean = 0;
      for (int e = task * kEach; e < (task + 1) * kEach; ++e) {
        for (int later = t; later < kSteps; ++later)
          wanted[row(t, e)] += std::pow(discount, later - t) * rewards[row(later, e)];
        mean += wanted[row(t, e)] / kEach;
      }
      for (int e = task * kEach; e < (task + 1) * kEach; ++e) {
        wanted[row(t, e)] -= mean;
        square += wanted[row(t, e)] * wanted[row(t, e)] / (kEach * kSteps);
      }
    }
    for (int t = 0; t < kSteps; ++t)
      for (int e = task * kEach; e < (task + 1) * kEach; ++e)
        EXPECT_NEAR(found[row(t, e)], wanted[row(t, e)] / std::sqrt(square), 1e-7) << t << " " << e;
  }
}

// Rounding of equal returns is nothing to learn from: divided by its own size it would be as large as anything.
TEST(TaskAdvantages, OfTrialsThatAllPayAlikeAreZero) {
  Vector rewards(static_cast<std::size_t>(kEnvs * kSteps), 0.1);
  for (int e = kEach; e < 2 * kEach; ++e) rewards[row(kSteps - 1, e)] = e;  // of the second task
  const Vector found = advantages_of(rewards, 0.97);
  for (int t = 0; t < kSteps; ++t)
    for (int e = 0; e < kEnvs; ++e) EXPECT_EQ(found[row(t, e)] == 0, e / kEach != 1) << t << " " << e;
}

TEST(AdaptPrompts, MoveEachTasksPromptAlongTheMeanOfItsRows) {
  constexpr int kNumbers = 5;
  std::mt19937_64 random(6);
  const Vector gradient = random_vector(kEnvs * kNumbers, 1, random);
  Vector prompts(static_cast<std::size_t>(kEnvs * kNumbers));
  for (std::size_t i = 0; i < prompts.size(); ++i)
    prompts[i] = static_cast<double>(i / (kEach * kNumbers)) + 0.1 * static_cast<double>(i % kNumbers);
  const Vector before = prompts;
  AdaptPrompts<double> op;
  op.tasks = kTasks;
  op.envs_per_task = kEach;
  op.steps = kSteps;
  op.numbers = kNumbers;
  op.step_size = 0.7;
  op.gradient = gradient.data();
  op.prompts = prompts.data();
  const HostKernel<AdaptPrompts<double>>& kernel = double_trial_kernels();
  run_kernel(kernel, op, 1);
  for (int e = 0; e < kEnvs; ++e)
    for (int i = 0; i < kNumbers; ++i) {
      double mean = 0;
      for (int other = e / kEach * kEach; other < (e / kEach + 1) * kEach; ++other)
        mean += gradient[static_cast<std::size_t>(other * kNumbers + i)] / (kEach * kSteps);
      const auto at = static_cast<std::size_t>(e * kNumbers + i);
      EXPECT_NEAR(prompts[at], before[at] + 0.7 * mean, 1e-12);
    }
}

}  // namespace
}  // namespace innerloop
