// A stirred tank in which an exothermic reaction is held at set points by its cooling. Seborg et al.; the numbers are those of
// pc-gym (Bloor et al. 2024).
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

// Ca' = q/V·(Caf − Ca) − k·Ca and T' = q/V·(Ti − T) + ΔH/ρC·k·Ca + UA/(ρC·V)·(Tc − T), k = k0·exp(−8750 K/T). A step is 26/120
// min: four Runge-Kutta steps of fourth order, within 2e-8 of the exact solution. Where the reaction runs away the equations
// are stiff, so T is held within 250 and 400 K and Ca within 0 and the feed's.
struct Cstr {
  static constexpr const char* name = "cstr";
  static constexpr const char* meaning =
      "a stirred tank with an exothermic reaction, of equipment that ages, fouls and fails";

  static constexpr int kSteps = 120;  // of the schedule of set points, a third for each
  static constexpr double kMinutes = 26.0 / kSteps;
  static constexpr double kHighestTarget = 0.92;

  enum class SetPoints { fixed, drawn };

  struct Options {
    float coolant_low = 280.0f;
    float coolant_high = 315.0f;
    float noise = 0.001f;
    SetPoints set_points = SetPoints::fixed;
    PlantClock clock = PlantClock::episode;
    Interval heat_transfer = {0.7f, 1.1f};
    Interval catalyst = {0.7f, 1.2f};
    Interval flow = {0.9f, 1.1f};
    Interval feed_concentration = {0.97f, 1.03f};
    Interval feed_temperature = {346.0f, 354.0f};
    Interval reaction_heat = {0.95f, 1.05f};
    Interval catalyst_decay = {0.0f, 0.0f};
    Interval fouling = {0.0f, 0.0f};
    Interval sensor_bias = {0.0f, 0.0f};
    Interval coolant_limit = {400.0f, 400.0f};
    Interval fault_minute = {0.0f, 0.0f};
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("coolant_low", o.coolant_low, between(250, 400), "the coldest coolant, K: action -1");
    field("coolant_high", o.coolant_high, between(250, 400), "the warmest coolant, K: action 1");
    describe_noise(field, o.noise);
    field("set_points", o.set_points,
          Choices{Choice{"fixed", "0.85, 0.9, 0.87 mol/L"},
                  Choice{"drawn", "three of each episode's own, uniform in 0.83 to 0.92 mol/L"}},
          "what the concentration is to be, for 40 steps each");
    describe_clock(field, o.clock);
    field("heat_transfer", o.heat_transfer, between(0.2, 3),
          "range of the factor of the heat transfer, 50000 J/(min·K)");
    field("catalyst", o.catalyst, between(0.2, 3), "range of the factor of the reaction's rate, 7.2e10 /min");
    field("flow", o.flow, between(0.2, 3), "range of the factor of the flow, 100 L/min through 100 L");
    field("feed_concentration", o.feed_concentration, above(kHighestTarget),
          "range of the feed's concentration, mol/L; above all set points, which else are out of reach");
    field("feed_temperature", o.feed_temperature, between(250, 400), "range of the feed's temperature, K");
    field("reaction_heat", o.reaction_heat, between(0.2, 3),
          "range of the factor of the reaction's heat, 50000 J/mol");
    field("catalyst_decay", o.catalyst_decay, between(0, 0.1),
          "range of the rate at which the catalyst decays, a minute: what is left after t is exp(-rate·t)");
    field("fouling", o.fouling, between(0, 0.1),
          "range of the part of the heat transfer that is lost a minute, until 0.4 of it are left");
    field("sensor_bias", o.sensor_bias, between(-0.2, 0.2),
          "range of what a faulty sensor adds to the concentration, mol/L");
    field("coolant_limit", o.coolant_limit, between(250, 400),
          "range of the temperature above which faulty cooling cannot warm the coolant, K");
    field("fault_minute", o.fault_minute, at_least(0),
          "range of the minute from which on the sensor and the cooling are faulty");
  }
  template <class Report>
  static void validate(const Options& o, Report& report) {
    if (o.coolant_low >= o.coolant_high)
      report("coolant_low", "has to be below coolant_high, or the coolant cannot be moved");
    if (o.coolant_limit.low < o.coolant_low)
      report("coolant_limit", "has to lie above coolant_low, or a fault leaves no coolant to choose");
  }

