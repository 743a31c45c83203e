// Asynchronous successive halving, played without training anything.
#include "engine/sweep/halving.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace innerloop {
namespace {

using testing::ElementsAre;

TEST(HalvingTest, StopsGrowByTheFactorAndEndWithTheEnd) {
  EXPECT_THAT(stops_of({25, 3}, 225), ElementsAre(25, 75, 225));
  EXPECT_THAT(stops_of({25, 3}, 200), ElementsAre(25, 75, 200));
  EXPECT_THAT(stops_of({0, 3}, 200), ElementsAre(200));
  EXPECT_THAT(stops_of({300000000, 1000}, 1000000000), ElementsAre(300000000, 1000000000));
}

// Sends points until nobody may go anywhere; point i's score at every stop is scores[i]. [point] stops that it came to.
std::vector<std::size_t> played(const std::vector<double>& scores, std::size_t stops, int factor,
                                std::size_t jobs) {
  std::vector<PointProgress> points(scores.size());
  std::vector<Errand> under_way;
  while (true) {
    while (under_way.size() < jobs) {
      const auto errand = next_errand(points, stops, factor);
      if (!errand) break;
      EXPECT_EQ(points[errand->point].asked, errand->stop) << "a point goes from stop to stop";
      EXPECT_EQ(points[errand->point].scores.size(), errand->stop) << "and only once it has come";
      points[errand->point].asked = errand->stop + 1;
      under_way.push_back(*errand);
    }
    if (under_way.empty()) break;
    points[under_way.front().point].scores.push_back(scores[under_way.front().point]);
    under_way.erase(under_way.begin());
  }
  std::vector<std::size_t> came;
  for (const PointProgress& point : points) came.push_back(point.scores.size());
  return came;
}

TEST(HalvingTest, TheBestThirdGoesOn) {
  for (const std::size_t jobs : {1, 2}) {
    EXPECT_THAT(played({9, 8, 7, 6, 5, 4, 3, 2, 1}, 3, 3, jobs), ElementsAre(3, 2, 2, 1, 1, 1, 1, 1, 1))
        << jobs;
    EXPECT_THAT(played({1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, 3, jobs), ElementsAre(1, 1, 1, 1, 1, 1, 2, 2, 3))
        << jobs;
  }
  // Of two stops, the best one alone.
  EXPECT_THAT(played({1, 3, 2}, 2, 3, 1), ElementsAre(1, 2, 1));
  EXPECT_THAT(played({1, 3, 2}, 1, 3, 1), ElementsAre(1, 1, 1)) << "without halving each to its end";
}

// With nine jobs the first three to come decide for themselves; nobody waits for the others.
TEST(HalvingTest, NobodyWaitsForThoseThatHaveYetToCome) {
  const auto came = played({1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, 3, 9);
  EXPECT_EQ(came[2], 2u);
  EXPECT_EQ(came[8], 3u);
}

TEST(HalvingTest, TheWinnerIsTheSameHoweverManyJobs) {
  const std::vector<double> scores = {3, 1, 4, 1.5, 9, 2, 6, 5, 3.5};
  for (const std::size_t jobs : {1, 2, 3, 9}) {
    const auto came = played(scores, 3, 3, jobs);
    EXPECT_EQ(came[4], 3u) << jobs;
  }
}

TEST(HalvingTest, ADivergedPointIsTheWorst) {
  EXPECT_THAT(played({NAN, -5, -9}, 2, 3, 1), ElementsAre(1, 2, 1));
  EXPECT_THAT(played({NAN, NAN, NAN}, 2, 3, 1), ElementsAre(2, 1, 1)) << "equal ones: the first";
}

TEST(HalvingTest, NewPointsComeFirstAndThenTheHighestStop) {
  std::vector<PointProgress> points(10);
  for (std::size_t i = 0; i < 10; ++i) points[i] = {{double(i)}, 1};
  for (const std::size_t i : {7, 8, 9}) points[i] = {{double(i), double(i)}, 2};
  points[0] = {};
  const auto first = next_errand(points, 3, 3);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->point, 0u);
  points[0] = {{0.0}, 1};
  const auto then = next_errand(points, 3, 3);
  ASSERT_TRUE(then);
  EXPECT_EQ(then->point, 9u);
  EXPECT_EQ(then->stop, 2u);
}

}  // namespace
}  // namespace innerloop
