// The tank reactor: what is seen of it, what it pays, and how its equipment ages and fails. Its equations are compared with
// SciPy in plant_vectors_test.cpp.
#include "envs/cstr.h"

#include <gtest/gtest.h>

#include "tests/support/environment_play.h"

namespace innerloop {
namespace {

using Options = Cstr::Options;
using R = Pack<double, 1>;

const Cstr::Task<R> kNominal = {R(1), R(1), R(1), R(1), R(350), R(1), R(0), R(0), R(0), R(400), R(0)};

struct Tank {
  Options options;
  Cstr::Task<R> task = kNominal;
  Cstr::Trial<R> trial = {R(0)};
  Cstr::State<R> state = {};
  explicit Tank(Options its = {.noise = 0}) : options(its) { reset(0); }
  void reset(std::uint32_t number) {
    auto random = stream<R>(Purpose::reset, number);
    state = Cstr::reset<R>(options, task, trial, random);
  }
  double step(double action) {
    auto random = stream<R>(Purpose::environment, 0);
    return Cstr::step<R>(options, task, trial, state, {R(action)}, random).reward.get(0);
  }
  std::vector<double> seen(std::uint32_t number = 0) const {
    std::vector<double> numbers(5);
    const auto see = [&](int d, R x) { numbers[static_cast<std::size_t>(d)] = x.get(0); };
    auto random = stream<R>(Purpose::observation, number);
    Cstr::observe<R>(options, task, trial, state, random, Sink(see, [](int, auto) {}));
    return numbers;
  }
};

TEST(Cstr, PaysForTheTrueConcentrationAfterTheStep) {
  Tank tank;
  double error_sum = 0;
  int cheap = 0;
  for (int t = 0; t < 120; ++t) {
    const double target = t < 40 ? 0.85 : t < 80 ? 0.9 : 0.87, action = 1.4 * std::sin(0.3 * t);
    EXPECT_NEAR(tank.seen()[2], 10 * (target - 0.8), 1e-12) << t;
    const double reward = tank.step(action);
    const double input = std::clamp(action, -1.0, 1.0), share = (input + 1) / 2,
                 error = target - tank.state.concentration.get(0);
    EXPECT_NEAR(reward, -std::min(1000 * error / 0.3 * error / 0.3 + 0.1 * share * share, 100.0), 1e-9) << t;
    cheap += reward > -100;
    error_sum = std::clamp(error_sum + error * 26 / 120, -0.2, 0.2);
    const std::vector<double> seen = tank.seen();
    EXPECT_NEAR(seen[0], 10 * (tank.state.concentration.get(0) - 0.8), 1e-12);
    EXPECT_NEAR(seen[1], (tank.state.temperature.get(0) - 330) / 20, 1e-12);
    EXPECT_NEAR(seen[3], input, 1e-12);
    EXPECT_NEAR(seen[4], 5 * error_sum, 1e-9);
  }
  EXPECT_GT(cheap, 40);
}

// Figures of another program, to their last digit: proportional and integral control that does not integrate while the coolant
// is at a bound, gains K·L/mol and minutes.
TEST(Cstr, UnderControlReturnsAreKnown) {
  struct Case {
    float low, high;
    double gain, time, bias, known;
  };
  for (const Case& of : {Case{295, 302, -1300, 0.5, 298.5, -149.9}, Case{280, 315, -240, 3, 300, -124.5},
                         Case{295, 302, 0, 1, 298.5, -1077.0}}) {
    Tank tank({.coolant_low = of.low, .coolant_high = of.high, .noise = 0});
    double sum = 0, all = 0;
    for (int t = 0; t < 120; ++t) {
      const std::vector<double> seen = tank.seen();
      const double error = (seen[2] - seen[0]) / 10, wanted = of.bias + of.gain * (error + sum / of.time),
                   coolant = std::clamp<double>(wanted, of.low, of.high);
      if (coolant == wanted) sum += error * 26 / 120;
      all += tank.step(2 * (coolant - of.low) / (of.high - of.low) - 1);
    }
    EXPECT_NEAR(all, of.known, 0.05);
  }
}

// Warmest cooling of a plant that reacts fast: it burns out, within its bounds, and a step's cost has one.
TEST(Cstr, ARunawayStaysWithinItsBounds) {
  Tank tank;
  tank.task.catalyst = R(1.2);
  double cheapest = -100;
  for (int t = 0; t < 120; ++t) {
    const double reward = tank.step(1);
    ASSERT_GE(reward, -100);
    ASSERT_GE(tank.state.concentration.get(0), 0);
    ASSERT_LE(tank.state.temperature.get(0), 400);
    cheapest = std::max(cheapest, reward);
  }
  EXPECT_EQ(tank.step(1), -100);
}

TEST(Cstr, DrawnSetPointsAreEachEpisodesOwn) {
  Tank tank({.noise = 0, .set_points = Cstr::SetPoints::drawn});
  const auto first = tank.state.targets[0].get(0);
  tank.reset(1);
  EXPECT_NE(tank.state.targets[0].get(0), first);
  const Spread target = spread([&](auto i) {
    Cstr::Trial<Floats> trial = {Floats(0)};
    auto random = stream<Floats>(Purpose::reset, i);
    return Cstr::reset<Floats>({.set_points = Cstr::SetPoints::drawn}, {}, trial, random).targets[1];
  });
  expect_uniform(target, 0.83, 0.92);
}

// What happens to a plant of these options in a third of an episode.
TEST(Cstr, AgesWithItsClock) {
  for (const PlantClock clock : {PlantClock::episode, PlantClock::trial}) {
    Tank tank({.noise = 0, .clock = clock});
    tank.task.catalyst_decay = R(1.0 / 60);
    tank.task.fouling = R(0.0154);
    const auto last_of_an_episode = [&] {
      for (int t = 0; t < 40; ++t) tank.step(0.3);
      return tank.state.concentration.get(0);
    };
    const double first = last_of_an_episode();
    EXPECT_NEAR(tank.trial.minutes.get(0), 40 * 26.0 / 120, 1e-12);
    tank.reset(1);
    const bool trial = clock == PlantClock::trial;
    EXPECT_NEAR(tank.trial.minutes.get(0), trial ? 40 * 26.0 / 120 : 0, 1e-12);
    EXPECT_EQ(last_of_an_episode() != first, trial);
  }
}

TEST(Cstr, FaultsComeAtTheirMinute) {
  Tank tank, sound;
  tank.task.sensor_bias = R(0.02);
  tank.task.coolant_limit = R(300);
  tank.task.fault_minute = R(2);
  // Ten steps take 2.17 min: the fault comes with the last of them.
  for (int t = 0; t < 9; ++t) {
    EXPECT_EQ(tank.seen(), sound.seen()) << t;
    EXPECT_EQ(tank.step(0.3), sound.step(0.3)) << t;
  }
  EXPECT_EQ(tank.step(0.3), sound.step(0.3));
  EXPECT_NEAR(tank.seen()[0] - sound.seen()[0], 0.2, 1e-12);
  tank.step(0.3);
  sound.step((300 - 280) / 17.5 - 1);  // 300 K
  EXPECT_EQ(tank.state.concentration.get(0), sound.state.concentration.get(0));
  EXPECT_NEAR(tank.state.error_sum.get(0), sound.state.error_sum.get(0) - 0.02 * 26 / 120, 1e-12);
}

TEST(Cstr, NoiseIsAPartOfWhatIsMeasured) {
  Tank tank({.noise = 0.01f});
  double sums[2] = {}, squares[2] = {};
  constexpr int kCount = 4000;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    const std::vector<double> seen = tank.seen(i);
    const double parts[] = {(0.1 * seen[0] + 0.8) / 0.8 - 1, (20 * seen[1] + 330) / 330 - 1};
    for (int d = 0; d < 2; ++d) {
      sums[d] += parts[d] / kCount;
      squares[d] += parts[d] * parts[d] / kCount;
    }
  }
  for (int d = 0; d < 2; ++d) {
    EXPECT_NEAR(sums[d], 0, 0.0007);
    EXPECT_NEAR(std::sqrt(squares[d]), 0.01, 0.0006);
  }
}

TEST(Cstr, NanInAnActionIsNotHidden) { EXPECT_TRUE(std::isnan(Tank().step(std::nan("")))); }

}  // namespace
}  // namespace innerloop
