// Two pumps and four tanks, the levels of the lower two of which are held at set points. Johansson 2000.
#pragma once

#include <span>
#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/plants.h"
#include "kernels/environment/runge_kutta.h"
#include "kernels/environment/sketch.h"
#include "kernels/lanes/maths.h"
#include "kernels/options/options.h"

namespace innerloop {

// Pump 1 feeds tank 1 with the part γ1 of its flow and tank 4 with the rest, pump 2 tanks 2 and 3; tank 3 drains into tank 1
// and tank 4 into tank 2. Where γ1 + γ2 < 1 most water takes the way round, and each level is better moved by the other pump. A
// step is 10 s: four Runge-Kutta steps of fourth order.
struct FourTank {
  static constexpr const char* name = "four_tank";
  static constexpr const char* meaning =
      "two pumps and four tanks, whose valves decide which pump moves which level";

  static constexpr int kSteps = 150;  // of the schedule of set points, a third for each
  static constexpr double kSeconds = 10, kVolts = 10, kHighest = 20, kHeld = 3;

  enum class SetPoints { fixed, drawn };

  struct Options {
    float noise = 0.001f;
    SetPoints set_points = SetPoints::fixed;
    PlantClock clock = PlantClock::episode;
    Interval valve_1 = {0.25f, 0.8f};
    Interval valve_2 = {0.25f, 0.8f};
    Interval pump_1 = {0.9f, 1.1f};
    Interval pump_2 = {0.9f, 1.1f};
    Interval outlet_1 = {0.8f, 1.2f};
    Interval outlet_2 = {0.8f, 1.2f};
    Interval outlet_3 = {0.8f, 1.2f};
    Interval outlet_4 = {0.8f, 1.2f};
    Interval clogging = {0.0f, 0.0f};
    Interval pump_decay = {0.0f, 0.0f};
    Interval sensor_bias = {0.0f, 0.0f};
    Interval pump_limit = {10.0f, 10.0f};
    Interval fault_second = {0.0f, 0.0f};
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    describe_noise(field, o.noise);
    field("set_points", o.set_points,
          Choices{Choice{"fixed", "(12.4, 12.7), (13.9, 12), (11.9, 13.5) cm"},
                  Choice{"drawn", "three pairs of each episode's own, uniform in 11 to 14 cm"}},
          "what the lower levels are to be, for 50 steps each");
    describe_clock(field, o.clock);
    field("valve_1", o.valve_1, between(0.05, 0.95), "range of the part of pump 1 that goes to tank 1, γ1");
    field("valve_2", o.valve_2, between(0.05, 0.95), "range of the part of pump 2 that goes to tank 2, γ2");
    field("pump_1", o.pump_1, between(0.2, 3), "range of the factor of pump 1, 3.33 cm³/(V·s)");
    field("pump_2", o.pump_2, between(0.2, 3), "range of the factor of pump 2, 3.35 cm³/(V·s)");
    const char* outlets[] = {"range of the factor of tank 1's outlet, 0.071 cm²",
                             "range of the factor of tank 2's outlet, 0.057 cm²",
                             "range of the factor of tank 3's outlet, 0.071 cm²",
                             "range of the factor of tank 4's outlet, 0.057 cm²"};
    field("outlet_1", o.outlet_1, between(0.2, 3), outlets[0]);
    field("outlet_2", o.outlet_2, between(0.2, 3), outlets[1]);
    field("outlet_3", o.outlet_3, between(0.2, 3), outlets[2]);
    field("outlet_4", o.outlet_4, between(0.2, 3), outlets[3]);
    field("clogging", o.clogging, between(0, 0.01),
          "range of the part of all outlets that is lost a second, until 0.4 of them are left");
    field("pump_decay", o.pump_decay, between(0, 0.01),
          "range of the part of both pumps' flow that is lost a second, until 0.4 of it are left");
    field("sensor_bias", o.sensor_bias, between(-5, 5), "range of what a faulty sensor adds to level 1, cm");
    field(
        "pump_limit", o.pump_limit, between(kHeld, kVolts),
        "range of the voltage above which a faulty pump 1 does not go, V; with less than 3 no level is held");
    field("fault_second", o.fault_second, at_least(0),
          "range of the second from which on the sensor and the pump are faulty");
  }

  using Action = Continuous<2>;  // the pumps' voltages, from −1 to 1 for 0 to 10 V

