// A motor on a converter whose speed follows set points: resistance, magnets, inertia and load differ and drift. The motor is
// the permanently excited one of gym-electric-motor (Traue et al. 2022).
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

// i' = (u − R·i − ψ·ω)/L and ω' = (ψ·i − a·tanh(ω/2) − b·ω − c·ω·|ω|)/J. A step is 1 ms: ten Runge-Kutta steps of fourth order.
struct DcDrive {
  static constexpr const char* name = "dc_drive";
  static constexpr const char* meaning =
      "a motor that follows set points of its speed, of parameters that differ and drift";

  static constexpr int kSteps = 300;  // of the schedule of set points, a third for each
  static constexpr double kSeconds = 1e-3, kVolts = 60, kAmperes = 210, kSpeed = 400;
  static constexpr double kOhms = 16e-3, kFlux = 0.165;  // of the nominal motor: Ω, V·s

  struct Options {
    float noise = 0.001f;
    PlantClock clock = PlantClock::episode;
    Interval resistance = {0.7f, 2.0f};
    Interval inductance = {0.7f, 1.3f};
    Interval flux = {0.75f, 1.05f};
    Interval inertia = {0.5f, 4.0f};
    Interval friction = {0.0f, 4.0f};
    Interval damping = {0.0f, 0.03f};
    Interval drag = {0.0f, 1e-4f};
    Interval heating = {0.0f, 0.0f};
    Interval demagnetisation = {0.0f, 0.0f};
    Interval sensor_bias = {0.0f, 0.0f};
    Interval voltage_limit = {60.0f, 60.0f};
    Interval fault_second = {0.0f, 0.0f};
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    describe_noise(field, o.noise);
    describe_clock(field, o.clock);
    field("resistance", o.resistance, between(0.1, 10), "range of the factor of the resistance, 16 mΩ");
    field("inductance", o.inductance, between(0.5, 10),
          "range of the factor of the inductance, 19 µH; with less a step's integration would be too coarse");
    field("flux", o.flux, between(0.1, 2), "range of the factor of the magnets' flux, 0.165 V·s");
    field("inertia", o.inertia, between(0.2, 20), "range of the factor of the inertia, 0.0251 kg·m²");
    field("friction", o.friction, between(0, 20), "range of the load's dry friction, N·m");
    field("damping", o.damping, between(0, 1), "range of the load that rises with the speed, N·m·s");
    field("drag", o.drag, between(0, 0.01), "range of the load that rises with its square, N·m·s²");
    field("heating", o.heating, between(0, 10),
          "range of the part by which the resistance rises a second, until it is twice as high");
    field("demagnetisation", o.demagnetisation, between(0, 10),
          "range of the part of the flux that is lost a second, until 0.5 of it are left");
    field("sensor_bias", o.sensor_bias, between(-100, 100),
          "range of what a faulty sensor adds to the speed, rad/s");
    field("voltage_limit", o.voltage_limit, between(1, kVolts),
          "range of the voltage that a faulty converter can give, either way, V");
    field("fault_second", o.fault_second, at_least(0),
          "range of the second from which on the sensor and the converter are faulty");
  }

  using Action = Continuous<1>;  // the voltage, from −1 to 1 for −60 to 60 V

  template <class Real>
  struct Task {
    Real resistance, inductance, flux, inertia;     // factors
    Real friction, damping, drag;                   // N·m, N·m·s, N·m·s²
    Real heating, demagnetisation;                  // 1/s
    Real sensor_bias, voltage_limit, fault_second;  // rad/s, V, s
  };
  template <class Real>
  struct Trial {
    Real seconds;
  };
  template <class Real>
  struct State {
    Real current, speed;  // A, rad/s
    Real error_sum;       // rad, of what the sensor shows
    Real input;           // the last action, within its bounds
    Real steps;
    Array<Real, 3> targets;  // rad/s
  };

  static std::vector<TaskNumber> task_numbers(const Options&) { return interval_options<DcDrive>(); }
  FN static Observation observation(const Options&) { return {.numbers = 5}; }

  template <class Real>
  FN static Task<Real> draw(const Options& o, Random<Real>& random) {
    const auto in = [&](Interval range)
                        FN_LAMBDA { return random.uniform(Real(range.low), Real(range.high)); };
    return {in(o.resistance),      in(o.inductance),  in(o.flux),          in(o.inertia),
            in(o.friction),        in(o.damping),     in(o.drag),          in(o.heating),
            in(o.demagnetisation), in(o.sensor_bias), in(o.voltage_limit), in(o.fault_second)};
  }

  template <class Real>
  FN static Trial<Real> begin(const Options&, const Task<Real>&, Random<Real>&) {
    return {Real(0)};
  }

  /// The speed starts at its first set point, anywhere from −200 to 200 rad/s; each of the other two is up to 80 away from the
  /// one before, and at most 250 in size.
  template <class Real>
  FN static State<Real> reset(const Options& o, const Task<Real>&, Trial<Real>& trial, Random<Real>& random) {
    if (o.clock == PlantClock::episode) trial.seconds = Real(0);
    const Real first = random.uniform(Real(-200), Real(200));
    const auto next = [&](Real before) FN_LAMBDA {
      return clamp(before + random.uniform(Real(-80), Real(80)), Real(-250), Real(250));
    };
    const Real second = next(first), third = next(second);
    return {Real(0), first, Real(0), Real(0), Real(0), {first, second, third}};
  }

