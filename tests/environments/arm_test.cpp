// The arm's tasks against plain loops in double precision, written from their definitions.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "envs/arm_push.h"
#include "envs/arm_reach.h"
#include "tests/support/environment_play.h"

namespace innerloop {
namespace {

using R = Pack<double, 1>;

// Meta-World's tolerance with a long tail: 10 within 0.05, 1 at `margin` beyond it.
double pay(double distance, double margin) {
  if (distance <= 0.05) return 10;
  const double scaled = (distance - 0.05) / std::max(margin, 0.05) * std::sqrt(1 / 0.1 - 1);
  return 10 / (scaled * scaled + 1);
}

template <class Real>
void expect_the_plain_reach() {
  int near = 0;
  const auto check = [&](int, int, const auto& task, const auto& before, const auto& action,
                         const auto& after, const auto& outcome) {
    for (int lane = 0; lane < Real::lanes; ++lane) {
      const double gain = task.gain.get(lane);
      const std::array goal = {task.goal_x.get(lane), task.goal_y.get(lane), task.goal_z.get(lane)};
      const std::array from = {before.x.get(lane), before.y.get(lane), before.z.get(lane)};
      const std::array to = {after.x.get(lane), after.y.get(lane), after.z.get(lane)};
      const double low[] = {-0.5, 0.4, 0.05}, high[] = {0.5, 1, 0.5}, start[] = {0, 0.6, 0.2};
      double distance = 0, first = 0;
      for (std::size_t i = 0; i < 3; ++i) {
        const double by = std::clamp(static_cast<double>(action[static_cast<int>(i)].get(lane)), -1.0, 1.0);
        expect_close<Real>(to[i], std::clamp(from[i] + 0.01 * gain * by, low[i], high[i]));
        distance += std::pow(double{to[i]} - double{goal[i]}, 2);
        first += std::pow(start[i] - double{goal[i]}, 2);
      }
      const double wanted = pay(std::sqrt(distance), std::sqrt(first));
      near += wanted == 10;
      expect_close<Real>(outcome.reward.get(lane), wanted, 3e-6);
      EXPECT_EQ(outcome.terminated.get(lane), 0);
    }
  };
  // Goals about the start, for some to be found by chance.
  play<ArmReach, Real>({.goal_y = {0.55f, 0.7f}, .gain = {-2, 2}}, 6, 100, 2.0, check);
  EXPECT_GT(near, 100);
}

TEST(ArmReach, EqualsThePlainLoop) {
  expect_the_plain_reach<Floats>();
  expect_the_plain_reach<Doubles>();
}

// Straight to the goal, 0.01 m an axis and step, and 10 a step from then on.
TEST(ArmReach, AHandThatKnowsTheGoalIsThereInTime) {
  const ArmReach::Task<R> task = {R(0.1), R(0.9), R(0.1), R(1)};
  ArmReach::State<R> hand = {R(0), R(0.6), R(0.2)};
  double last = 0;
  for (int step = 1; step <= 40; ++step) {
    const auto towards = [&](R goal, R at) { return clamp((goal - at) * R(100), R(-1), R(1)); };
    last = step_once<ArmReach>(
               {}, task, hand,
               {towards(task.goal_x, hand.x), towards(task.goal_y, hand.y), towards(task.goal_z, hand.z)})
               .reward.get(0);
    EXPECT_EQ(last == 10, step >= 25) << step;  // 0.3 m away on the longest axis, less 0.05
  }
}

struct Puck {
  double hand_x, hand_y, x, y, speed_x, speed_y;
};
void push(Puck& p, double friction, double drag, double ax, double ay) {
  const double h = 0.01, vx = 0.2 * std::clamp(ax, -1.0, 1.0), vy = 0.2 * std::clamp(ay, -1.0, 1.0);
  for (int i = 0; i < 5; ++i) {
    p.hand_x = std::clamp(p.hand_x + h * vx, -0.5, 0.5);
    p.hand_y = std::clamp(p.hand_y + h * vy, 0.4, 1.0);
    const double dx = p.x - p.hand_x, dy = p.y - p.hand_y, apart = std::hypot(dx, dy);
    if (apart < 0.06) {
      const double nx = dx / apart, ny = dy / apart, along = nx * p.speed_x + ny * p.speed_y,
                   hands = nx * vx + ny * vy;
      if (hands > along) {
        p.speed_x += (hands - along) * nx;
        p.speed_y += (hands - along) * ny;
      }
      p.x += (0.06 - apart) * nx;
      p.y += (0.06 - apart) * ny;
    }
    p.speed_x /= 1 + drag * h;
    p.speed_y /= 1 + drag * h;
    const double speed = std::hypot(p.speed_x, p.speed_y), loss = friction * 9.81 * h;
    const double kept = speed <= loss ? 0 : 1 - loss / speed;
    p.speed_x *= kept;
    p.speed_y *= kept;
    p.x = std::clamp(p.x + h * p.speed_x, -0.5, 0.5);
    p.y = std::clamp(p.y + h * p.speed_y, 0.4, 1.0);
  }
}

template <class Real>
void expect_the_plain_push() {
  int moved = 0, there = 0;
  const auto check = [&](int, int, const auto& task, const auto& before, const auto& action,
                         const auto& after, const auto& outcome) {
    for (int lane = 0; lane < Real::lanes; ++lane) {
      Puck p = {before.hand_x.get(lane), before.hand_y.get(lane),  before.x.get(lane),
                before.y.get(lane),      before.speed_x.get(lane), before.speed_y.get(lane)};
      const double x = p.x;
      push(p, task.friction.get(lane), task.drag.get(lane), action[0].get(lane), action[1].get(lane));
      expect_close<Real>(after.hand_x.get(lane), p.hand_x);
      expect_close<Real>(after.hand_y.get(lane), p.hand_y);
      expect_close<Real>(after.x.get(lane), p.x, 3e-6);
      expect_close<Real>(after.y.get(lane), p.y, 3e-6);
      // A puck about to stop is slowed by a difference of two small numbers.
      expect_close<Real>(after.speed_x.get(lane), p.speed_x, 2e-5);
      expect_close<Real>(after.speed_y.get(lane), p.speed_y, 2e-5);
      const double gx = task.goal_x.get(lane), gy = task.goal_y.get(lane), px = task.puck_x.get(lane),
                   py = task.puck_y.get(lane);
      const double paid = pay(std::hypot(p.x - gx, p.y - gy), std::hypot(px - gx, py - gy));
      expect_close<Real>(outcome.reward.get(lane), paid - 0.1 * std::hypot(p.x - p.hand_x, p.y - p.hand_y),
                         2e-5);
      EXPECT_EQ(outcome.terminated.get(lane), 0);
      moved += p.x != x;
      there += paid == 10;
    }
  };
  // Pucks before the hand, and goals beside them.
  play<ArmPush, Real>(
      {.puck_y = {0.55f, 0.6f}, .goal_y = {0.55f, 0.65f}, .friction = {0, 0.1f}, .drag = {0, 3}}, 6, 150, 3.0,
      check);
  EXPECT_GT(moved, 300);
  EXPECT_GT(there, 50);
}

TEST(ArmPush, EqualsThePlainLoop) {
  expect_the_plain_push<Floats>();
  expect_the_plain_push<Doubles>();
}

TEST(ArmPush, APuckIsPushedAndStopsByItself) {
  const ArmPush::Task<R> task = {R(0), R(0.6), R(0), R(0.85), R(0.1), R(1.25)};
  auto random = stream<R>(Purpose::reset, 0);
  ArmPush::State<R> state = ArmPush::reset<R>({}, task, random);
  for (int step = 0; step < 20; ++step) step_once<ArmPush>({}, task, state, {R(0), R(1)});
  EXPECT_GT(state.y.get(0), 0.65);
  EXPECT_NEAR(state.x.get(0), 0, 1e-12);
  for (int step = 0; step < 20; ++step) step_once<ArmPush>({}, task, state, {R(0), R(-1)});
  EXPECT_EQ(state.speed_y.get(0), 0);
}

}  // namespace
}  // namespace innerloop
