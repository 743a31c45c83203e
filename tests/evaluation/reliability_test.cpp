// Shares of what is solved, by counting all ways to take episodes.
#include "engine/evaluation/reliability.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>

#include "tests/support/played_trials.h"

namespace innerloop {
namespace {

TEST(Reliability, IsTheMeanOverAllWaysToTakeEpisodes) {
  // [episode][trial]
  const std::vector<std::vector<float>> solved = {
      {1, 0, 1, 0, 1}, {1, 0, 0, 1, 1}, {1, 0, 0, 1, 0}, {1, 0, 1, 1, 1}};
  const std::vector<double> found = pass_k(solved);
  ASSERT_EQ(found.size(), 4u);
  for (int k = 1; k <= 4; ++k) {
    double sum = 0, ways = 0;
    for (std::uint32_t chosen = 0; chosen < 16; ++chosen) {
      if (std::popcount(chosen) != k) continue;
      for (std::size_t trial = 0; trial < 5; ++trial) {
        bool all = true;
        for (std::size_t e = 0; e < 4; ++e) all = all && ((chosen >> e & 1) == 0 || solved[e][trial] > 0);
        sum += all;
        ++ways;
      }
    }
    EXPECT_NEAR(found[static_cast<std::size_t>(k - 1)], sum / ways, 1e-14) << k;
  }
  EXPECT_EQ(solved_shares(solved), (std::vector<double>{0.6, 0.6, 0.4, 0.8}));
}

// An agent's episodes, in the trials it played: solved where the last step pays.
TEST(Reliability, IsOfEpisodesWhoseLastStepPays) {
  const PlayedTrials played(trial_config({R"(environment={"name": "tool_calls", "types": 2, "tools": 3})"}));
  const auto& solved = played.returns.solved;
  ASSERT_EQ(solved.size(), played.returns.of_episode.size());
  int pays = 0, does_not = 0;
  for (int e = 0; e < played.envs; ++e) {
    std::size_t episode = 0;
    for (int t = 0; t < played.steps && episode < solved.size(); ++t) {
      if (!(played.at(played.ends, t, e) > 0)) continue;
      const bool paid = played.at(played.rewards, t, e) > 0;
      EXPECT_EQ(solved[episode++][static_cast<std::size_t>(e)], paid ? 1 : 0) << e << ", step " << t;
      (paid ? pays : does_not) += 1;
    }
    EXPECT_EQ(episode, solved.size());
  }
  EXPECT_GT(pays, 0);
  EXPECT_GT(does_not, 0);
  EXPECT_TRUE(PlayedTrials(trial_config()).returns.solved.empty());
}

TEST(Reliability, CountsStepsOfEpisodesTogether) {
  EXPECT_EQ(shares_of_steps({{1, 2}, {0, 4}}, {{4, 8}, {2, 6}}), (std::vector<double>{0.25, 0.5}));
}

// What is measured of the current, in parts of its limit, is the first number that an agent sees.
TEST(Reliability, CountsStepsThatBeginBeyondALimit) {
  const PlayedTrials played(trial_config({R"(environment={"name": "dc_drive"})"}));
  const auto& beyond = played.returns.beyond_limits;
  ASSERT_EQ(beyond.size(), 4u);
  std::vector<std::vector<float>> expected(4, std::vector<float>(static_cast<std::size_t>(played.envs)));
  float steps = 0;
  for (int t = 0; t < played.steps; ++t)
    for (int e = 0; e < played.envs; ++e)
      if (std::abs(played.at(played.inputs[0], t, e)) > 1) {
        ++expected[static_cast<std::size_t>(t / 5)][static_cast<std::size_t>(e)];
        ++steps;
      }
  EXPECT_EQ(beyond, expected);
  EXPECT_GT(steps, 10);
  EXPECT_LT(steps, static_cast<float>(played.steps * played.envs));
  EXPECT_TRUE(PlayedTrials(trial_config()).returns.beyond_limits.empty());
}

}  // namespace
}  // namespace innerloop