  template <class Real>
  struct Task {
    Real valve_1, valve_2, pump_1, pump_2, outlet_1, outlet_2, outlet_3, outlet_4;
    Real clogging, pump_decay;                   // 1/s
    Real sensor_bias, pump_limit, fault_second;  // cm, V, s
  };
  template <class Real>
  struct Trial {
    Real seconds;
  };
  template <class Real>
  struct State {
    Array<Real, 4> levels;     // cm
    Array<Real, 2> error_sum;  // cm·s, of what the sensors show
    Array<Real, 2> volts;      // the pumps' last
    Real steps;
    Array<Real, 3> targets_1, targets_2;  // cm
  };

  static std::vector<TaskNumber> task_numbers(const Options&) { return interval_options<FourTank>(); }
  FN static Observation observation(const Options&) { return {.numbers = 8}; }

  template <class Real>
  FN static Task<Real> draw(const Options& o, Random<Real>& random) {
    const auto in = [&](Interval range)
                        FN_LAMBDA { return random.uniform(Real(range.low), Real(range.high)); };
    return {in(o.valve_1),     in(o.valve_2),    in(o.pump_1),      in(o.pump_2),   in(o.outlet_1),
            in(o.outlet_2),    in(o.outlet_3),   in(o.outlet_4),    in(o.clogging), in(o.pump_decay),
            in(o.sensor_bias), in(o.pump_limit), in(o.fault_second)};
  }

  template <class Real>
  FN static Trial<Real> begin(const Options&, const Task<Real>&, Random<Real>&) {
    return {Real(0)};
  }

  /// The lower tanks start at the first fixed set points, the upper ones where the nominal plant's then stand, with both pumps
  /// at 3 V.
  template <class Real>
  FN static State<Real> reset(const Options& o, const Task<Real>&, Trial<Real>& trial, Random<Real>& random) {
    if (o.clock == PlantClock::episode) trial.seconds = Real(0);
    const auto pi = [](double x) FN_LAMBDA { return constant<Real>(x); };
    State<Real> state;
    state.levels = {pi(12.4), pi(12.7), pi(1.8), pi(1.4)};
    state.error_sum = {Real(0), Real(0)};
    state.volts = {Real(3), Real(3)};
    state.steps = Real(0);
    state.targets_1 = {pi(12.4), pi(13.9), pi(11.9)};
    state.targets_2 = {pi(12.7), pi(12), pi(13.5)};
    if (o.set_points == SetPoints::drawn)
      for (int i = 0; i < 3; ++i) {
        state.targets_1[i] = random.uniform(Real(11), Real(14));
        state.targets_2[i] = random.uniform(Real(11), Real(14));
      }
    return state;
  }

  /// Of the lower tanks: the measured levels and the set points, (h − 12.5)/5; then the pumps' last voltages, v/5 − 1; then the
  /// sums of errors, −1 … 1 for 500 cm·s.
  template <class Real, class See>
  FN static void observe(const Options& o, const Task<Real>& task, const Trial<Real>& trial,
                         const State<Real>& state, Random<Real>& random, const See& see) {
    const auto shown = [](Real level) FN_LAMBDA { return (level - Real(12.5f)) * constant<Real>(0.2); };
    see(0, shown(measured(state.levels[0] + bias(task, trial), o.noise, random)));
    see(1, shown(measured(state.levels[1], o.noise, random)));
    const Array<Real, 2> wanted = targets(state);
    for (int i = 0; i < 2; ++i) {
      see(2 + i, shown(wanted[i]));
      see(4 + i, state.volts[i] * constant<Real>(0.2) - Real(1));
      see(6 + i, state.error_sum[i] * constant<Real>(1.0 / 500));
    }
  }

