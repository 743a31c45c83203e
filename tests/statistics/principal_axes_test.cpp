// Principal axes against what they are by definition, and against numbers known in closed form.
#include "engine/statistics/principal_axes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace innerloop {
namespace {

using Points = std::vector<std::vector<double>>;

Points random_points(int count, int size, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  Points points;
  for (int i = 0; i < count; ++i) {
    std::vector<double>& point = points.emplace_back();
    for (int j = 0; j < size; ++j)
      point.push_back((j + 1) * normal(random) + (j > 0 ? 0.7 * point.back() : 3));
  }
  return points;
}

TEST(PrincipalAxes, OfALineItIsTheLine) {
  const PrincipalAxes found = principal_axes({{1, 2}, {4, 6}, {-2, -2}}, 2);
  EXPECT_NEAR(found.axes[0][0], 0.6, 1e-15);
  EXPECT_NEAR(found.axes[0][1], 0.8, 1e-15);
  EXPECT_NEAR(found.place(0, {4, 6}), 5, 1e-14);
  EXPECT_NEAR(found.place(1, {4, 6}), 0, 1e-14);
  EXPECT_NEAR(found.share(0), 1, 1e-15);
  EXPECT_NEAR(found.variances[0], 50.0 / 3, 1e-13);
}

// They stand at right angles, places along them do not covary, and all of them have all of the variance.
TEST(PrincipalAxes, PlacesDoNotCovary) {
  for (const int size : {1, 2, 5, 9}) {
    const Points points = random_points(40, size, 7);
    const PrincipalAxes found = principal_axes(points, size);
    ASSERT_EQ(found.axes.size(), static_cast<std::size_t>(size));
    double all = 0;
    for (int a = 0; a < size; ++a) {
      const auto at = static_cast<std::size_t>(a);
      all += found.variances[at];
      if (a > 0) {
        EXPECT_LE(found.variances[at], found.variances[at - 1]);
      }
      double largest = 0;
      for (const double x : found.axes[at])
        if (std::abs(x) > std::abs(largest)) largest = x;
      EXPECT_GT(largest, 0);
      for (int b = 0; b <= a; ++b) {
        double angle = 0, covariance = 0;
        for (std::size_t i = 0; i < found.mean.size(); ++i)
          angle += found.axes[at][i] * found.axes[static_cast<std::size_t>(b)][i];
        for (const auto& point : points) covariance += found.place(a, point) * found.place(b, point) / 40;
        EXPECT_NEAR(angle, a == b ? 1 : 0, 1e-13);
        EXPECT_NEAR(covariance, a == b ? found.variances[at] : 0, 1e-12 * found.variance);
      }
    }
    EXPECT_NEAR(all, found.variance, 1e-12 * found.variance);
  }
}

TEST(PrincipalAxes, PointsThatDoNotDifferHaveNoVariance) {
  const PrincipalAxes found = principal_axes({{1, 2, 3}, {1, 2, 3}}, 2);
  EXPECT_EQ(found.variance, 0);
  EXPECT_EQ(found.share(0), 0);
  EXPECT_EQ(found.place(1, {1, 2, 3}), 0);
  EXPECT_EQ(principal_axes({{1}, {2}}, 2).axes.size(), 1u);
}

}  // namespace
}  // namespace innerloop
