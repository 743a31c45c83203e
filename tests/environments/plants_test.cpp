// What all plants have in common, and returns of tanks, drive and column under control that are known. Their equations are
// compared with SciPy in plant_vectors_test.cpp.
#include <gtest/gtest.h>

#include "envs/cstr.h"
#include "envs/dc_drive.h"
#include "envs/distillation.h"
#include "envs/four_tank.h"
#include "tests/support/environment_play.h"

namespace innerloop {
namespace {

using R = Pack<double, 1>;

// A plant of a task's numbers, in double precision.
template <class Env>
class Plant {
 public:
  using Options = typename Env::Options;
  using Action = Array<R, Env::Action::size>;

  Plant(const Options& options, const std::vector<double>& task) : options_(options) {
    task_ = gather_fields<R, typename Env::template Task<R>>(
        [&](int i) { return R(task[static_cast<std::size_t>(i)]); });
    restart(0);
  }
  void restart(std::uint32_t number) {
    auto random = stream<R>(Purpose::reset, number);
    state = Env::template reset<R>(options_, task_, trial, random);
  }
  double step(const Action& action) {
    auto random = stream<R>(Purpose::environment, 0);
    return Env::template step<R>(options_, task_, trial, state, action, random).reward.get(0);
  }
  std::vector<double> seen() const {
    std::vector<double> numbers(static_cast<std::size_t>(Env::observation(options_).numbers));
    const auto see = [&](int d, R x) { numbers.at(static_cast<std::size_t>(d)) = x.get(0); };
    auto random = stream<R>(Purpose::observation, 0);
    Env::template observe<R>(options_, task_, trial, state, random, Sink(see, [](int, auto) {}));
    return numbers;
  }
  // What its trial counts: its only number.
  double clock() const {
    double found = 0;
    scatter_fields<R>(trial, [&](int, R x) { found = x.get(0); });
    return found;
  }

  typename Env::template Trial<R> trial = {R(0)};
  typename Env::template State<R> state;

 private:
  const Options options_;
  typename Env::template Task<R> task_;
};

template <class Env>
Array<R, Env::Action::size> all_inputs(double x) {
  Array<R, Env::Action::size> action;
  for (int i = 0; i < Env::Action::size; ++i) action[i] = R(x);
  return action;
}

// The middle of each interval that a plant's numbers are drawn from.
struct Middles {
  std::vector<double> found;
  void operator()(const char*, Interval& value, const auto&, const char*) {
    found.push_back(0.5 * (double{value.low} + double{value.high}));
  }
  void operator()(const char*, auto&, const auto&, const char*) {}
};
template <class Env>
std::vector<double> middle_task() {
  Middles middles;
  typename Env::Options options;
  Env::describe(middles, options);
  return middles.found;
}

template <class Env>
class Plants : public testing::Test {};
struct NameOf {
  template <class Env>
  static std::string GetName(int) {
    return Env::name;
  }
};
using Families = testing::Types<Cstr, FourTank, DcDrive, Distillation>;
TYPED_TEST_SUITE(Plants, Families, NameOf);

TYPED_TEST(Plants, CountTheirClockThroughATrialOrAnEpisode) {
  using Env = TypeParam;
  for (const PlantClock clock : {PlantClock::episode, PlantClock::trial}) {
    Plant<Env> plant({.clock = clock}, middle_task<Env>());
    for (int t = 0; t < 5; ++t) plant.step(all_inputs<Env>(0));
    const double five = plant.clock();
    EXPECT_GT(five, 0);
    plant.restart(1);
    plant.step(all_inputs<Env>(0));
    EXPECT_NEAR(plant.clock(), (clock == PlantClock::trial ? 6 : 1) * five / 5, 1e-12 * five);
  }
}

TYPED_TEST(Plants, TakeInputsWithinTheirBounds) {
  using Env = TypeParam;
  for (const double sign : {-1.0, 1.0}) {
    Plant<Env> wild({}, middle_task<Env>()), bounded({}, middle_task<Env>());
    for (int t = 0; t < 12; ++t)
      EXPECT_EQ(wild.step(all_inputs<Env>(7 * sign)), bounded.step(all_inputs<Env>(sign)));
    EXPECT_EQ(wild.seen(), bounded.seen());
  }
}

TYPED_TEST(Plants, DoNotHideWhatIsNoNumber) {
  using Env = TypeParam;
  Plant<Env> plant({}, middle_task<Env>());
  bool is_seen = false;
  for (int t = 0; t < 9; ++t) is_seen = is_seen || std::isnan(plant.step(all_inputs<Env>(std::nan(""))));
  EXPECT_TRUE(is_seen);
}

TYPED_TEST(Plants, AreMeasuredWithNoise) {
  using Env = TypeParam;
  Plant<Env> noisy({.noise = 0.05f}, middle_task<Env>()), exact({.noise = 0}, middle_task<Env>());
  for (int t = 0; t < 9; ++t) {
    noisy.step(all_inputs<Env>(0.3));
    exact.step(all_inputs<Env>(0.3));
  }
  const std::vector<double> with = noisy.seen(), without = exact.seen();
  for (std::size_t d = 0; d < with.size(); ++d) EXPECT_EQ(with[d] != without[d], d < 2) << d;
}

TYPED_TEST(Plants, HaveSensorsThatFail) {
  using Env = TypeParam;
  typename Env::Options options;
  options.noise = 0;
  std::vector<double> task = middle_task<Env>();
  const std::vector<TaskNumber> names = Env::task_numbers(options);
  const auto at = [&](const std::string& name) -> double& {
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i].name.starts_with(name)) return task[i];
    throw std::runtime_error(name);
  };
  Plant<Env> sound(options, task);
  sound.step(all_inputs<Env>(0));
  const double length = sound.clock();
  at("sensor_bias") = 0.05;
  at("fault_") = 2.5 * length;
  Plant<Env> faulty(options, task);
  faulty.step(all_inputs<Env>(0));
  for (int t = 1; t < 6; ++t) {
    int differ = 0;
    const std::vector<double> found = faulty.seen(), wanted = sound.seen();
    for (std::size_t d = 0; d < 2; ++d) differ += found[d] != wanted[d];
    EXPECT_EQ(differ, t < 3 ? 0 : 1) << t;
    EXPECT_EQ(faulty.step(all_inputs<Env>(0.1)), sound.step(all_inputs<Env>(0.1))) << "what is true pays";
  }
}

