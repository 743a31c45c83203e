// Means and how far from the truth they may be.
#include "engine/statistics/estimates.h"

#include <gtest/gtest.h>

#include <cmath>

namespace innerloop {
namespace {

// Exact values, made by mpmath: the root of I(n / (n + t²); n / 2, 1 / 2) = 0.05, with 30 digits.
TEST(Estimates, StudentsQuantileIsExactForEveryDegreeOfFreedom) {
  const struct Case {
    int degrees;
    double t;
  } cases[] = {{1, 12.70620473617},   {2, 4.302652729749},    {3, 3.182446305284},      {4, 2.776445105198},
               {5, 2.570581835636},   {6, 2.446911851145},    {7, 2.364624251593},      {8, 2.306004135204},
               {9, 2.262157162798},   {10, 2.228138851986},   {20, 2.085963447266},     {30, 2.042272456301},
               {60, 2.000297822014},  {99, 1.984216951586},   {100, 1.983971518524},    {101, 1.983731002956},
               {120, 1.979930405082}, {1000, 1.962339080826}, {1000000, 1.959966356814}};
  for (const Case& each : cases) EXPECT_NEAR(t_quantile(each.degrees), each.t, 1e-7) << each.degrees;
}

TEST(Estimates, StudentsQuantileFallsWithTheDegreesOfFreedom) {
  for (int degrees = 1; degrees < 500; ++degrees)
    EXPECT_GT(t_quantile(degrees), t_quantile(degrees + 1)) << degrees;
}

TEST(Estimates, TheMeanHasAConfidenceIntervalUnlessItIsOfOneNumber) {
  const Estimate three = mean_of(std::vector<double>{1, 2, 6});
  EXPECT_DOUBLE_EQ(three.mean, 3);
  EXPECT_NEAR(three.ci95, 4.302652729749 * std::sqrt(14.0 / 2 / 3), 1e-7);
  const Estimate one = mean_of(std::vector<float>{2.5f});
  EXPECT_EQ(one.mean, 2.5);
  EXPECT_EQ(one.ci95, 0);
}

// Two tasks with three numbers each: the interval is that of two numbers, however much lies between those of a task.
TEST(Estimates, OfTasksCountTasks) {
  const std::vector<float> sample = {0, 1, 2, 1, 6, 2};
  EXPECT_EQ(task_means(sample, 3), (std::vector<double>{1, 3}));
  const Estimate found = mean_over_tasks(sample, 3);
  EXPECT_DOUBLE_EQ(found.mean, 2);
  EXPECT_NEAR(found.ci95, 12.70620473617, 1e-6);
}

}  // namespace
}  // namespace innerloop
