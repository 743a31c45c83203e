// The pendulum beside what gymnasium_vectors_test.cpp compares: starts, and what Gymnasium has not.
#include <gtest/gtest.h>

#include <cmath>

#include "envs/pendulum.h"
#include "tests/support/environment_play.h"

namespace innerloop {
namespace {

using R = Pack<double, 1>;

constexpr double kPi = 3.14159265358979323846;

TEST(Pendulum, EpisodesStartAnywhere) {
  using State = Pendulum::State<Floats>;
  expect_uniform(start_of<Pendulum>(&State::angle), -3.14159265, 3.14159265);
  expect_uniform(start_of<Pendulum>(&State::velocity), -1, 1);
}

// The cost of an angle is its distance from the target, the shorter way round.
TEST(Pendulum, TargetAnglesAreWhatCostsNothing) {
  struct Case {
    double angle, target, away;
  };
  for (const Case c : {Case{0.5, 0.5, 0}, Case{0.5, -1, 1.5}, Case{3, -3, 2 * kPi - 6},
                       Case{-3, 3, 2 * kPi - 6}, Case{0.25, 0.25 + 2 * kPi, 0}}) {
    Pendulum::State<R> state = {R(c.angle), R(0)};
    const auto outcome = step_once<Pendulum>({}, {R(1), R(1), R(10), R(2), R(c.target)}, state, {R(0)});
    EXPECT_NEAR(outcome.reward.get(0), -c.away * c.away, 1e-12) << c.angle << ' ' << c.target;
  }
}

TEST(Pendulum, AnglesStayWithinATurn) {
  Pendulum::State<R> state = {R(3.1), R(7)};
  step_once<Pendulum>({}, {R(1), R(1), R(10), R(2), R(0)}, state, {R(2)});
  EXPECT_LT(state.angle.get(0), -2);
  EXPECT_GT(state.angle.get(0), -kPi);
}

TEST(Pendulum, NanInAnActionIsNotHidden) {
  Pendulum::State<R> state = {R(1), R(0)};
  const auto outcome = step_once<Pendulum>({}, {R(1), R(1), R(10), R(2), R(0)}, state, {R(std::nan(""))});
  EXPECT_TRUE(std::isnan(outcome.reward.get(0)));
  EXPECT_TRUE(std::isnan(state.angle.get(0)));
}

// What the option's text says of holding the pendulum: at ½·m·g·l·sin θ the torque balances gravity.
TEST(Pendulum, TheTorqueThatHoldsIsAsDocumented) {
  const double mass = 1.3, length = 0.7, gravity = 9, angle = 0.4;
  Pendulum::State<R> state = {R(angle), R(0)};
  step_once<Pendulum>({}, {R(mass), R(length), R(gravity), R(10), R(0)}, state,
                      {R(-0.5 * mass * gravity * length * std::sin(angle))});
  EXPECT_NEAR(state.velocity.get(0), 0, 1e-12);
}

}  // namespace
}  // namespace innerloop
