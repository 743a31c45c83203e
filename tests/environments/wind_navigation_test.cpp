// The wind's plane against a plain loop in double precision, written from its definition.
#include <gtest/gtest.h>

#include "envs/wind_navigation.h"
#include "tests/support/environment_play.h"

namespace innerloop {
namespace {

using Options = WindNavigation::Options;
using Reward = WindNavigation::Reward;

template <class R>
void expect_the_plain_loop(const Options& options) {
  int rewarded = 0, steps = 0;
  auto check = [&](int, int, const auto& task, const auto& before, const auto& action, const auto& after,
                   const auto& outcome) {
    for (int lane = 0; lane < R::lanes; ++lane) {
      auto moved = [&](double from, double push, double wind) {
        return from + std::clamp(static_cast<double>(options.action_scale) * push, -0.1, 0.1) + wind;
      };
      const double x = after.x.get(lane), y = after.y.get(lane);
      expect_close<R>(x, moved(before.x.get(lane), action[0].get(lane), task.wind_x.get(lane)));
      expect_close<R>(y, moved(before.y.get(lane), action[1].get(lane), task.wind_y.get(lane)));
      const double away = std::hypot(x, y - 1);
      const bool there = away <= static_cast<double>(options.goal_radius);
      expect_close<R>(outcome.reward.get(lane),
                      options.reward == Reward::dense ? -away : static_cast<double>(there));
      EXPECT_EQ(outcome.terminated.get(lane), 0);
      rewarded += there;
      ++steps;
    }
  };
  play<WindNavigation, R>(options, 9, 75, 1.0, check);
  EXPECT_GE(steps, 10000);
  EXPECT_GT(rewarded, 100);
}

TEST(WindNavigation, EqualsThePlainLoop) {
  for (const Reward reward : {Reward::sparse, Reward::dense}) {
    expect_the_plain_loop<Floats>({.reward = reward, .goal_radius = 0.5f});
    expect_the_plain_loop<Doubles>({.reward = reward, .goal_radius = 0.4f, .action_scale = 1.5f});
  }
}

TEST(WindNavigation, BitsDoNotDependOnTheWidth) {
  expect_the_same_bits<WindNavigation>({.reward = Reward::dense});
}

TEST(WindNavigation, WindsAreUniformInTheirRange) {
  for (const Interval range : {Interval{-0.08f, 0.08f}, Interval{0.1f, 0.3f}}) {
    const Options options = {.wind = range};
    expect_uniform(spread([&](auto i) { return draw<WindNavigation, Floats>(options, i).wind_x; }), range.low,
                   range.high);
    expect_uniform(spread([&](auto i) { return draw<WindNavigation, Floats>(options, i).wind_y; }), range.low,
                   range.high);
  }
  const Spread product = spread([](auto i) {
    const auto task = draw<WindNavigation, Floats>({}, i);
    return task.wind_x * task.wind_y;
  });
  EXPECT_NEAR(product.mean, 0, 1e-4);  // independent: four standard errors
}

using R = Pack<double, 1>;
struct Walk {
  WindNavigation::State<R> state;
  double reward;
};
Walk walk(WindNavigation::State<R> from, double push_x, double push_y, double wind) {
  auto random = stream<R>(Purpose::environment, 0);
  const auto outcome = WindNavigation::step<R>({}, {R(wind), R(-wind)}, from, {R(push_x), R(push_y)}, random);
  return {from, outcome.reward.get(0)};
}

TEST(WindNavigation, EpisodesStartInTheCentreAndAreSeenAsPositions) {
  const auto state = reset<WindNavigation, Floats>({}, draw<WindNavigation, Floats>({}, 3), 3);
  EXPECT_EQ(state.x.get(1), 0);
  EXPECT_EQ(state.y.get(1), 0);
  const auto its = seen<WindNavigation, R>({}, {R(0.25), R(-2)});
  EXPECT_EQ(its[0].get(0), 0.25);
  EXPECT_EQ(its[1].get(0), -2);
}

// Arriving pays, staying pays again, and where the step began does not matter.
TEST(WindNavigation, RewardIsForThePositionAfterTheStep) {
  const Walk arriving = walk({R(0.05), R(0.95)}, -0.75, 0.75, 0.02);
  EXPECT_EQ(arriving.reward, 1);
  EXPECT_EQ(walk(arriving.state, -0.2, 0.2, 0.02).reward, 1);
  EXPECT_EQ(walk(arriving.state, -1, 0, 0.02).reward, 0);
}

TEST(WindNavigation, TheWindIsNotClipped) {
  EXPECT_NEAR(walk({R(0), R(0)}, 5, -5, 0.3).state.x.get(0), 0.4, 1e-12);
  EXPECT_NEAR(walk({R(0), R(0)}, 5, -5, 0.3).state.y.get(0), -0.4, 1e-12);
}

TEST(WindNavigation, NanInAnActionIsNotHidden) {
  EXPECT_TRUE(std::isnan(walk({R(0), R(0)}, std::nan(""), 0, 0).state.x.get(0)));
}

}  // namespace
}  // namespace innerloop