// Proportional and integral control that does not integrate while its input is at a bound.
struct Loop {
  double gain, time, bias, low, high, sum = 0;
  double input(double error, double step) {
    const double wanted = bias + gain * (error + sum / time), input = std::clamp(wanted, low, high);
    if (input == wanted) sum += error * step;
    return input;
  }
};

// Johansson's plants P- and P+ from their operating points; another program's figures, to their last digit. The sensors give
// 0.5 V a cm.
double controlled_tanks(bool minimum_phase, double first_gain, double second_gain, double first_time,
                        double second_time, bool crossed) {
  std::vector<double> task = {0.7, 0.6, 1, 1, 1, 1, 1, 1, 0, 0, 0, 10, 0};
  if (!minimum_phase) {
    const double plus[] = {0.43, 0.34, 3.14 / 3.33, 3.29 / 3.35};
    std::copy_n(plus, 4, task.begin());
  }
  Plant<FourTank> plant({.noise = 0}, task);
  const double volts = minimum_phase ? 3 : 3.15;
  plant.state.volts = {R(volts), R(volts)};
  if (!minimum_phase) plant.state.levels = {R(12.6), R(13), R(4.8), R(4.9)};
  Loop loops[] = {{first_gain, first_time, volts, 0, 10}, {second_gain, second_time, volts, 0, 10}};
  double all = 0;
  for (int t = 0; t < 150; ++t) {
    const std::vector<double> seen = plant.seen();
    double voltage[2];
    for (std::size_t i = 0; i < 2; ++i) {
      const std::size_t output = crossed ? 1 - i : i;
      voltage[i] = loops[i].input(2.5 * (seen[2 + output] - seen[output]), 10);
    }
    all += plant.step({R(voltage[0] / 5 - 1), R(voltage[1] / 5 - 1)});
  }
  return all;
}
TEST(FourTank, UnderControlReturnsAreKnown) {
  EXPECT_NEAR(controlled_tanks(true, 0, 0, 1, 1, false), -197.8, 0.05);
  EXPECT_NEAR(controlled_tanks(true, 3, 2.7, 30, 40, false), -1.8, 0.05);
  EXPECT_LT(controlled_tanks(true, 0.8, 0.8, 450, 450, true), -5000);
  EXPECT_NEAR(controlled_tanks(false, 0, 0, 1, 1, false), -203.9, 0.05);
  EXPECT_NEAR(controlled_tanks(false, 3, 2.7, 30, 40, false), -5458, 0.5);
  EXPECT_NEAR(controlled_tanks(false, 0.8, 0.8, 450, 450, true), -127.8, 0.05);
}

