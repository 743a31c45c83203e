// Classic control beside what gymnasium_vectors_test.cpp compares: tasks, starts, and what Gymnasium has not.
#include <gtest/gtest.h>

#include <string_view>

#include "envs/registry.h"
#include "tests/support/environment_play.h"

namespace innerloop {
namespace {

// Finds the option of a name, if it is an Interval.
struct FindInterval {
  std::string_view name;
  Interval* found = nullptr;
  void operator()(const char* option, Interval& value, const auto&, const char*) {
    if (name == option) found = &value;
  }
};

template <class Env>
class ClassicControlTest : public testing::Test {};
struct NameOf {
  template <class Env>
  static std::string GetName(int) {
    return Env::name;
  }
};
using ClassicControl = testing::Types<CartPole, Pendulum, MountainCar, Acrobot>;
TYPED_TEST_SUITE(ClassicControlTest, ClassicControl, NameOf);

template <class Env>
Floats number(const typename Env::template Task<Floats>& task, int wanted) {
  Floats number(0);
  scatter_fields<Floats>(task, [&](int i, Floats x) {
    if (i == wanted) number = x;
  });
  return number;
}

TYPED_TEST(ClassicControlTest, EveryNumberOfATaskIsUniformInTheRangeOfItsName) {
  using Env = TypeParam;
  typename Env::Options options;
  std::vector<Interval> ranges;
  const std::vector<TaskNumber> numbers = Env::task_numbers(options);
  const int count = static_cast<int>(numbers.size());
  ASSERT_EQ(count, kTaskSize<Env>);
  for (int i = 0; i < count; ++i) {
    const std::string& name = numbers[static_cast<std::size_t>(i)].name;
    FindInterval find{name};
    Env::describe(find, options);
    ASSERT_NE(find.found, nullptr) << name;
    const float low = 1 + static_cast<float>(i);
    *find.found = {low, low + 0.5f};
    ranges.push_back(*find.found);
  }
  for (int i = 0; i < count; ++i) {
    expect_uniform(spread([&](auto t) { return number<Env>(draw<Env, Floats>(options, t), i); }),
                   ranges[static_cast<std::size_t>(i)].low, ranges[static_cast<std::size_t>(i)].high);
    // Independent of the next one.
    const int next = (i + 1) % count;
    const auto centred = [&](const auto& task, int n) {
      return number<Env>(task, n) - Floats(ranges[static_cast<std::size_t>(n)].low + 0.25f);
    };
    const Spread product = spread([&](auto t) {
      const auto task = draw<Env, Floats>(options, t);
      return centred(task, i) * centred(task, next);
    });
    EXPECT_NEAR(product.mean, 0, 0.0005);  // standard error 0.0001
  }
}

TYPED_TEST(ClassicControlTest, BitsDoNotDependOnTheWidth) { expect_the_same_bits<TypeParam>({}); }

template <class Env>
Spread start(auto member) {
  return spread([&](auto i) { return reset<Env, Floats>({}, draw<Env, Floats>({}, i), i).*member; });
}

TEST(Pendulum, EpisodesStartAnywhere) {
  using State = Pendulum::State<Floats>;
  expect_uniform(start<Pendulum>(&State::angle), -3.14159265, 3.14159265);
  expect_uniform(start<Pendulum>(&State::velocity), -1, 1);
}

TEST(Acrobot, EpisodesStartNearHanging) {
  using State = Acrobot::State<Floats>;
  for (const auto member : {&State::angle_1, &State::angle_2, &State::velocity_1, &State::velocity_2})
    expect_uniform(start<Acrobot>(member), -0.1, 0.1);
}

TEST(MountainCar, EpisodesStartAtRestInTheValley) {
  using State = MountainCar::State<Floats>;
  expect_uniform(start<MountainCar>(&State::position), -0.6, -0.4);
  const Spread velocity = start<MountainCar>(&State::velocity);
  EXPECT_EQ(velocity.low, 0);
  EXPECT_EQ(velocity.high, 0);
}

using R = Pack<double, 1>;
template <class Env>
Outcome<R> step(const typename Env::template Task<R>& task, typename Env::template State<R>& state,
                const typename Env::Action::template Value<R>& action) {
  auto random = stream<R>(Purpose::environment, 0);
  return Env::template step<R>({}, task, state, action, random);
}

constexpr double kPi = 3.14159265358979323846;

// The cost of an angle is its distance from the target, the shorter way round.
TEST(Pendulum, TargetAnglesAreWhatCostsNothing) {
  struct Case {
    double angle, target, away;
  };
  for (const Case c : {Case{0.5, 0.5, 0}, Case{0.5, -1, 1.5}, Case{3, -3, 2 * kPi - 6},
                       Case{-3, 3, 2 * kPi - 6}, Case{0.25, 0.25 + 2 * kPi, 0}}) {
    Pendulum::State<R> state = {R(c.angle), R(0)};
    const auto outcome = step<Pendulum>({R(1), R(1), R(10), R(2), R(c.target)}, state, {R(0)});
    EXPECT_NEAR(outcome.reward.get(0), -c.away * c.away, 1e-12) << c.angle << ' ' << c.target;
  }
}

TEST(Pendulum, AnglesStayWithinATurn) {
  Pendulum::State<R> state = {R(3.1), R(7)};
  step<Pendulum>({R(1), R(1), R(10), R(2), R(0)}, state, {R(2)});
  EXPECT_LT(state.angle.get(0), -2);
  EXPECT_GT(state.angle.get(0), -kPi);
}

TEST(Acrobot, AnglesStayWithinATurn) {
  Acrobot::State<R> state = {R(3.1), R(-3.1), R(6), R(-9)};
  step<Acrobot>({R(1), R(1), R(1), R(0.5), R(0.5), R(1), R(9.8), R(1)}, state, IntPack<R>(1));
  EXPECT_LT(state.angle_1.get(0), 0);
  EXPECT_GT(state.angle_1.get(0), -kPi);
  EXPECT_GT(state.angle_2.get(0), 0);
  EXPECT_LT(state.angle_2.get(0), kPi);
}

TEST(Pendulum, NanInAnActionIsNotHidden) {
  Pendulum::State<R> state = {R(1), R(0)};
  const auto outcome = step<Pendulum>({R(1), R(1), R(10), R(2), R(0)}, state, {R(std::nan(""))});
  EXPECT_TRUE(std::isnan(outcome.reward.get(0)));
  EXPECT_TRUE(std::isnan(state.angle.get(0)));
}

// What the option's text says of holding the pendulum: at ½·m·g·l·sin θ the torque balances gravity.
TEST(Pendulum, TheTorqueThatHoldsIsAsDocumented) {
  const double mass = 1.3, length = 0.7, gravity = 9, angle = 0.4;
  Pendulum::State<R> state = {R(angle), R(0)};
  step<Pendulum>({R(mass), R(length), R(gravity), R(10), R(0)}, state,
                 {R(-0.5 * mass * gravity * length * std::sin(angle))});
  EXPECT_NEAR(state.velocity.get(0), 0, 1e-12);
}

TEST(MountainCar, TheWallStopsTheCar) {
  MountainCar::State<R> state = {R(-1.19), R(-0.05)};
  const auto outcome = step<MountainCar>({R(0.001), R(0.0025), R(0.5)}, state, IntPack<R>(0));
  EXPECT_EQ(state.position.get(0), -1.2);
  EXPECT_EQ(state.velocity.get(0), 0);
  EXPECT_EQ(outcome.terminated.get(0), 0);
}

}  // namespace
}  // namespace innerloop