  using Action = Continuous<1>;  // the coolant's temperature, from −1 to 1

  template <class Real>
  struct Task {
    Real heat_transfer, catalyst, flow;             // factors
    Real feed_concentration, feed_temperature;      // mol/L, K
    Real reaction_heat;                             // a factor
    Real catalyst_decay, fouling;                   // a minute
    Real sensor_bias, coolant_limit, fault_minute;  // mol/L, K, min
  };
  template <class Real>
  struct Trial {
    Real minutes;
  };
  template <class Real>
  struct State {
    Real concentration, temperature;  // mol/L, K
    Real error_sum;                   // mol·min/L, of what the sensor shows
    Real input;                       // the last action, within its bounds
    Real steps;
    Array<Real, 3> targets;  // mol/L
  };

  static std::vector<TaskNumber> task_numbers(const Options&) { return interval_options<Cstr>(); }
  FN static Observation observation(const Options&) { return {.numbers = 5}; }

  template <class Real>
  FN static Task<Real> draw(const Options& o, Random<Real>& random) {
    const auto in = [&](Interval range)
                        FN_LAMBDA { return random.uniform(Real(range.low), Real(range.high)); };
    return {in(o.heat_transfer),    in(o.catalyst),      in(o.flow),           in(o.feed_concentration),
            in(o.feed_temperature), in(o.reaction_heat), in(o.catalyst_decay), in(o.fouling),
            in(o.sensor_bias),      in(o.coolant_limit), in(o.fault_minute)};
  }

  template <class Real>
  FN static Trial<Real> begin(const Options&, const Task<Real>&, Random<Real>&) {
    return {Real(0)};
  }

  template <class Real>
  FN static State<Real> reset(const Options& o, const Task<Real>&, Trial<Real>& trial, Random<Real>& random) {
    if (o.clock == PlantClock::episode) trial.minutes = Real(0);
    State<Real> state = {constant<Real>(0.8), Real(330), Real(0), Real(0), Real(0), {}};
    state.targets = {constant<Real>(0.85), constant<Real>(0.9), constant<Real>(0.87)};
    if (o.set_points == SetPoints::drawn)
      for (int i = 0; i < 3; ++i)
        state.targets[i] = random.uniform(constant<Real>(0.83), constant<Real>(kHighestTarget));
    return state;
  }

  /// The measured concentration and temperature, the set point, the last action and the sum of errors:
  /// 10·(Ca − 0.8), (T − 330)/20, 10·(set point − 0.8), −1 … 1, and −1 … 1 for 0.2 mol·min/L.
  template <class Real, class See>
  FN static void observe(const Options& o, const Task<Real>& task, const Trial<Real>& trial,
                         const State<Real>& state, Random<Real>& random, const See& see) {
    const Real middle = constant<Real>(0.8);
    see(0, Real(10) * (measured(state.concentration + bias(task, trial), o.noise, random) - middle));
    see(1, (measured(state.temperature, o.noise, random) - Real(330)) * constant<Real>(0.05));
    see(2, Real(10) * (target(state) - middle));
    see(3, state.input);
    see(4, Real(5) * state.error_sum);
  }