TEST(FourTank, StaysWithinItsTanks) {
  Plant<FourTank> plant({}, middle_task<FourTank>());
  for (const double input : {1.0, -1.0}) {
    for (int t = 0; t < 100; ++t) plant.step(all_inputs<FourTank>(input));
    for (int tank = 0; tank < 4; ++tank) {
      EXPECT_GE(plant.state.levels[tank].get(0), 0);
      EXPECT_LE(plant.state.levels[tank].get(0), 20);
    }
  }
}

// A motor that stands still under full voltage takes 60 V/16 mΩ, far beyond its limit: a step costs no more than 1 for that.
TEST(DcDrive, PaysForSpeedAndForCurrentBeyondItsLimit) {
  Plant<DcDrive> plant({.noise = 0}, middle_task<DcDrive>());
  for (int t = 0; t < 300; ++t) {
    const double wanted = plant.state.targets[t / 100].get(0), reward = plant.step({R(std::sin(0.1 * t))}),
                 beyond = std::clamp(std::abs(plant.state.current.get(0)) / 210 - 1, 0.0, 1.0);
    EXPECT_NEAR(reward, -std::abs(wanted - plant.state.speed.get(0)) / 400 - beyond, 1e-12) << t;
  }
}

TEST(DcDrive, SetPointsStartAtTheSpeedAndMoveByAtMost80) {
  const auto number = [](auto of) {
    return spread([&](auto i) {
      auto random = stream<Floats>(Purpose::reset, i);
      DcDrive::Trial<Floats> trial = {Floats(0)};
      return of(DcDrive::reset<Floats>({}, {}, trial, random));
    });
  };
  expect_uniform(number([](const auto& state) { return state.speed; }), -200, 200);
  const Spread same = number([](const auto& state) { return state.speed - state.targets[0]; });
  EXPECT_EQ(std::max(-same.low, same.high), 0);
  expect_uniform(number([](const auto& state) { return state.targets[1] - state.targets[0]; }), -80, 80);
  const Spread third = number([](const auto& state) { return state.targets[2]; });
  EXPECT_GE(third.low, -250);
  EXPECT_LE(third.high, 250);
}

// Nothing done: of 200 minutes 100 are an error of 1. Under control the figures are of this definition, whose dead times are
// exact.
TEST(Distillation, UnderControlReturnsAreKnown) {
  const auto controlled = [](double top_gain, double top_time, double bottom_gain, double bottom_time) {
    Plant<Distillation> plant({.noise = 0}, {1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0});
    Loop top = {top_gain, top_time, 0, -1, 1}, bottom = {bottom_gain, bottom_time, 0, -1, 1};
    double all = 0;
    for (int t = 0; t < 200; ++t) {
      const std::vector<double> seen = plant.seen();
      all += plant.step({R(top.input(seen[2] - seen[0], 1)), R(bottom.input(seen[3] - seen[1], 1))});
    }
    return all;
  };
  EXPECT_EQ(controlled(0, 1, 0, 1), -100);
  EXPECT_NEAR(controlled(0.375, 8.29, -0.075, 23.6), -30.22, 0.005);
  EXPECT_NEAR(controlled(0.8, 20, -0.12, 8), -22.36, 0.005);
}

// K·(1 − e^(−(t − dead time)/τ)) after a step of the feed.
TEST(Distillation, FollowsItsFeed) {
  Plant<Distillation> plant({.noise = 0}, {1, 1, 1, 1, 1, 1, 1, 1, 0, 0.5, 20, 0, 0});
  for (int t = 0; t <= 60; ++t) {
    const auto wanted = [&](double gain, double dead, double tau) {
      return 0.5 * gain * (1 - std::exp(-std::max(t - 20 - dead, 0.0) / tau));
    };
    const std::vector<double> seen = plant.seen();
    EXPECT_NEAR(seen[0], wanted(3.8, 8.1, 14.9), 1e-12) << t;
    EXPECT_NEAR(seen[1], wanted(4.9, 3.4, 13.2), 1e-12) << t;
    plant.step({R(0), R(0)});
  }
}

}  // namespace
}  // namespace innerloop
