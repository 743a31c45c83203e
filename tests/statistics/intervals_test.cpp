// The bootstrap over runs: what it draws, where it says nothing, and that its numbers stay as they are.
#include "engine/statistics/intervals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>

#include "engine/statistics/aggregates.h"

namespace innerloop {
namespace {

using testing::ElementsAre;
using testing::ThrowsMessage;

constexpr double kGone = std::numeric_limits<double>::quiet_NaN();

// Six runs in two tasks, in which run i scores i and 10 + i: a score says whose it is.
Scores numbered() { return scores_of({{0, 10}, {1, 11}, {2, 12}, {3, 13}, {4, 14}, {5, 15}}); }

// What `statistic` is asked about: the scores, each run alone, the resamples.
std::vector<Scores> asked(const Scores& scores, const Bootstrap& bootstrap) {
  std::vector<Scores> all;
  summary_of(
      scores,
      [&](const Scores& each) {
        all.push_back(each);
        return 0.0;
      },
      bootstrap);
  return all;
}

std::vector<Scores> resamples_of(const Scores& scores, const Bootstrap& bootstrap) {
  const std::vector<Scores> all = asked(scores, bootstrap);
  return {all.begin() + 1 + static_cast<std::ptrdiff_t>(scores.runs), all.end()};
}

TEST(Bootstrap, TakesWholeRunsOrRunsOfEachTask) {
  int mixed = 0;
  for (const Scores& resample : resamples_of(numbered(), {Resample::whole_runs}))
    for (std::size_t run = 0; run < 6; ++run) ASSERT_EQ(resample.at(run, 1), 10 + resample.at(run, 0));
  for (const Scores& resample : resamples_of(numbered(), {Resample::runs_of_each_task}))
    for (std::size_t run = 0; run < 6; ++run) {
      ASSERT_TRUE(resample.at(run, 0) < 6 && resample.at(run, 1) >= 10);  // each in its task
      mixed += resample.at(run, 1) != 10 + resample.at(run, 0);
    }
  EXPECT_NEAR(mixed, 2000 * 5, 5 * std::sqrt(12000 * 5 / 36.0));  // five of six are of another run
}

// Each of the 12,000 draws in a task is each run with a probability of one sixth: five standard deviations are allowed.
TEST(Bootstrap, DrawsEveryRunEquallyOftenAndAnewForEveryResample) {
  for (const auto what : {Resample::whole_runs, Resample::runs_of_each_task}) {
    std::map<double, int> times, at_place;
    std::map<std::vector<double>, int> same;
    for (const Scores& resample : resamples_of(numbered(), {what})) {
      for (const double score : resample.values) ++times[score];
      for (std::size_t run = 0; run < 6; ++run)
        at_place[10.0 * static_cast<double>(run) + resample.at(run, 0)]++;
      ++same[resample.values];
    }
    EXPECT_EQ(times.size(), 12u);
    for (const auto& [score, count] : times)
      EXPECT_NEAR(count, 2000, 5 * std::sqrt(12000 * 5 / 36.0)) << score;
    for (const auto& [place, count] : at_place)
      EXPECT_NEAR(count, 2000 / 6.0, 5 * std::sqrt(2000 * 5 / 36.0)) << place;
    EXPECT_GT(same.size(), 1900u);  // of 46,656 whole ones
  }
}

TEST(Bootstrap, DependsOnItsSeedAlone) {
  const Scores scores = numbered();
  const auto interval = [&](std::uint32_t seed) {
    return summary_of(scores, mean_score, {.resamples = 100, .seed = seed}).interval.value();
  };
  const ConfidenceInterval first = interval(3), other = interval(4), again = interval(3);
  EXPECT_EQ(first.low, again.low);
  EXPECT_EQ(first.high, again.high);
  EXPECT_TRUE(first.low != other.low || first.high != other.high);
  const auto few = resamples_of(scores, {.resamples = 3}), many = resamples_of(scores, {.resamples = 8});
  for (std::size_t i = 0; i < few.size(); ++i) EXPECT_EQ(few[i].values, many[i].values) << i;
}

// Of 41 resamples the ends are the second and the last but one; of 11 they lie a quarter of the way between two.
TEST(Bootstrap, EndsArePercentilesAsNumpyHasThem) {
  const auto sorted = [](int resamples) {
    std::vector<double> numbers;
    for (const Scores& each : resamples_of(numbered(), {.resamples = resamples}))
      numbers.push_back(mean_score(each));
    std::ranges::sort(numbers);
    return numbers;
  };
  const auto many = sorted(41), few = sorted(11), one = sorted(1);
  const auto of_many = summary_of(numbered(), mean_score, {.resamples = 41}).interval.value();
  EXPECT_DOUBLE_EQ(of_many.low, many[1]);
  EXPECT_DOUBLE_EQ(of_many.high, many[39]);
  const auto of_few = summary_of(numbered(), mean_score, {.resamples = 11}).interval.value();
  EXPECT_DOUBLE_EQ(of_few.low, 0.75 * few[0] + 0.25 * few[1]);
  EXPECT_DOUBLE_EQ(of_few.high, 0.25 * few[9] + 0.75 * few[10]);
  const auto of_one = summary_of(numbered(), mean_score, {.resamples = 1}).interval.value();
  EXPECT_EQ(of_one.low, one[0]);
  EXPECT_EQ(of_one.high, one[0]);
}

TEST(Summary, OfFewRunsIsThePointsThemselves) {
  const Summary four = summary_of(scores_of({{1, 2}, {3, 4}, {5, 6}, {7, 8}}), mean_score);
  EXPECT_EQ(four.value, 4.5);
  EXPECT_FALSE(four.interval);
  EXPECT_THAT(four.points, ElementsAre(1.5, 3.5, 5.5, 7.5));
  EXPECT_TRUE(summary_of(scores_of({{1}, {2}, {3}, {4}, {5}}), mean_score).interval);
}

TEST(Summary, OfScoresWithAGapHasNoInterval) {
  const Scores scores = scores_of({{1}, {2}, {kGone}, {4}, {5}, {6}});
  for (const ScoreStatistic& statistic : {ScoreStatistic(mean_score), ScoreStatistic(interquartile_mean)}) {
    const Summary found = summary_of(scores, statistic);
    EXPECT_TRUE(std::isnan(found.value));
    EXPECT_FALSE(found.interval);
    EXPECT_EQ(found.points[1], 2);
  }
  // Nor where by chance no resample has the gap (NumbersStayAsTheyAre: the first of seed 5 takes neither run 0 nor 2).
  const Bootstrap one = {.resamples = 1, .seed = 5};
  ASSERT_FALSE(std::isnan(mean_score(resamples_of(scores, one)[0])));
  EXPECT_FALSE(summary_of(scores, mean_score, one).interval);
  EXPECT_TRUE(std::isnan(optimality_gap(scores)));
  EXPECT_FALSE(profile_of(scores, std::vector<double>{0}).intervals);
  EXPECT_FALSE(improvement_of(scores, scores_of({{1}, {2}, {3}, {4}, {5}})).interval);
  EXPECT_FALSE(paired_difference(scores, scores).interval);
  EXPECT_FALSE(paired_difference(scores, scores).t_interval);
}

TEST(Profile, OfFewRunsHasNoIntervals) {
  const double thresholds[] = {2, 5};
  const Profile few = profile_of(scores_of({{1, 2}, {3, 4}, {5, 6}}), thresholds);
  EXPECT_THAT(few.above, ElementsAre(4 / 6.0, 1 / 6.0));  // above, not at
  EXPECT_FALSE(few.intervals);
  EXPECT_EQ(profile_of(numbered(), thresholds).intervals.value().size(), 2u);
}

TEST(Improvement, CountsTiesHalfAndWantsFiveRunsOfBoth) {
  const Scores two = scores_of({{1, 5}, {2, 5}}), five = scores_of({{1, 5}, {1, 5}, {0, 5}, {2, 5}, {3, 5}});
  const Summary found = improvement_of(two, five);
  EXPECT_DOUBLE_EQ(found.value, ((1 + 0.5 * 2 + 3 + 0.5) / 10 + 0.5) / 2);
  EXPECT_FALSE(found.interval);
  EXPECT_TRUE(improvement_of(five, five).interval);
  EXPECT_THAT([&] { probability_of_improvement(two, scores_of({{1}})); },
              ThrowsMessage<std::invalid_argument>("scores: wanted the 2 tasks of the other, found 1"));
}

// Were the same runs drawn of both, the probability would be one half in every resample.
TEST(Improvement, DrawsTheTwoMethodsIndependently) {
  const Scores same = numbered();
  const auto interval = improvement_of(same, same).interval.value();
  EXPECT_LT(interval.low, 0.3);
  EXPECT_GT(interval.high, 0.7);
}

// What is hard for both cancels: the runs differ by 100, the methods by 1 within them.
TEST(PairedDifference, LeavesOutWhatBothHaveInCommon) {
  const Scores b = scores_of({{100, 0}, {200, 0}, {300, 0}, {400, 0}, {500, 0}});
  Scores a = b;
  const double differences[] = {1.5, 1, 0.5, 1, 1};
  for (std::size_t run = 0; run < 5; ++run) a.at(run, 0) += 2 * differences[run];
  const PairedDifference found = paired_difference(a, b);
  EXPECT_DOUBLE_EQ(found.mean, 1);
  EXPECT_THAT(found.points, ElementsAre(1.5, 1, 0.5, 1, 1));
  EXPECT_NEAR(found.t_interval.value().low, 1 - 2.776445105198 * std::sqrt(0.5 / 4 / 5), 1e-6);
  EXPECT_NEAR(found.t_interval.value().high, 1 + 2.776445105198 * std::sqrt(0.5 / 4 / 5), 1e-6);
  EXPECT_GT(found.interval.value().low, 0.5);
  EXPECT_LT(found.interval.value().high, 1.5);
  EXPECT_DOUBLE_EQ(paired_difference(b, a).mean, -1);
  EXPECT_FALSE(paired_difference(scores_of({{1}, {2}}), scores_of({{0}, {0}})).interval);
  EXPECT_FALSE(paired_difference(scores_of({{1}, {2}}), scores_of({{0}, {0}})).t_interval);
  EXPECT_THAT(
      [&] { paired_difference(a, numbered()); },
      ThrowsMessage<std::invalid_argument>("scores: wanted the 5 runs × 2 tasks of the other, found 6 × 2"));
}

// The draws were found by hand, with Philox in Python; the ends are those of the day they were written: a change of them
// is one of results that people have published.
TEST(Bootstrap, NumbersStayAsTheyAre) {
  const auto whole = resamples_of(numbered(), {Resample::whole_runs, 2, 5});
  EXPECT_THAT(whole[0].values, ElementsAre(1, 11, 3, 13, 5, 15, 5, 15, 4, 14, 1, 11));
  EXPECT_THAT(whole[1].values, ElementsAre(1, 11, 0, 10, 0, 10, 1, 11, 4, 14, 3, 13));
  const auto apart = resamples_of(numbered(), {Resample::runs_of_each_task, 2, 5});
  EXPECT_THAT(apart[1].values, ElementsAre(1, 13, 0, 14, 0, 10, 1, 13, 4, 14, 3, 10));
  const Scores scores = scores_of(
      {{0.5, 1.25, -3}, {1, 0.75, 2}, {0.25, 4, 1}, {-1, 0.5, 0}, {2, 1.5, 0.125}, {3, 0, 1}, {0, 1, 7}});
  const Scores other = scores_of({{0, 1, 2}, {1, 1, 0}, {0, 2, 1}, {2, 0, 0}, {1, 3, 0.5}, {0.5, 0, 1}});
  const auto expect = [](const std::optional<ConfidenceInterval>& found, double low, double high) {
    EXPECT_EQ(found.value().low, low);
    EXPECT_EQ(found.value().high, high);
  };
  expect(summary_of(scores, interquartile_mean).interval, 0.39744318181818183, 1.1818181818181819);
  expect(summary_of(scores, mean_score, {.seed = 7}).interval, 0.36904761904761907, 1.8095238095238095);
  expect(summary_of(scores, interquartile_mean, {Resample::runs_of_each_task}).interval, 0.38636363636363635,
         1.4318181818181819);
  expect(improvement_of(scores, other).interval, 0.34126984126984122, 0.66269841269841268);
}

}  // namespace
}  // namespace innerloop
