// Hand-written learners of tabular decision processes: planning in a known one, and what is known of an unknown one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "engine/rivals/mdp_rules.h"

namespace innerloop {
namespace {

// Two states; action 0 stays, action 1 goes to the other but for every fourth time. Staying pays 1 in state 0 and 3 in
// state 1, going nothing.
const FiniteMdp kTwoStates = {2, 2, {1, 0, 0.25, 0.75, 0, 1, 0.75, 0.25}, {1, 0, 3, 0}};

TEST(FiniteMdp, IsSolvedBackwards) {
  const ActionValues values = action_values(kTwoStates, 3);
  const std::vector<double> last = {1, 0, 3, 0};
  const std::vector<double> second = {1 + 1, 0.25 * 1 + 0.75 * 3, 3 + 3, 0.75 * 1 + 0.25 * 3};
  const std::vector<double> first = {1 + 2.5, 0.25 * 2.5 + 0.75 * 6, 3 + 6, 0.75 * 2.5 + 0.25 * 6};
  std::vector<double> all = first;
  all.insert(all.end(), second.begin(), second.end());
  all.insert(all.end(), last.begin(), last.end());
  EXPECT_THAT(values.value, testing::Pointwise(testing::DoubleNear(1e-12), all));
  EXPECT_EQ(values.best(0, 0), 1);
  EXPECT_EQ(values.best(1, 0), 1);
  EXPECT_EQ(values.best(2, 0), 0);  // too late to go
  EXPECT_EQ(values.best(0, 1), 0);
}

TEST(FiniteMdp, ValuesAreRaisedToThoseOfAnother) {
  ActionValues values = {1, 2, {1, 4, 3, 3}};
  values.raise_to({1, 2, {2, 3, 0, 5}});
  EXPECT_THAT(values.value, testing::ElementsAre(2, 4, 3, 5));
  EXPECT_EQ(values.best(0, 0), 1);
}

TEST(MdpPosterior, CountsWhatItIsTold) {
  MdpPosterior posterior(3, 2);
  EXPECT_EQ(posterior.reward_mean(1, 1), 0);
  EXPECT_EQ(posterior.reward_variance(1, 1), 1);
  posterior.add({1, 1, 2.0, 2});
  posterior.add({1, 1, 4.0, 2});
  EXPECT_EQ(posterior.concentration(1, 1, 2), 3);
  EXPECT_EQ(posterior.concentration(1, 1, 0), 1);
  EXPECT_EQ(posterior.concentration(1, 0, 2), 1);
  EXPECT_DOUBLE_EQ(posterior.reward_mean(1, 1), 2);  // (0 + 2 + 4) / 3
  EXPECT_DOUBLE_EQ(posterior.reward_variance(1, 1), 1.0 / 3);
  EXPECT_EQ(posterior.reward_mean(0, 0), 0);
}

TEST(MdpPosterior, IsSampledWithItsMeansAndVariances) {
  MdpPosterior posterior(3, 2);
  for (int i = 0; i < 3; ++i) posterior.add({1, 1, 2.0, 2});
  Draws draws({3, 4}, 0, 0, 0);
  constexpr int kCount = 4000;
  std::vector<double> row(3);
  double reward = 0, square = 0;
  for (int i = 0; i < kCount; ++i) {
    const FiniteMdp mdp = posterior.sample(draws);
    constexpr std::size_t kPair = 3;  // state 1, action 1
    EXPECT_NEAR(mdp.p[3 * kPair] + mdp.p[3 * kPair + 1] + mdp.p[3 * kPair + 2], 1, 1e-12);
    for (std::size_t next = 0; next < 3; ++next) row[next] += mdp.p[3 * kPair + next] / kCount;
    reward += mdp.reward[kPair] / kCount;
    square += std::pow(mdp.reward[kPair] - 1.5, 2) / kCount;
  }
  // Dirichlet(1, 1, 4): means 1/6, 1/6, 2/3, variances 5/252 and 2/63; N(6/4, 1/4). Five standard errors.
  EXPECT_NEAR(row[0], 1.0 / 6, 5 * std::sqrt(5.0 / 252 / kCount));
  EXPECT_NEAR(row[1], 1.0 / 6, 5 * std::sqrt(5.0 / 252 / kCount));
  EXPECT_NEAR(row[2], 2.0 / 3, 5 * std::sqrt(2.0 / 63 / kCount));
  EXPECT_NEAR(reward, 1.5, 5 * std::sqrt(0.25 / kCount));
  EXPECT_NEAR(square, 0.25, 5 * 0.25 * std::sqrt(2.0 / kCount));
}

}  // namespace
}  // namespace innerloop
