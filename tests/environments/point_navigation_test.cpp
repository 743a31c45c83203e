// Navigation in the plane against plain loops in double precision, written from its definition.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "envs/point_navigation.h"
#include "tests/support/environment_play.h"

namespace innerloop {
namespace {

using Navigation = PointNavigation;
constexpr Navigation::Options kSquare = {};
constexpr Navigation::Options kCornerDense = {Navigation::Layout::corner, Navigation::Reward::dense, 1.0f,
                                              true};
constexpr Navigation::Options kCornerSparse = {Navigation::Layout::corner, Navigation::Reward::sparse, 1.0f,
                                               true};
constexpr Navigation::Options kCornerPotential = {Navigation::Layout::corner,
                                                  Navigation::Reward::sparse_potential, 1.0f, true};
constexpr Navigation::Options kCircleDense = {Navigation::Layout::semicircle, Navigation::Reward::dense, 0.3f,
                                              true};
constexpr Navigation::Options kCircleSparse = {Navigation::Layout::semicircle, Navigation::Reward::sparse,
                                               0.3f, true};
constexpr Navigation::Options kAllNavigation[] = {kSquare,          kCornerDense, kCornerSparse,
                                                  kCornerPotential, kCircleDense, kCircleSparse};

TEST(PointNavigation, BitsDoNotDependOnTheWidth) {
  for (const auto& options : kAllNavigation) expect_the_same_bits<PointNavigation>(options);
}

struct Point {
  double x, y;
};
double distance(Point a, Point b) { return std::hypot(a.x - b.x, a.y - b.y); }

int nearest_corner(Point p) {
  const Point corners[] = {{-2, -2}, {2, -2}, {-2, 2}, {2, 2}};
  int best = 0;
  for (int i = 1; i < 4; ++i)
    if (distance(p, corners[i]) < distance(p, corners[best])) best = i;
  return best;
}

double navigation_reward(const Navigation::Options& o, Point goal, Point before, Point after) {
  using Layout = Navigation::Layout;
  using Reward = Navigation::Reward;
  const double away = distance(after, goal), progress = distance(before, goal) - away;
  if (o.reward == Reward::dense) return -away;
  if (o.layout == Layout::semicircle) return away <= 0.2 ? 1 - away : 0;
  const int corner = nearest_corner(goal);
  if (o.reward == Reward::sparse) {
    if (std::abs(after.x) + std::abs(after.y) < 0.5) return 0;
    return nearest_corner(after) == corner ? progress : 0;
  }
  return nearest_corner(after) == corner || nearest_corner(before) == corner ? progress : 0;
}

template <class R>
void expect_navigation_equals_the_plain_loop(const Navigation::Options& options) {
  const double longest = options.layout == Navigation::Layout::corner ? 0.2 : 0.1;
  int rewarded = 0, steps = 0;
  auto check = [&](int, int, const auto& task, const auto& before, const auto& action, const auto& after,
                   const auto& outcome) {
    for (int lane = 0; lane < R::lanes; ++lane) {
      const Point from = {static_cast<double>(before.x.get(lane)), static_cast<double>(before.y.get(lane))};
      const Point to = {static_cast<double>(after.x.get(lane)), static_cast<double>(after.y.get(lane))};
      const Point goal = {static_cast<double>(task.goal_x.get(lane)),
                          static_cast<double>(task.goal_y.get(lane))};
      auto moved = [&](double a) {
        return std::clamp(static_cast<double>(options.action_scale) * a, -longest, longest);
      };
      expect_close<R>(to.x, from.x + moved(action[0].get(lane)));
      expect_close<R>(to.y, from.y + moved(action[1].get(lane)));
      const double reward = navigation_reward(options, goal, from, to);
      expect_close<R>(outcome.reward.get(lane), reward);
      const bool done = options.layout == Navigation::Layout::square && options.end_at_goal &&
                        std::abs(to.x - goal.x) < 0.01 && std::abs(to.y - goal.y) < 0.01;
      EXPECT_EQ(outcome.terminated.get(lane) != 0, done);
      rewarded += reward != 0;
      ++steps;
    }
  };
  play<Navigation, R>(options, 7, 100, 1.0, check);
  EXPECT_GE(steps, 10000);
  EXPECT_GT(rewarded, 20);
}

TEST(PointNavigation, EqualsThePlainLoop) {
  for (const auto& options : kAllNavigation) {
    SCOPED_TRACE(testing::Message() << "layout " << static_cast<int>(options.layout) << ", reward "
                                    << static_cast<int>(options.reward));
    expect_navigation_equals_the_plain_loop<Floats>(options);
    expect_navigation_equals_the_plain_loop<Doubles>(options);
  }
}

// One step of one environment.
struct Step {
  Point to;
  double reward;
  bool done;
};
Step navigate(const Navigation::Options& options, Point goal, Point from, Point action) {
  using R = Pack<double, 1>;
  Navigation::State<R> state = {R(from.x), R(from.y)};
  auto random = stream<R>(Purpose::environment, 0);
  const auto outcome =
      Navigation::step<R>(options, {R(goal.x), R(goal.y)}, state, {R(action.x), R(action.y)}, random);
  return {{state.x.get(0), state.y.get(0)}, outcome.reward.get(0), outcome.terminated.get(0) != 0};
}

TEST(PointNavigation, RewardIsForThePositionAfterTheStep) {
  EXPECT_NEAR(navigate(kSquare, {0.3, 0.4}, {0, 0}, {1, 0}).reward, -std::hypot(0.2, 0.4), 1e-7);
}

TEST(PointNavigation, SquareEndsNearTheGoalOnBothAxes) {
  EXPECT_TRUE(navigate(kSquare, {0.05, 0.05}, {0.058, 0.042}, {0, 0}).done);
  EXPECT_FALSE(navigate(kSquare, {0.05, 0.05}, {0.061, 0.05}, {0, 0}).done);
  EXPECT_FALSE(navigate(kSquare, {0.05, 0.05}, {0.05, 0.039}, {0, 0}).done);
  Navigation::Options endless = kSquare;
  endless.end_at_goal = false;
  EXPECT_FALSE(navigate(endless, {0.05, 0.05}, {0.05, 0.05}, {0, 0}).done);
  EXPECT_FALSE(navigate(kCornerDense, {2, 2}, {2, 2}, {0, 0}).done);
}

TEST(PointNavigation, NanInAnActionIsNotHidden) {
  EXPECT_TRUE(std::isnan(navigate(kSquare, {0.3, 0.4}, {0, 0}, {std::nan(""), 0}).to.x));
}

// What stepping over the boundary of the goal's quadrant and back brings, 50 times.
double reward_of_crossing(const Navigation::Options& options) {
  double sum = 0;
  Point at = {-0.1, 1};
  for (int i = 0; i < 100; ++i) {
    const Step step = navigate(options, {2, 2}, at, {i % 2 == 0 ? 0.2 : -0.2, 0});
    at = step.to;
    sum += step.reward;
  }
  return sum;
}

TEST(PointNavigation, CrossingTheBoundaryPaysInThePublishedRewardButNotInThePotential) {
  EXPECT_GT(reward_of_crossing(kCornerSparse), 5);
  EXPECT_NEAR(reward_of_crossing(kCornerPotential), 0, 1e-9);
}

TEST(PointNavigation, PublishedSparseRewardIsZeroNearTheCentre) {
  EXPECT_EQ(navigate(kCornerSparse, {2, 2}, {0.1, 0.1}, {0.1, 0.1}).reward, 0);
  EXPECT_GT(navigate(kCornerSparse, {2, 2}, {0.1, 0.1}, {0.2, 0.2}).reward, 0);
  EXPECT_GT(navigate(kCornerPotential, {2, 2}, {0.1, 0.1}, {0.1, 0.1}).reward, 0);
}

TEST(PointNavigation, RewardsOfOtherLayoutsAreRefused) {
  auto complaints = [](Navigation::Layout layout, Navigation::Reward reward) {
    std::vector<std::string> found;
    auto report = [&](const char* option, const char*) { found.emplace_back(option); };
    Navigation::validate({layout, reward, 0.1f, true}, report);
    return found;
  };
  using Layout = Navigation::Layout;
  using Reward = Navigation::Reward;
  EXPECT_THAT(complaints(Layout::square, Reward::sparse), testing::ElementsAre("reward"));
  EXPECT_THAT(complaints(Layout::square, Reward::sparse_potential), testing::ElementsAre("reward"));
  EXPECT_THAT(complaints(Layout::semicircle, Reward::sparse_potential), testing::ElementsAre("reward"));
  for (const auto& options : kAllNavigation)
    EXPECT_THAT(complaints(options.layout, options.reward), testing::IsEmpty());
}

TEST(PointNavigation, GoalsLieWhereTheLayoutSays) {
  expect_uniform(spread([](auto i) { return draw<Navigation, Floats>(kSquare, i).goal_x; }), -0.5, 0.5);
  expect_uniform(spread([](auto i) { return draw<Navigation, Floats>(kSquare, i).goal_y; }), -0.5, 0.5);

  std::array<int, 4> corners = {};
  for (std::uint32_t i = 0; i < 16000; i += Floats::lanes) {
    const auto corner = draw<Navigation, Floats>(kCornerDense, i);
    const auto circle = draw<Navigation, Floats>(kCircleDense, i);
    for (int lane = 0; lane < Floats::lanes; ++lane) {
      const float x = corner.goal_x.get(lane), y = corner.goal_y.get(lane);
      ASSERT_EQ(std::abs(x), 2.0f);
      ASSERT_EQ(std::abs(y), 2.0f);
      ++corners[(x > 0) + 2 * (y > 0)];
      ASSERT_NEAR(std::hypot(circle.goal_x.get(lane), circle.goal_y.get(lane)), 1, 1e-6);
    }
  }
  for (const int count : corners) EXPECT_NEAR(count, 4000, 300);

  expect_uniform(spread([](auto i) {
                   const auto task = draw<Navigation, Floats>(kCircleDense, i);
                   Floats angle(0.0f);
                   for (int l = 0; l < Floats::lanes; ++l)
                     angle.set(l, std::atan2(task.goal_y.get(l), task.goal_x.get(l)));
                   return angle;
                 }),
                 0, 3.14159265);
}

TEST(PointNavigation, StartsWhereTheLayoutSays) {
  auto start = [](const Navigation::Options& options, std::uint32_t i) {
    return reset<Navigation, Floats>(options, draw<Navigation, Floats>(options, i), i);
  };
  expect_uniform(spread([&](auto i) { return start(kCornerDense, i).x; }), -0.2, 0.2);
  expect_uniform(spread([&](auto i) { return start(kCornerDense, i).y; }), -0.2, 0.2);
  for (const auto& options : {kSquare, kCircleDense}) {
    EXPECT_EQ(start(options, 3).x.get(2), 0);
    EXPECT_EQ(start(options, 3).y.get(2), 0);
  }
}

}  // namespace
}  // namespace innerloop
