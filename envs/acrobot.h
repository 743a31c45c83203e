// Two links hung up by one end, to be swung up by a motor between them, with randomised physics. Sutton 1996, in Gym's
// form (Acrobot-v1: the equations of Sutton and Barto's book, Runge-Kutta steps of 0.2 s).
#pragma once

#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/sketch.h"
#include "kernels/lanes/maths.h"
#include "kernels/options/options.h"

namespace innerloop {

struct Acrobot {
  static constexpr const char* name = "acrobot";
  static constexpr const char* meaning = "two links to be swung up, of random length, masses and inertia";

  // The second link's length has no part in Gym's dynamics, and none in its goal.
  struct Options {
    Interval length_1 = {0.5f, 2.0f};
    Interval mass_1 = {0.5f, 2.0f};
    Interval mass_2 = {0.5f, 2.0f};
    Interval centre_1 = {0.25f, 1.0f};
    Interval centre_2 = {0.25f, 1.0f};
    Interval inertia = {0.5f, 2.0f};
    Interval gravity = {9.8f, 9.8f};
    Interval torque = {1.0f, 1.0f};
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("length_1", o.length_1, above(0), "range of the first link's length, m");
    field("mass_1", o.mass_1, above(0), "range of its mass, kg");
    field("mass_2", o.mass_2, above(0), "range of the second link's mass, kg");
    field("centre_1", o.centre_1, above(0), "range of the first link's centre of mass, m from its upper end");
    field("centre_2", o.centre_2, above(0), "range of the second link's centre of mass, m from the motor");
    field("inertia", o.inertia, above(0), "range of the moment of inertia of each link, kg·m²");
    field("gravity", o.gravity, above(0), "range of the gravity, m/s²");
    field("torque", o.torque, any_number(),
          "range of the motor's torque, N·m; below 0, the actions' directions are swapped");
  }

  using Action = Discrete<>;  // 0: −torque, 1: none, 2: +torque

  template <class Real>
  struct Task {
    Real length_1, mass_1, mass_2, centre_1, centre_2, inertia, gravity, torque;
  };
  template <class Real>
  struct State {
    Real angle_1, angle_2;  // rad, of the first link from hanging, of the second from the first; in [−π, π]
    Real velocity_1, velocity_2;  // rad/s
  };

  static std::vector<TaskNumber> task_numbers(const Options&) { return interval_options<Acrobot>(); }
  FN static Observation observation(const Options&) { return {.numbers = 6}; }
  FN static Array<int, 1> action_sizes(const Options&) { return {3}; }

  template <class Real>
  FN static Task<Real> draw(const Options& o, Random<Real>& random) {
    const auto in = [&](Interval range)
                        FN_LAMBDA { return random.uniform(Real(range.low), Real(range.high)); };
    return {in(o.length_1), in(o.mass_1),  in(o.mass_2),  in(o.centre_1),
            in(o.centre_2), in(o.inertia), in(o.gravity), in(o.torque)};
  }

  template <class Real>
  FN static State<Real> reset(const Options&, const Task<Real>&, Random<Real>& random) {
    const auto little = [&]() FN_LAMBDA { return random.uniform(constant<Real>(-0.1), constant<Real>(0.1)); };
    return {little(), little(), little(), little()};
  }

  template <class Real, class See>
  FN static void observe(const Options&, const Task<Real>&, const State<Real>& state, Random<Real>&,
                         const See& see) {
    Real sine_1, cosine_1, sine_2, cosine_2;
    sin_cos(state.angle_1, sine_1, cosine_1);
    sin_cos(state.angle_2, sine_2, cosine_2);
    see(0, cosine_1);
    see(1, sine_1);
    see(2, cosine_2);
    see(3, sine_2);
    see(4, state.velocity_1);
    see(5, state.velocity_2);
  }