  /// −(e1² + e2²) − 0.05·‖change of the voltages‖², of the true levels after the step.
  template <class Real>
  FN static Outcome<Real> step(const Options&, const Task<Real>& task, Trial<Real>& trial, State<Real>& state,
                               const Array<Real, 2>& action, Random<Real>&) {
    const Real one(1), zero(0);
    const auto voltage = [&](Real of) FN_LAMBDA { return Real(5) * (clamp(of, Real(-1), one) + one); };
    Array<Real, 2> volts = {voltage(action[0]), voltage(action[1])};
    const Mask<Real> faulty = trial.seconds >= task.fault_second;
    volts[0] = select(faulty & (volts[0] > task.pump_limit), task.pump_limit, volts[0]);

    const auto left = [&](Real lost_a_second) FN_LAMBDA {
      return one - clamp(lost_a_second * trial.seconds, zero, constant<Real>(0.6));
    };
    const Real open = left(task.clogging), works = left(task.pump_decay);
    const Real flow_1 = task.pump_1 * works * constant<Real>(3.33) * volts[0],
               flow_2 = task.pump_2 * works * constant<Real>(3.35) * volts[1];
    // √(2·981 cm/s²) = 44.29; the areas of tanks 1 and 3 are 28 cm², of 2 and 4 32 cm².
    const Real per_odd = constant<Real>(1.0 / 28), per_even = constant<Real>(1.0 / 32);
    const Real odd = open * constant<Real>(0.071 * 44.294469180700204),
               even = open * constant<Real>(0.057 * 44.294469180700204);
    const auto slope = [&](const Array<Real, 4>& h) FN_LAMBDA {
      const auto drain = [&](Real outlet, Real level) FN_LAMBDA { return outlet * sqrt(max(level, zero)); };
      const Real out_1 = drain(odd * task.outlet_1, h[0]), out_2 = drain(even * task.outlet_2, h[1]),
                 out_3 = drain(odd * task.outlet_3, h[2]), out_4 = drain(even * task.outlet_4, h[3]);
      return Array<Real, 4>{(out_3 - out_1 + task.valve_1 * flow_1) * per_odd,
                            (out_4 - out_2 + task.valve_2 * flow_2) * per_even,
                            ((one - task.valve_2) * flow_2 - out_3) * per_odd,
                            ((one - task.valve_1) * flow_1 - out_4) * per_even};
    };
    constexpr int kSubsteps = 4;
    for (int i = 0; i < kSubsteps; ++i) {
      state.levels = runge_kutta<Real, 4>(state.levels, constant<Real>(kSeconds / kSubsteps), slope);
      for (int tank = 0; tank < 4; ++tank)
        state.levels[tank] = clamp(state.levels[tank], zero, Real(static_cast<float>(kHighest)));
    }
    const Array<Real, 2> wanted = targets(state);
    Real cost(0);
    for (int i = 0; i < 2; ++i) {
      const Real error = wanted[i] - state.levels[i], moved = volts[i] - state.volts[i];
      const Real shown = i == 0 ? error - bias(task, trial) : error;
      state.error_sum[i] =
          clamp(fma(shown, constant<Real>(kSeconds), state.error_sum[i]), Real(-500), Real(500));
      cost = cost + error * error + constant<Real>(0.05) * moved * moved;
    }
    state.volts = volts;
    state.steps = state.steps + one;
    trial.seconds = trial.seconds + Real(static_cast<float>(kSeconds));
    return {-cost, Mask<Real>(0)};
  }

  /// A lower tank is measured within 1 mm of its rim or higher, 20 cm.
  static bool beyond_limits(const Options&, std::span<const float> seen) {
    constexpr auto kRim = static_cast<float>((kHighest - 0.1 - 12.5) / 5);
    return seen[0] >= kRim || seen[1] >= kRim;
  }

  static int state_number(const Options&, const State<Pack<float, 1>>&) { return 0; }

  /// The four tanks, 3 above 1 and 4 above 2, with the set points of the lower ones; at the sides the pumps' voltages, and the
  /// valves as marks on them.
  template <class Canvas>
  static void sketch(const Options&, const Task<Pack<float, 1>>& task, const Trial<Pack<float, 1>>&,
                     const State<Pack<float, 1>>& state, std::span<const float>, Canvas& canvas) {
    canvas.frame(-0.5, -0.1, 2.9, 2.3);
    const Array<Pack<float, 1>, 2> wanted = targets(state);
    for (int tank = 0; tank < 4; ++tank) {
      const double x = tank % 2 == 0 ? 0.1 : 1.4, y = tank < 2 ? 0 : 1.2,
                   level = double{state.levels[tank].get(0)} / kHighest;
      canvas.rectangle(x, y, x + 0.9, y + 1, Ink::scene);
      canvas.rectangle(x, y, x + 0.9, y + level, Ink::body);
      if (tank > 1) continue;
      const double goal = double{wanted[tank].get(0)} / kHighest;
      canvas.line(x - 0.05, y + goal, x + 0.95, y + goal, Ink::goal);
    }
    const double valves[] = {task.valve_1.get(0), task.valve_2.get(0)};
    for (int pump = 0; pump < 2; ++pump) {
      const double x = pump == 0 ? -0.25 : 2.65;
      canvas.line(x - 0.1, 2 * valves[pump], x + 0.1, 2 * valves[pump], Ink::scene);
      canvas.line(x, 0, x, 2 * double{state.volts[pump].get(0)} / kVolts, Ink::part);
    }
  }

 private:
  template <class Real>
  FN static Array<Real, 2> targets(const State<Real>& state) {
    return {set_point(state.targets_1, state.steps, kSteps), set_point(state.targets_2, state.steps, kSteps)};
  }
  template <class Real>
  FN static Real bias(const Task<Real>& task, const Trial<Real>& trial) {
    return select(trial.seconds >= task.fault_second, task.sensor_bias, Real(0));
  }
};

static_assert(Environment<FourTank>);

}  // namespace innerloop
