// Hand-written learners of bandits: what they draw, Gittins' table, each rule.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/rivals/bandit_rules.h"

namespace innerloop {
namespace {

constexpr RandomKey kDrawsKey = {3, 4};

// Arms with what their pulls brought, beside the success and the failure that each starts with.
ArmStatistics arms_with(const std::vector<std::vector<int>>& rewards) {
  ArmStatistics arms(static_cast<int>(rewards.size()));
  for (std::size_t arm = 0; arm < rewards.size(); ++arm)
    for (const int reward : rewards[arm]) arms.add(static_cast<int>(arm), reward);
  return arms;
}

TEST(Draws, GammasHaveTheirMeanAndVariance) {
  constexpr int kCount = 40000;
  for (const double shape : {1.0, 1.5, 4.0, 60.0}) {
    Draws draws(kDrawsKey, 1, 2, 3);
    double mean = 0, square = 0;
    for (int i = 0; i < kCount; ++i) {
      const double x = draws.gamma(shape);
      EXPECT_GE(x, 0);
      mean += x / kCount;
      square += std::pow(x - shape, 2) / kCount;
    }
    // Five standard errors: a square's variance is that of a fourth moment, 3·shape² + 6·shape, less shape².
    EXPECT_NEAR(mean, shape, 5 * std::sqrt(shape / kCount));
    EXPECT_NEAR(square, shape, 5 * std::sqrt((2 * shape * shape + 6 * shape) / kCount));
  }
}

TEST(Draws, DependOnTaskEnvironmentAndStepAlone) {
  const auto first = [](std::uint32_t task, std::uint32_t env, std::uint32_t step) {
    return Draws(kDrawsKey, task, env, step).uniform();
  };
  EXPECT_EQ(first(1, 2, 3), first(1, 2, 3));
  EXPECT_NE(first(1, 2, 3), first(2, 2, 3));
  EXPECT_NE(first(1, 2, 3), first(1, 3, 3));
  EXPECT_NE(first(1, 2, 3), first(1, 2, 4));
}

// Gittins 1989, of the Bernoulli reward process.
TEST(GittinsTable, HasThePublishedIndices) {
  const GittinsTable table(0.9, 20);
  EXPECT_NEAR(table.index(1, 1), 0.7029, 1e-4);
  EXPECT_NEAR(table.index(2, 1), 0.8001, 1e-4);
  EXPECT_NEAR(table.index(3, 1), 0.8452, 1e-4);
  EXPECT_NEAR(table.index(1, 2), 0.5001, 1e-4);
  EXPECT_NEAR(table.index(2, 2), 0.6346, 1e-4);
  EXPECT_NEAR(table.index(1, 3), 0.3796, 1e-4);
  EXPECT_NEAR(GittinsTable(0.99, 2).index(1, 1), 0.8699, 1e-4);
}

TEST(GittinsTable, HopesForLessWhereLessIsUnknownOrCounts) {
  const GittinsTable patient(0.9, 60), hasty(0.1, 60);
  for (int a = 1; a <= 30; ++a) {
    EXPECT_GT(patient.index(a, a), 0.5);
    EXPECT_LT(patient.index(a + 1, a + 1), patient.index(a, a));
    EXPECT_LT(hasty.index(a, a), patient.index(a, a));
    EXPECT_NEAR(hasty.index(a, a), 0.5, 0.02);
  }
}

TEST(BanditRules, GreedyPullsTheBestMeanAndOfEqualsTheFirst) {
  EXPECT_EQ(greedy_arm(ArmStatistics(3)), 0);
  EXPECT_EQ(greedy_arm(arms_with({{0}, {}, {}})), 1);
  EXPECT_EQ(greedy_arm(arms_with({{1}, {1, 1}, {1, 1, 0}})), 1);  // 2/3, 3/4, 3/5
}

// Means 7/12 and 1/2 of 12 and 2 pulls, at pull 11: the bounds are equal for c = (1/12) / (√(ln 11) − √(ln 11 / 6)).
TEST(BanditRules, Ucb1AddsItsBound) {
  const ArmStatistics arms = arms_with({{1, 1, 1, 1, 1, 1, 0, 0, 0, 0}, {}});
  const double equal = 1.0 / 12 / (std::sqrt(std::log(11.0)) - std::sqrt(std::log(11.0) / 6));
  EXPECT_EQ(ucb1_arm(arms, 11, equal - 1e-4), 0);
  EXPECT_EQ(ucb1_arm(arms, 11, equal + 1e-4), 1);
  EXPECT_EQ(ucb1_arm(arms, 1, 100), 0);  // log 1 = 0
}

TEST(BanditRules, EpsilonGreedyPullsAnyArmAsOftenAsEpsilonSays) {
  const ArmStatistics arms = arms_with({{0}, {}, {1}, {}});
  Draws draws(kDrawsKey, 0, 0, 0);
  for (const double epsilon : {0.0, 0.5, 1.0}) {
    constexpr int kCount = 10000;
    std::vector<int> pulled(4);
    for (int i = 0; i < kCount; ++i)
      ++pulled[static_cast<std::size_t>(epsilon_greedy_arm(arms, epsilon, draws))];
    for (int arm = 0; arm < 4; ++arm) {
      const double p = epsilon / 4 + (arm == 2 ? 1 - epsilon : 0);
      EXPECT_NEAR(pulled[static_cast<std::size_t>(arm)], kCount * p, 5 * std::sqrt(kCount * p * (1 - p)));
    }
  }
}

// Beta(3, 2) exceeds Beta(2, 2) with probability 12 ∫ x²(1 − x)(3x² − 2x³) dx = 22/35.
TEST(BanditRules, ThompsonPullsAnArmAsOftenAsItMayBeTheBest) {
  const ArmStatistics arms = arms_with({{}, {1}});
  Draws draws(kDrawsKey, 0, 0, 0);
  constexpr int kCount = 20000;
  double pulled = 0;
  for (int i = 0; i < kCount; ++i) pulled += thompson_arm(arms, draws);
  EXPECT_NEAR(pulled / kCount, 22.0 / 35, 5 * std::sqrt(22.0 / 35 * 13 / 35 / kCount));
}

TEST(BanditRules, GittinsPrefersWhatIsNotKnownYet) {
  const GittinsTable table(0.9, 20);
  const ArmStatistics arms = arms_with({{1, 1, 0, 0, 1, 0}, {}, {0}});
  EXPECT_EQ(greedy_arm(arms), 0);
  EXPECT_EQ(gittins_arm(arms, table), 1);
  EXPECT_EQ(gittins_arm(arms_with({{1}, {}}), table), 0);  // 0.8001 against 0.7029
}

}  // namespace
}  // namespace innerloop