  /// Every step costs 1, but not the one that brings the tip of two links of 1 m to a height of 1 m above the upper end,
  /// and ends the episode.
  template <class Real>
  FN static Outcome<Real> step(const Options&, const Task<Real>& task, State<Real>& state,
                               const IntPack<Real>& action, Random<Real>&) {
    const Real torque = (convert<typename Real::value_type>(action) - Real(1)) * task.torque;
    const double seconds = 0.2;
    // Runge and Kutta's four slopes, and their sum.
    State<Real> slope = slopes(task, state, torque), sum = slope;
    for (int stage = 1; stage < 4; ++stage) {
      const bool last = stage == 3;
      slope = slopes(task, moved(state, constant<Real>(last ? seconds : seconds / 2), slope), torque);
      sum = moved(sum, Real(last ? 1.0f : 2.0f), slope);
    }
    state = moved(state, constant<Real>(seconds / 6), sum);

    constexpr double kPi = 3.14159265358979323846;
    const Real fastest_1 = constant<Real>(4 * kPi), fastest_2 = constant<Real>(9 * kPi);
    state.angle_1 = wrap_angle(state.angle_1);
    state.angle_2 = wrap_angle(state.angle_2);
    state.velocity_1 = clamp(state.velocity_1, -fastest_1, fastest_1);
    state.velocity_2 = clamp(state.velocity_2, -fastest_2, fastest_2);

    Real sine, cosine_1, cosine_12;
    sin_cos(state.angle_1, sine, cosine_1);
    sin_cos(state.angle_1 + state.angle_2, sine, cosine_12);
    const Mask<Real> done = -cosine_1 - cosine_12 > Real(1);
    return {select(done, Real(0), Real(-1)), done};
  }

  /// Two links of 1 m, by whose tip the height is measured.
  template <class Canvas>
  static void sketch(const Options&, const Task<Pack<float, 1>>&, const State<Pack<float, 1>>& state,
                     std::span<const float>, Canvas& canvas) {
    const double angle = state.angle_1.get(0), angle_12 = angle + state.angle_2.get(0), x = std::sin(angle),
                 y = -std::cos(angle), tip_x = x + std::sin(angle_12), tip_y = y - std::cos(angle_12);
    canvas.circle(0, 0, 2, Ink::scene);
    canvas.line(-1.7, 1, 1.7, 1, Ink::goal);
    canvas.line(0, 0, x, y, Ink::body);
    canvas.line(x, y, tip_x, tip_y, Ink::part);
  }

 private:
  // from + amount · by
  template <class Real>
  FN static State<Real> moved(const State<Real>& from, const Real& amount, const State<Real>& by) {
    return {fma(amount, by.angle_1, from.angle_1), fma(amount, by.angle_2, from.angle_2),
            fma(amount, by.velocity_1, from.velocity_1), fma(amount, by.velocity_2, from.velocity_2)};
  }

  // How the state changes, a second.
  template <class Real>
  FN static State<Real> slopes(const Task<Real>& task, const State<Real>& s, const Real& torque) {
    Real sine_1, sine_2, cosine_2, sine_12, unused;
    sin_cos(s.angle_1, sine_1, unused);
    sin_cos(s.angle_2, sine_2, cosine_2);
    sin_cos(s.angle_1 + s.angle_2, sine_12, unused);

    const Real arm = task.mass_2 * task.length_1 * task.centre_2;
    const Real own_2 = task.mass_2 * task.centre_2 * task.centre_2 + task.inertia;
    const Real shared = own_2 + arm * cosine_2;
    const Real whole = task.mass_1 * task.centre_1 * task.centre_1 +
                       task.mass_2 * task.length_1 * task.length_1 + task.inertia + own_2 +
                       Real(2) * arm * cosine_2;
    const Real pull_2 = task.mass_2 * task.centre_2 * task.gravity * sine_12;
    const Real pull_1 = (task.mass_1 * task.centre_1 + task.mass_2 * task.length_1) * task.gravity * sine_1 +
                        pull_2 - arm * sine_2 * s.velocity_2 * (s.velocity_2 + Real(2) * s.velocity_1);
    const Real acceleration_2 =
        (torque + shared / whole * pull_1 - arm * sine_2 * s.velocity_1 * s.velocity_1 - pull_2) /
        (own_2 - shared * shared / whole);
    const Real acceleration_1 = -(shared * acceleration_2 + pull_1) / whole;
    return {s.velocity_1, s.velocity_2, acceleration_1, acceleration_2};
  }
};

static_assert(Environment<Acrobot>);

}  // namespace innerloop
