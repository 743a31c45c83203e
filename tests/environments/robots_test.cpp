// Robots as environments: against Gymnasium's own (data/make_robot_vectors.py), and what tasks and options do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "envs/half_cheetah.h"
#include "envs/hopper.h"
#include "envs/walker.h"
#include "tests/support/environment_play.h"
#include "tests/support/paths.h"

namespace innerloop {
namespace {

using nlohmann::json;
using R = Pack<double, 1>;

// A task whose robot is the model's.
template <class Env, class Real>
typename Env::template Task<Real> plain_task(double goal = 1) {
  typename Env::template Task<Real> task{};
  task.goal = constant<Real>(goal);
  for (int b = 0; b < Env::kLinks; ++b) task.mass[b] = task.inertia[b] = task.friction[b] = Real(1);
  for (int h = 0; h < Env::kHinges; ++h) task.damping[h] = task.strength[h] = Real(1);
  return task;
}

template <class Model>
PlanarCoordinates<Model, R> read(const json& numbers, double height) {
  const auto number = [&](int i) { return numbers[static_cast<std::size_t>(i)].get<double>(); };
  PlanarCoordinates<Model, R> c{R(number(0)), R(number(1) + height), R(number(2)), {}};
  for (int h = 0; h < kHinges<Model>; ++h) c.hinge[h] = R(Model::links[h + 1].turn * number(3 + h));
  return c;
}

template <class Env, class Model>
void expect_gymnasium(double control_cost) {
  std::ifstream vectors(source_folder() / "tests/data/robot_vectors.json");
  const json file = json::parse(vectors);
  const typename Env::Options options = {.goal = PlanarGoal::forward,
                                         .control_cost = static_cast<float>(control_cost)};
  const auto task = plain_task<Env, R>();
  for (const json& episode : file["episodes"]) {
    if (episode["environment"] != Env::name) continue;
    typename Env::template State<R> state{};
    state.at = read<Model>(episode["start"]["position"], Model::height_seen_from);
    state.velocity = read<Model>(episode["start"]["speed"], 0);
    for (const json& step : episode["steps"]) {
      typename Env::Action::template Value<R> action;
      for (int h = 0; h < Env::kHinges; ++h)
        action[h] = R(step["action"][static_cast<std::size_t>(h)].get<double>());
      const Outcome<R> outcome = step_once<Env, R>(options, task, state, action);
      // The cost of control is a float.
      EXPECT_NEAR(outcome.reward.get(0), step["reward"].get<double>(), 1e-7);
      EXPECT_EQ(outcome.terminated.get(0) != 0, step["terminated"].get<bool>());
      const auto found = seen<Env, R>(options, task, state, stream<R>(Purpose::observation, 0));
      ASSERT_EQ(found.size(), step["seen"].size());
      for (std::size_t i = 0; i < found.size(); ++i)
        EXPECT_NEAR(found[i].get(0), step["seen"][i].get<double>(), 1e-8) << i;
    }
    return;
  }
  FAIL() << "no episode";
}

TEST(Robots, HalfCheetahIsGymnasiums) { expect_gymnasium<HalfCheetah, HalfCheetahModel>(0.1); }
TEST(Robots, HopperIsGymnasiums) { expect_gymnasium<Hopper, HopperModel>(0.001); }
TEST(Robots, WalkerIsGymnasiums) { expect_gymnasium<Walker, WalkerModel>(0.001); }

using Cheetah = HalfCheetah;
using Options = Cheetah::Options;

TEST(Robots, GoalsAreDrawnAndRewarded) {
  std::set<double> directions;
  for (std::uint32_t i = 0; i < 40; ++i) {
    directions.insert(draw<Cheetah, R>({.goal = PlanarGoal::direction}, i).goal.get(0));
    EXPECT_EQ((draw<Cheetah, R>({.goal = PlanarGoal::forward}, i).goal.get(0)), 1);
  }
  EXPECT_EQ(directions, (std::set<double>{-1, 1}));
  expect_uniform(spread([](auto i) {
                   return draw<Cheetah, Floats>({.speed = {0.5f, 2.0f}}, i).goal;
                 }),
                 0.5, 2);

  // From one state the three rewards differ as their formulas do.
  const auto reward = [&](PlanarGoal goal, double its) {
    const auto task = plain_task<Cheetah, R>(its);
    auto random = stream<R>(Purpose::reset, 1);
    auto state = Cheetah::reset<R>({}, task, random);
    const double x = state.at.x.get(0);
    const double got = step_once<Cheetah, R>({.goal = goal, .control_cost = 0.5f}, task, state,
                                             {R(0.5), R(-1), R(0), R(0), R(0), R(2)})
                           .reward.get(0);
    return std::pair{got + 0.5 * 5.25, (state.at.x.get(0) - x) / 0.05};
  };
  const auto [forward, speed] = reward(PlanarGoal::forward, 1);
  EXPECT_NEAR(forward, speed, 1e-12);
  EXPECT_NE(speed, 0);
  EXPECT_NEAR(reward(PlanarGoal::direction, -1).first, -speed, 1e-12);
  EXPECT_NEAR(reward(PlanarGoal::velocity, 1.5).first, -std::abs(speed - 1.5), 1e-12);
}

TEST(Robots, OneJointIsDisabled) {
  std::vector<int> disabled(6);
  for (std::uint32_t i = 0; i < 600; ++i) {
    const auto task = draw<Cheetah, R>({.disabled_joint = true, .motor_strength = {0.5f, 0.9f}}, i);
    int out = 0;
    for (int h = 0; h < 6; ++h)
      if (task.strength[h].get(0) == 0) {
        ++out;
        ++disabled[static_cast<std::size_t>(h)];
      } else {
        EXPECT_GE(task.strength[h].get(0), 0.5);
      }
    EXPECT_EQ(out, 1);
  }
  for (const int count : disabled) EXPECT_NEAR(count, 100, 45);  // five standard deviations
}

// Each factor by itself: 1.5^U(-L, L) of masses, inertias and friction, 1.3^U(-L, L) of damping.
TEST(Robots, ParametersAreSpreadAsInRandParamEnvs) {
  const Options options = {.parameter_spread = 3};
  const auto exponent = [&](double base, auto number) {
    return spread([&](auto i) {
      const auto task = draw<Cheetah, Floats>(options, i);
      return log(number(task)) * Floats(static_cast<float>(1 / std::log(base)));
    });
  };
  expect_uniform(exponent(1.5, [](const auto& t) { return t.mass[0]; }), -3, 3);
  expect_uniform(exponent(1.5, [](const auto& t) { return t.inertia[6]; }), -3, 3);
  expect_uniform(exponent(1.5, [](const auto& t) { return t.friction[3]; }), -3, 3);
  expect_uniform(exponent(1.3, [](const auto& t) { return t.damping[5]; }), -3, 3);
  const Spread both = spread([&](auto i) {
    const auto task = draw<Cheetah, Floats>(options, i);
    return log(task.mass[1]) * log(task.inertia[1]);
  });
  EXPECT_NEAR(both.mean, 0, 0.02);
  // A density is of a link's mass and inertia alike.
  const auto dense = draw<Cheetah, R>({.density = {0.5f, 2.0f}}, 4);
  EXPECT_EQ(dense.mass[2].get(0), dense.inertia[2].get(0));
  EXPECT_NE(dense.mass[2].get(0), dense.mass[3].get(0));
}

TEST(Robots, ActionsArriveLate) {
  for (int latency = 0; latency <= 2; ++latency) {
    auto task = plain_task<Cheetah, R>();
    task.latency = R(latency);
    Cheetah::State<R> state{};
    state.at.z = R(3);
    for (int step = 0; step < 5; ++step) {
      step_once<Cheetah, R>({}, task, state, {R(0.1 * (step + 1)), R(7), R(0), R(0), R(0), R(0)});
      EXPECT_NEAR(state.motor[0].get(0), step < latency ? 0 : 0.1 * (step + 1 - latency), 1e-12);
      EXPECT_EQ(state.motor[1].get(0), step < latency ? 0 : 1);  // -1 to 1 arrive
    }
  }
  std::set<double> drawn;
  for (std::uint32_t i = 0; i < 60; ++i) drawn.insert(draw<Cheetah, R>({.latency = 1}, i).latency.get(0));
  EXPECT_EQ(drawn, (std::set<double>{0, 1}));
}

TEST(Robots, MotorsLag) {
  auto task = plain_task<Cheetah, R>();
  task.motor_lag = R(0.03);
  Cheetah::State<R> state{};
  state.at.z = R(3);
  step_once<Cheetah, R>({}, task, state, {R(1), R(-0.5), R(0), R(0), R(0), R(0)});
  EXPECT_NEAR(state.motor[0].get(0), 1 - std::exp(-0.05 / 0.03), 1e-12);
  EXPECT_NEAR(state.motor[1].get(0), -0.5 * (1 - std::exp(-0.05 / 0.03)), 1e-12);
}

TEST(Robots, SensorsAreOffAndNoisy) {
  auto task = plain_task<Cheetah, Floats>();
  const Cheetah::State<Floats> state{};
  for (int b = 0; b < 7; ++b) task.offset[b] = Floats(0.01f * static_cast<float>(b + 1));
  const auto quiet = seen<Cheetah, Floats>({}, task, state, stream<Floats>(Purpose::observation, 0));
  for (int i = 1; i <= 7; ++i)
    EXPECT_FLOAT_EQ(quiet[static_cast<std::size_t>(i)].get(2), 0.01f * static_cast<float>(i));
  for (std::size_t i = 8; i < 17; ++i) EXPECT_EQ(quiet[i].get(2), 0);
  double angles = 0, speeds = 0;
  constexpr int kCount = 2000;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    const auto noisy = seen<Cheetah, Floats>({.angle_noise = 0.01f, .speed_noise = 0.1f}, task, state,
                                             stream<Floats>(Purpose::observation, i));
    for (std::size_t d = 0; d < 17; ++d)
      (d < 8 ? angles : speeds) += std::pow(noisy[d].get(0) - quiet[d].get(0), 2) / kCount;
  }
  EXPECT_NEAR(std::sqrt(angles / 8), 0.01, 0.0004);
  EXPECT_NEAR(std::sqrt(speeds / 9), 0.1, 0.004);
}

// Each number at an end of what tasks may have, any of them at either, and wild actions.
TEST(Robots, StayStableAtTheBounds) {
  using One = Pack<float, 1>;
  const std::vector<TaskNumber> numbers = Cheetah::task_numbers({});
  for (std::uint32_t trial = 0; trial < 40; ++trial) {
    auto random = stream<One>(Purpose::task, trial);
    std::vector<float> ends;
    for (const TaskNumber& number : numbers)
      ends.push_back(
          static_cast<float>(random.uniform().get(0) < 0.5f ? number.range.low : number.range.high));
    const auto task = load_task<Cheetah, One>(ends.data());
    auto state = Cheetah::reset<One>({}, task, random);
    for (std::uint32_t t = 0; t < 150; ++t) {
      step_once<Cheetah, One>({}, task, state, act<Cheetah, One>({}, trial, t, 1.0));
      float fastest = 0;
      scatter_fields<One>(state.velocity,
                          [&](int, One x) { fastest = std::max(fastest, std::abs(x.get(0))); });
      ASSERT_LT(fastest, 200) << trial << ", step " << t;
      ASSERT_TRUE(std::isfinite(state.velocity.x.get(0)));
    }
  }
}

TEST(Robots, ProductsOfRangesBeyondTheBoundsAreRefused) {
  std::vector<std::string> reports;
  auto report = [&](const char* option, const char* why) {
    reports.push_back(std::string(option) + ": " + why);
  };
  Cheetah::validate({.parameter_spread = 3}, report);
  EXPECT_TRUE(reports.empty());
  Cheetah::validate({.parameter_spread = 3, .density = {0.5f, 1.0f}, .friction = {1.0f, 2.0f}}, report);
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_THAT(reports[0], testing::StartsWith("density: by 1.5 to the power of parameter_spread "));
  EXPECT_THAT(reports[1], testing::HasSubstr("friction: "));
}

}  // namespace
}  // namespace innerloop
