// Bandits against plain loops in double precision, written from their definition.
#include <gtest/gtest.h>

#include <vector>

#include "envs/bandit.h"
#include "tests/support/environment_play.h"

namespace innerloop {
namespace {

TEST(Bandit, BitsDoNotDependOnTheWidth) {
  expect_the_same_bits<Bandit>({.arms = 7, .reward = Bandit::Reward::bernoulli});
  expect_the_same_bits<Bandit>({.arms = 50, .reward = Bandit::Reward::gaussian});
}

template <class R>
void expect_bandit_equals_the_plain_loop(const Bandit::Options& options) {
  int ones = 0, steps = 0;
  double chances = 0;
  auto check = [&](int first, int t, const auto& task, auto&, const auto& action, auto&,
                   const auto& outcome) {
    for (int lane = 0; lane < R::lanes; ++lane) {
      const double arm = task.arm[action.get(lane)].get(lane);
      auto random =
          stream<Pack<double, 1>>(Purpose::environment, static_cast<std::uint32_t>(first + lane), t);
      const double reward = options.reward == Bandit::Reward::gaussian
                                ? arm + random.normal().get(0)
                                : (random.uniform().get(0) < arm ? 1 : 0);
      expect_close<R>(outcome.reward.get(lane), reward, 3e-6);
      EXPECT_NE(outcome.terminated.get(lane), 0);
      ones += outcome.reward.get(lane) == 1;
      chances += arm;
      ++steps;
    }
  };
  play<Bandit, R>(options, 7, 100, 1.0, check);
  EXPECT_GE(steps, 10000);
  if (options.reward == Bandit::Reward::bernoulli) {
    EXPECT_NEAR(ones, chances, 250);  // standard deviation below 53
  }
}

TEST(Bandit, EqualsThePlainLoop) {
  for (const int arms : {2, 5, 50})
    for (const auto reward : {Bandit::Reward::bernoulli, Bandit::Reward::gaussian}) {
      expect_bandit_equals_the_plain_loop<Floats>({arms, reward});
      expect_bandit_equals_the_plain_loop<Doubles>({arms, reward});
    }
}

TEST(Bandit, ArmsAreUniformAndIndependent) {
  const Bandit::Options options = {50, Bandit::Reward::bernoulli};
  for (const int arm : {0, 4, 49})
    expect_uniform(spread([&](auto i) { return draw<Bandit, Floats>(options, i).arm[arm]; }), 0, 1);
  const Spread product = spread([&](auto i) {
    const auto task = draw<Bandit, Floats>(options, i);
    return task.arm[0] * task.arm[1];
  });
  EXPECT_NEAR(product.mean, 0.25, 0.007);
}

TEST(Bandit, NumberOfArmsDoesNotChangeTheFirstOnes) {
  const auto few = draw<Bandit, Floats>({5, Bandit::Reward::bernoulli}, 0);
  const auto many = draw<Bandit, Floats>({50, Bandit::Reward::bernoulli}, 0);
  for (int arm = 0; arm < 5; ++arm) EXPECT_EQ(few.arm[arm].get(3), many.arm[arm].get(3));
  EXPECT_EQ(few.arm[5].get(3), 0);
  const std::vector<TaskNumber> numbers = Bandit::task_numbers({5, Bandit::Reward::bernoulli});
  ASSERT_EQ(numbers.size(), 5u);
  EXPECT_EQ(numbers[3].name, "arm_3");
}

}  // namespace
}  // namespace innerloop
