// What is done to scores before they are compared.
#include "engine/statistics/scores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "engine/error.h"

namespace innerloop {
namespace {

using testing::ElementsAre;
using testing::IsNan;
using testing::ThrowsMessage;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinite = std::numeric_limits<double>::infinity();

TEST(Scores, AreRowsOfRuns) {
  const Scores scores = scores_of({{1, 2, 3}, {4, 5, 6}});
  EXPECT_EQ(scores.runs, 2u);
  EXPECT_EQ(scores.tasks, 3u);
  EXPECT_EQ(scores.at(0, 2), 3);
  EXPECT_EQ(scores.at(1, 0), 4);
  EXPECT_THAT(
      [] {
        scores_of({{1, 2}, {3}});
      },
      ThrowsMessage<std::invalid_argument>("scores: wanted 2 tasks in every run, found 1"));
  EXPECT_THROW(scores_of({}), std::invalid_argument);
  EXPECT_THROW(scores_of({{}}), std::invalid_argument);
}

TEST(Scores, MissingOnesBecomeTheWorstThatAnyMethodHasInTheTask) {
  const FilledScores filled =
      with_worst_for_missing({scores_of({{1, -20}, {kMissing, kMissing}, {3, 40}}),
                              scores_of({{0.5, 10}, {kInfinite, 30}, {9, -kInfinite}})});
  EXPECT_THAT(filled.methods[0].values, ElementsAre(1, -20, 0.5, -20, 3, 40));
  EXPECT_THAT(filled.methods[1].values, ElementsAre(0.5, 10, 0.5, 30, 9, -20));
  EXPECT_THAT(filled.missing, ElementsAre(1, 2));
}

TEST(Scores, OfATaskInWhichNobodyHasOneStayMissing) {
  const FilledScores filled =
      with_worst_for_missing({scores_of({{kMissing, 1}}), scores_of({{kInfinite, kMissing}})});
  EXPECT_THAT(filled.methods[0].values, ElementsAre(IsNan(), 1));
  EXPECT_THAT(filled.methods[1].values, ElementsAre(IsNan(), 1));
  EXPECT_THAT(filled.missing, ElementsAre(1, 1));
  EXPECT_TRUE(with_worst_for_missing({}).methods.empty());
}

TEST(Scores, OfMethodsWithOtherTasksAreNotCompared) {
  EXPECT_THAT(
      [] {
        with_worst_for_missing({scores_of({{1, 2}}), scores_of({{1}})});
      },
      ThrowsMessage<std::invalid_argument>("scores: wanted 2 tasks for every method, found 1"));
}

TEST(Scores, NormalisedAreSharesOfWhatThereIsToGain) {
  const Scores scores = scores_of({{2, -10}, {4, 0}, {3, 10}});
  const double random[] = {2, -10}, oracle[] = {4, 30};
  EXPECT_THAT(normalised(scores, random, oracle).values, ElementsAre(0, 0, 1, 0.25, 0.5, 0.5));
  const double one_random[] = {0}, one_oracle[] = {10};
  EXPECT_THAT(normalised(scores, one_random, one_oracle).values, ElementsAre(0.2, -1, 0.4, 0, 0.3, 1));
}

TEST(Scores, WithoutAnythingToGainAreNotNormalised) {
  const double random[] = {0, 2}, oracle[] = {1, 1.5}, equal[] = {1, 2}, unknown[] = {1, kMissing};
  const Scores scores = scores_of({{1, 1}});
  EXPECT_THAT([&] { normalised(scores, random, oracle); },
              ThrowsMessage<InputError>("task 1: wanted an oracle above random, 2, found 1.5"));
  EXPECT_THROW(normalised(scores, random, equal), InputError);
  EXPECT_THROW(normalised(scores, random, unknown), InputError);
}

TEST(AreaUnderCurve, IsAMeanOfItsValues) {
  const double steps[] = {10, 20, 60}, values[] = {0, 4, 2};
  EXPECT_DOUBLE_EQ(area_under_curve(steps, values), (10 * 2 + 40 * 3) / 50.0);
  const double alone[] = {7.5};
  EXPECT_EQ(area_under_curve(alone, alone), 7.5);
  const double diverged[] = {0, kMissing, 2};
  EXPECT_THAT(area_under_curve(steps, diverged), IsNan());
}

TEST(AreaUnderCurve, WantsStepsThatRise) {
  const double values[] = {1, 2, 3}, steps[] = {0, 2, 2};
  EXPECT_THAT([&] { area_under_curve(steps, values); },
              ThrowsMessage<std::invalid_argument>("curve: wanted a step above 2, found 2"));
  EXPECT_THROW(area_under_curve({}, {}), std::invalid_argument);
  EXPECT_THROW(area_under_curve(std::span(steps).first(2), values), std::invalid_argument);
}

}  // namespace
}  // namespace innerloop
