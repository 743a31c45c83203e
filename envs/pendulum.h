// A pendulum swung up and held by a weak motor, with randomised physics. Gym's Pendulum-v1.
#pragma once

#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/sketch.h"
#include "kernels/lanes/maths.h"
#include "kernels/options/options.h"

namespace innerloop {

struct Pendulum {
  static constexpr const char* name = "pendulum";
  static constexpr const char* meaning =
      "a pendulum to be swung up and held, of random mass, length and gravity";

  struct Options {
    Interval mass = {0.5f, 2.0f};
    Interval length = {0.5f, 1.5f};
    Interval gravity = {8.0f, 12.0f};
    Interval max_torque = {2.0f, 2.0f};
    Interval target_angle = {0.0f, 0.0f};
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("mass", o.mass, above(0), "range of the pendulum's mass, kg");
    field("length", o.length, above(0), "range of its length, m");
    field("gravity", o.gravity, above(0), "range of the gravity, m/s²");
    field("max_torque", o.max_torque, above(0),
          "range of what the torque is clipped to, either way, N·m; to hold the pendulum at an angle θ takes "
          "½·mass·gravity·length·sin θ");
    field("target_angle", o.target_angle, any_number(),
          "range of the angle that is rewarded, rad from upright; not observed");
  }

  using Action = Continuous<1>;  // the torque, N·m

  template <class Real>
  struct Task {
    Real mass, length, gravity, max_torque, target_angle;  // kg, m, m/s², N·m, rad from upright
  };
  template <class Real>
  struct State {
    Real angle, velocity;  // rad from upright in [−π, π], rad/s
  };

  static std::vector<TaskNumber> task_numbers(const Options&) { return interval_options<Pendulum>(); }
  FN static Observation observation(const Options&) { return {.numbers = 3}; }

  template <class Real>
  FN static Task<Real> draw(const Options& options, Random<Real>& random) {
    const auto in = [&](Interval range)
                        FN_LAMBDA { return random.uniform(Real(range.low), Real(range.high)); };
    return {in(options.mass), in(options.length), in(options.gravity), in(options.max_torque),
            in(options.target_angle)};
  }

  template <class Real>
  FN static State<Real> reset(const Options&, const Task<Real>&, Random<Real>& random) {
    const Real turn = constant<Real>(3.14159265358979323846);
    const Real angle = random.uniform(-turn, turn);
    return {angle, random.uniform(Real(-1), Real(1))};
  }

  template <class Real, class See>
  FN static void observe(const Options&, const Task<Real>&, const State<Real>& state, Random<Real>&,
                         const See& see) {
    Real sine, cosine;
    sin_cos(state.angle, sine, cosine);
    see(0, cosine);
    see(1, sine);
    see(2, state.velocity);
  }

  /// As in Gym, the cost is of the torque and of the state that it is applied in.
  template <class Real>
  FN static Outcome<Real> step(const Options&, const Task<Real>& task, State<Real>& state,
                               const Array<Real, 1>& action, Random<Real>&) {
    const Real torque = clamp(action[0], -task.max_torque, task.max_torque);
    const Real away = wrap_angle(state.angle - task.target_angle);
    const Real cost = away * away + constant<Real>(0.1) * state.velocity * state.velocity +
                      constant<Real>(0.001) * torque * torque;

    Real sine, cosine;
    sin_cos(state.angle, sine, cosine);
    const Real acceleration = Real(1.5f) * task.gravity / task.length * sine +
                              Real(3) * torque / (task.mass * task.length * task.length);
    const Real seconds = constant<Real>(0.05);
    state.velocity = clamp(fma(acceleration, seconds, state.velocity), Real(-8), Real(8));
    state.angle = wrap_angle(fma(state.velocity, seconds, state.angle));
    return {-cost, Mask<Real>(0)};
  }

  template <class Canvas>
  static void sketch(const Options& o, const Task<Pack<float, 1>>& task, const State<Pack<float, 1>>& state,
                     std::span<const float>, Canvas& canvas) {
    const double length = task.length.get(0), angle = state.angle.get(0), target = task.target_angle.get(0),
                 x = length * std::sin(angle), y = length * std::cos(angle);
    const double edge = 1.15 * double{o.length.high};
    canvas.frame(-edge, -edge, edge, edge);
    canvas.circle(0, 0, 1.1 * length, Ink::scene);
    canvas.circle(length * std::sin(target), length * std::cos(target), 0.12, Ink::goal);
    canvas.line(0, 0, x, y, Ink::body);
    canvas.circle(x, y, 0.08, Ink::part);
    canvas.trace(x, y);
  }
};

static_assert(Environment<Pendulum>);

}  // namespace innerloop