  /// −1000·((Ca − set point)/0.3)² − 0.1·u², u the action scaled to 0 … 1, of the true concentration after the step; a step
  /// costs at most 100.
  template <class Real>
  FN static Outcome<Real> step(const Options& o, const Task<Real>& task, Trial<Real>& trial,
                               State<Real>& state, const Array<Real, 1>& action, Random<Real>&) {
    const Real input = clamp(action[0], Real(-1), Real(1)), one(1), half(0.5f);
    const Mask<Real> faulty = trial.minutes >= task.fault_minute;
    const Real share = half * (input + one);
    const Real wanted = fma(Real(o.coolant_high) - Real(o.coolant_low), share, Real(o.coolant_low));
    const Real coolant = select(faulty & (wanted > task.coolant_limit), task.coolant_limit, wanted);

    const Real turnover = task.flow;  // the flow of 100 L/min by the volume of 100 L
    const Real heat = task.reaction_heat * constant<Real>(5e4 / 239);
    const Real clean = max(one - task.fouling * trial.minutes, constant<Real>(0.4));
    const Real cooling = task.heat_transfer * clean * constant<Real>(5e4 / 23900);
    // k0·exp(−8750/T) = k0·exp(−25)·exp(25·(T − 350)/T): so a float keeps its digits.
    const Real rate = task.catalyst * exp(-task.catalyst_decay * trial.minutes) *
                      constant<Real>(7.2e10 * 1.3887943864964021e-11);
    const auto slope = [&](const Array<Real, 2>& x) FN_LAMBDA {
      const Real reacting = rate * exp(Real(25) * (x[1] - Real(350)) / x[1]) * x[0];
      return Array<Real, 2>{
          turnover * (task.feed_concentration - x[0]) - reacting,
          turnover * (task.feed_temperature - x[1]) + heat * reacting + cooling * (coolant - x[1])};
    };
    Array<Real, 2> x = {state.concentration, state.temperature};
    constexpr int kSubsteps = 4;
    for (int i = 0; i < kSubsteps; ++i) {
      x = runge_kutta<Real, 2>(x, constant<Real>(kMinutes / kSubsteps), slope);
      x[0] = clamp(x[0], Real(0), task.feed_concentration);
      x[1] = clamp(x[1], Real(250), Real(400));
    }
    state.concentration = x[0];
    state.temperature = x[1];
    state.input = input;
    const Real error = target(state) - state.concentration;
    const Real bound = constant<Real>(0.2);
    state.error_sum =
        clamp(fma(error - bias(task, trial), constant<Real>(kMinutes), state.error_sum), -bound, bound);
    state.steps = state.steps + one;
    trial.minutes = trial.minutes + constant<Real>(kMinutes);
    const Real cost = constant<Real>(1000 / 0.09) * error * error + constant<Real>(0.1) * share * share;
    return {-clamp(cost, Real(0), Real(100)), Mask<Real>(0)};
  }

  /// It is measured hotter than 390 K: the reaction has run away.
  static bool beyond_limits(const Options&, std::span<const float> seen) { return seen[1] > 3; }

  static int state_number(const Options&, const State<Pack<float, 1>>&) { return 0; }

  /// The concentration over the time, and the set points; at the right the coolant as it was chosen, at the left how well the
  /// equipment cools and reacts.
  template <class Canvas>
  static void sketch(const Options&, const Task<Pack<float, 1>>& task, const Trial<Pack<float, 1>>&,
                     const State<Pack<float, 1>>& state, std::span<const float>, Canvas& canvas) {
    const auto height = [](double concentration) { return 4 * (concentration - 0.7); };
    canvas.frame(-0.3, -0.1, 2.3, 1.2);
    for (int i = 0; i < 3; ++i) {
      const double y = height(state.targets[i].get(0));
      canvas.line(2.0 / 3 * i, y, 2.0 / 3 * (i + 1), y, Ink::goal);
    }
    canvas.line(-0.2, 0, -0.2, 0.6 * task.heat_transfer.get(0), Ink::scene);
    canvas.line(-0.1, 0, -0.1, 0.6 * task.catalyst.get(0), Ink::scene);
    const double x = 2 * double{state.steps.get(0)} / kSteps, y = height(state.concentration.get(0));
    canvas.line(2.15, 0.5, 2.15, 0.5 + 0.5 * state.input.get(0), Ink::part);
    canvas.circle(x, y, 0.04, Ink::body);
    canvas.trace(x, y);
  }

 private:
  template <class Real>
  FN static Real bias(const Task<Real>& task, const Trial<Real>& trial) {
    return select(trial.minutes >= task.fault_minute, task.sensor_bias, Real(0));
  }
  template <class Real>
  FN static Real target(const State<Real>& state) {
    return set_point(state.targets, state.steps, kSteps);
  }
};

static_assert(Environment<Cstr>);

}  // namespace innerloop