  /// The measured current and speed, the set point, the last action and the sum of errors, in parts of 210 A, 400 rad/s and
  /// 4 rad.
  template <class Real, class See>
  FN static void observe(const Options& o, const Task<Real>& task, const Trial<Real>& trial,
                         const State<Real>& state, Random<Real>& random, const See& see) {
    const Real per_speed = constant<Real>(1 / kSpeed);
    see(0, measured(state.current, o.noise, random) * constant<Real>(1 / kAmperes));
    see(1, measured(state.speed + bias(task, trial), o.noise, random) * per_speed);
    see(2, set_point(state.targets, state.steps, kSteps) * per_speed);
    see(3, state.input);
    see(4, state.error_sum * Real(0.25f));
  }

  /// −|e|/400 of the true speed after the step, and up to −1 where the current is beyond its limit, for its part beyond it.
  template <class Real>
  FN static Outcome<Real> step(const Options&, const Task<Real>& task, Trial<Real>& trial, State<Real>& state,
                               const Array<Real, 1>& action, Random<Real>&) {
    const Real one(1), input = clamp(action[0], Real(-1), one);
    const Mask<Real> faulty = trial.seconds >= task.fault_second;
    const Real limit = select(faulty, task.voltage_limit, Real(static_cast<float>(kVolts)));
    const Real voltage = clamp(input * constant<Real>(kVolts), -limit, limit);

    const Real warm = one + clamp(task.heating * trial.seconds, Real(0), one);
    const Real magnetic = one - clamp(task.demagnetisation * trial.seconds, Real(0), Real(0.5f));
    const Real resistance = task.resistance * warm * constant<Real>(kOhms);
    const Real flux = task.flux * magnetic * constant<Real>(kFlux);
    const Real per_inductance = one / (task.inductance * constant<Real>(19e-6));
    const Real per_inertia = one / (task.inertia * constant<Real>(0.0251));
    const auto slope = [&](const Array<Real, 2>& x) FN_LAMBDA {
      const Real load =
          task.friction * tanh(Real(0.5f) * x[1]) + (task.damping + task.drag * abs(x[1])) * x[1];
      return Array<Real, 2>{(voltage - resistance * x[0] - flux * x[1]) * per_inductance,
                            (flux * x[0] - load) * per_inertia};
    };
    Array<Real, 2> x = {state.current, state.speed};
    constexpr int kSubsteps = 10;
    for (int i = 0; i < kSubsteps; ++i)
      x = runge_kutta<Real, 2>(x, constant<Real>(kSeconds / kSubsteps), slope);
    state.current = x[0];
    state.speed = x[1];
    state.input = input;
    const Real error = set_point(state.targets, state.steps, kSteps) - state.speed;
    state.error_sum =
        clamp(fma(error - bias(task, trial), constant<Real>(kSeconds), state.error_sum), Real(-4), Real(4));
    state.steps = state.steps + one;
    trial.seconds = trial.seconds + constant<Real>(kSeconds);
    const Real beyond = clamp(abs(state.current) * constant<Real>(1 / kAmperes) - one, Real(0), one);
    return {-(abs(error) * constant<Real>(1 / kSpeed) + beyond), Mask<Real>(0)};
  }

  /// The measured current is beyond 210 A.
  static bool beyond_limits(const Options&, std::span<const float> seen) {
    return seen[0] > 1 || seen[0] < -1;
  }

  static int state_number(const Options&, const State<Pack<float, 1>>&) { return 0; }

  /// The speed over the time, and its set points; at the right the current, at the left the inertia.
  template <class Canvas>
  static void sketch(const Options&, const Task<Pack<float, 1>>& task, const Trial<Pack<float, 1>>&,
                     const State<Pack<float, 1>>& state, std::span<const float>, Canvas& canvas) {
    const auto height = [](double speed) { return speed / 300; };
    canvas.frame(-0.3, -1.1, 2.3, 1.1);
    for (int i = 0; i < 3; ++i) {
      const double y = height(state.targets[i].get(0));
      canvas.line(2.0 / 3 * i, y, 2.0 / 3 * (i + 1), y, Ink::goal);
    }
    canvas.line(-0.2, 0, -0.2, 0.25 * task.inertia.get(0), Ink::scene);
    const double x = 2 * double{state.steps.get(0)} / kSteps, y = height(state.speed.get(0));
    canvas.line(2.15, 0, 2.15, state.current.get(0) / kAmperes, Ink::part);
    canvas.circle(x, y, 0.04, Ink::body);
    canvas.trace(x, y);
  }

 private:
  template <class Real>
  FN static Real bias(const Task<Real>& task, const Trial<Real>& trial) {
    return select(trial.seconds >= task.fault_second, task.sensor_bias, Real(0));
  }
};

static_assert(Environment<DcDrive>);

}  // namespace innerloop
