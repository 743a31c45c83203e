// The environments against plain loops in double precision, written from their definitions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "envs/registry.h"
#include "tests/examples/line_walk.h"
#include "tests/support/environment_play.h"
#include "tests/support/paths.h"

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

TEST(Environments, BitsDoNotDependOnTheWidth) {
  for (const auto& options : kAllNavigation) expect_the_same_bits<PointNavigation>(options);
  expect_the_same_bits<Bandit>({.arms = 7, .reward = Bandit::Reward::bernoulli});
  expect_the_same_bits<Bandit>({.arms = 50, .reward = Bandit::Reward::gaussian});
  expect_the_same_bits<CartPole>({});
  expect_the_same_bits<LineWalk>({});
}

TEST(Environments, TasksAndStatesAreMadeOfRealsOnly) {
  for_each_type(Environments{}, []<class E>() {
    constexpr int kTask = sizeof(typename E::template Task<Pack<float, 1>>) / sizeof(float);
    constexpr int kState = sizeof(typename E::template State<Pack<float, 1>>) / sizeof(float);
    EXPECT_EQ(sizeof(typename E::template Task<Floats>) / sizeof(Floats), kTask) << E::name;
    EXPECT_EQ(sizeof(typename E::template State<Floats>) / sizeof(Floats), kState) << E::name;
    EXPECT_LE(static_cast<int>(E::task_numbers({}).size()), kTask) << E::name;
  });
}

// ---- point navigation

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

// ---- bandit

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

// ---- cart and pole

struct Cart {
  double x, x_dot, theta, theta_dot;
};
// Gym's step, for any physics.
Cart gym_step(const Cart& s, int action, double cart_mass, double pole_mass, double length, double force_size,
              double gravity) {
  const double force = action == 1 ? force_size : -force_size;
  const double total_mass = cart_mass + pole_mass, mass_length = pole_mass * length;
  const double sine = std::sin(s.theta), cosine = std::cos(s.theta);
  const double temp = (force + mass_length * s.theta_dot * s.theta_dot * sine) / total_mass;
  const double theta_acc =
      (gravity * sine - cosine * temp) / (length * (4.0 / 3.0 - pole_mass * cosine * cosine / total_mass));
  const double x_acc = temp - mass_length * theta_acc * cosine / total_mass;
  const double tau = 0.02;
  return {s.x + tau * s.x_dot, s.x_dot + tau * x_acc, s.theta + tau * s.theta_dot,
          s.theta_dot + tau * theta_acc};
}

template <class State>
Cart cart_of(const State& state, int lane) {
  return {static_cast<double>(state.position.get(lane)), static_cast<double>(state.velocity.get(lane)),
          static_cast<double>(state.angle.get(lane)), static_cast<double>(state.angular_velocity.get(lane))};
}

template <class R>
void expect_cartpole_equals_the_plain_loop() {
  int done = 0, steps = 0;
  auto check = [&](int, int, const auto& task, const auto& before, const auto& action, const auto& after,
                   const auto& outcome) {
    for (int lane = 0; lane < R::lanes; ++lane) {
      const Cart wanted = gym_step(cart_of(before, lane), action.get(lane), task.cart_mass.get(lane),
                                   task.pole_mass.get(lane), task.pole_half_length.get(lane),
                                   task.force.get(lane), task.gravity.get(lane));
      const Cart found = cart_of(after, lane);
      expect_close<R>(found.x, wanted.x);
      expect_close<R>(found.x_dot, wanted.x_dot);
      expect_close<R>(found.theta, wanted.theta);
      expect_close<R>(found.theta_dot, wanted.theta_dot, 2e-6);
      EXPECT_EQ(outcome.reward.get(lane), 1);
      const bool fell = std::abs(found.x) > 2.4 || std::abs(found.theta) > 12 * std::acos(-1.0) / 180;
      EXPECT_EQ(outcome.terminated.get(lane) != 0, fell);
      done += fell;
      ++steps;
    }
  };
  play<CartPole, R>({}, 14, 50, 1.0, check);
  EXPECT_GE(steps, 10000);
  EXPECT_GT(done, 1000);
  EXPECT_LT(done, steps - 1000);
}

TEST(CartPole, EqualsThePlainLoop) {
  expect_cartpole_equals_the_plain_loop<Floats>();
  expect_cartpole_equals_the_plain_loop<Doubles>();
}

TEST(CartPole, TasksAreUniformInTheirRanges) {
  CartPole::Options options;
  options.gravity = {1.5f, 25.0f};
  auto expect = [&](Interval range, auto member) {
    expect_uniform(spread([&](auto i) { return draw<CartPole, Floats>(options, i).*member; }), range.low,
                   range.high);
  };
  using Task = CartPole::Task<Floats>;
  expect({0.5f, 2}, &Task::cart_mass);
  expect({0.05f, 0.2f}, &Task::pole_mass);
  expect({0.25f, 1}, &Task::pole_half_length);
  expect({5, 15}, &Task::force);
  expect(options.gravity, &Task::gravity);
}

TEST(CartPole, EpisodesStartNearUpright) {
  auto expect = [](auto member) {
    expect_uniform(
        spread([&](auto i) { return reset<CartPole, Floats>({}, draw<CartPole, Floats>({}, i), i).*member; }),
        -0.05, 0.05);
  };
  using State = CartPole::State<Floats>;
  expect(&State::position);
  expect(&State::velocity);
  expect(&State::angle);
  expect(&State::angular_velocity);
}

TEST(CartPole, ObservationIsTheStateInGymsOrder) {
  using R = Pack<float, 1>;
  const auto its = seen<CartPole, R>({}, {R(1), R(2), R(3), R(4)});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(its[static_cast<std::size_t>(i)].get(0), static_cast<float>(i + 1));
}

// ---- the walked-through example

TEST(AddingAnEnvironment, DocumentHoldsTheExampleAsItIsTested) {
  auto text_of = [](const std::string& path) {
    std::ifstream file(source_folder() / path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string example = text_of("tests/examples/line_walk.h");
  ASSERT_FALSE(example.empty());
  EXPECT_NE(text_of("docs/adding-an-environment.md").find("```cpp\n" + example + "```\n"), std::string::npos);
}

TEST(AddingAnEnvironment, ExampleEqualsThePlainLoop) {
  const LineWalk::Options options = {0.3f, 0.01f};
  int ends = 0;
  auto check = [&](int first, int t, const auto& task, const auto& before, const auto& action,
                   const auto& after, const auto& outcome) {
    for (int lane = 0; lane < Floats::lanes; ++lane) {
      auto random =
          stream<Pack<double, 1>>(Purpose::environment, static_cast<std::uint32_t>(first + lane), t);
      const double at = before.at.get(lane) +
                        std::clamp(static_cast<double>(action[0].get(lane)), -0.1, 0.1) +
                        static_cast<double>(options.gust) * random.normal().get(0);
      expect_close<Floats>(after.at.get(lane), at);
      const double goal = task.goal.get(lane),
                   away = std::abs(static_cast<double>(after.at.get(lane)) - goal);
      EXPECT_EQ(std::abs(task.goal.get(lane)), options.length);
      expect_close<Floats>(outcome.reward.get(lane), -away);
      EXPECT_EQ(outcome.terminated.get(lane) != 0, away < 0.05);
      ends += away < 0.05;
    }
  };
  play<LineWalk, Floats>(options, 7, 100, 0.1, check);
  EXPECT_GT(ends, 20);
}

}  // namespace
}  // namespace innerloop
