// A pole balanced on a cart, with randomised physics. Barto, Sutton and Anderson 1983, in Gym's form (explicit Euler).
#pragma once

#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/sketch.h"
#include "kernels/lanes/maths.h"
#include "kernels/options/options.h"

namespace innerloop {

struct CartPole {
  static constexpr const char* name = "cartpole";
  static constexpr const char* meaning = "a pole on a cart, of random masses, length, force and gravity";
  static constexpr bool pays_alike = true;

  struct Options {
    Interval cart_mass = {0.5f, 2.0f};
    Interval pole_mass = {0.05f, 0.2f};
    Interval pole_half_length = {0.25f, 1.0f};
    Interval force = {5.0f, 15.0f};
    Interval gravity = {8.0f, 12.0f};
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("cart_mass", o.cart_mass, above(0), "range of the cart's mass, kg");
    field("pole_mass", o.pole_mass, above(0), "range of the pole's mass, kg");
    field("pole_half_length", o.pole_half_length, above(0), "range of half the pole's length, m");
    field("force", o.force, above(0), "range of the push to either side, N");
    field("gravity", o.gravity, above(0), "range of the gravity, m/s²");
  }

  using Action = Discrete<>;  // 0: push left, 1: push right

  template <class Real>
  struct Task {
    Real cart_mass, pole_mass, pole_half_length, force, gravity;  // kg, kg, m, N, m/s²
  };
  template <class Real>
  struct State {
    Real position, velocity, angle, angular_velocity;  // m, m/s, rad from upright, rad/s
  };

  static std::vector<TaskNumber> task_numbers(const Options&) { return interval_options<CartPole>(); }
  FN static Observation observation(const Options&) { return {.numbers = 4}; }
  FN static Array<int, 1> action_sizes(const Options&) { return {2}; }

  template <class Real>
  FN static Task<Real> draw(const Options& options, Random<Real>& random) {
    Task<Real> task;
    task.cart_mass = random.uniform(Real(options.cart_mass.low), Real(options.cart_mass.high));
    task.pole_mass = random.uniform(Real(options.pole_mass.low), Real(options.pole_mass.high));
    task.pole_half_length =
        random.uniform(Real(options.pole_half_length.low), Real(options.pole_half_length.high));
    task.force = random.uniform(Real(options.force.low), Real(options.force.high));
    task.gravity = random.uniform(Real(options.gravity.low), Real(options.gravity.high));
    return task;
  }

  template <class Real>
  FN static State<Real> reset(const Options&, const Task<Real>&, Random<Real>& random) {
    const Real low = constant<Real>(-0.05), high = constant<Real>(0.05);
    State<Real> state;
    state.position = random.uniform(low, high);
    state.velocity = random.uniform(low, high);
    state.angle = random.uniform(low, high);
    state.angular_velocity = random.uniform(low, high);
    return state;
  }

  template <class Real, class See>
  FN static void observe(const Options&, const Task<Real>&, const State<Real>& state, Random<Real>&,
                         const See& see) {
    see(0, state.position);
    see(1, state.velocity);
    see(2, state.angle);
    see(3, state.angular_velocity);
  }

  /// Every step is rewarded with 1, the one that ends the episode too.
  template <class Real>
  FN static Outcome<Real> step(const Options&, const Task<Real>& task, State<Real>& state,
                               const IntPack<Real>& action, Random<Real>&) {
    const Real force = select(as_mask<Real>(action == IntPack<Real>(1)), task.force, -task.force);
    const Real total_mass = task.cart_mass + task.pole_mass;
    const Real pole_moment = task.pole_mass * task.pole_half_length;
    Real sine, cosine;
    sin_cos(state.angle, sine, cosine);

    const Real push =
        (force + pole_moment * state.angular_velocity * state.angular_velocity * sine) / total_mass;
    const Real angular_acceleration =
        (task.gravity * sine - cosine * push) /
        (task.pole_half_length * (constant<Real>(4.0 / 3.0) - task.pole_mass * cosine * cosine / total_mass));
    const Real acceleration = push - pole_moment * angular_acceleration * cosine / total_mass;

    const Real seconds = constant<Real>(0.02);
    state.position = fma(seconds, state.velocity, state.position);
    state.velocity = fma(seconds, acceleration, state.velocity);
    state.angle = fma(seconds, state.angular_velocity, state.angle);
    state.angular_velocity = fma(seconds, angular_acceleration, state.angular_velocity);

    constexpr double kTwelveDegrees = 12 * 3.14159265358979323846 / 180;
    const Mask<Real> fallen = abs(state.angle) > constant<Real>(kTwelveDegrees);
    return {Real(1), fallen | (abs(state.position) > constant<Real>(2.4))};
  }

  template <class Canvas>
  static void sketch(const Options& o, const Task<Pack<float, 1>>& task, const State<Pack<float, 1>>& state,
                     std::span<const float>, Canvas& canvas) {
    const double x = state.position.get(0), angle = state.angle.get(0),
                 length = 2 * task.pole_half_length.get(0), tip_x = x + length * std::sin(angle),
                 tip_y = length * std::cos(angle);
    canvas.frame(-2.6, -0.3, 2.6, 2 * double{o.pole_half_length.high} + 0.1);
    canvas.line(-2.4, 0, 2.4, 0, Ink::scene);
    canvas.rectangle(x - 0.25, -0.15, x + 0.25, 0.15, Ink::body);
    canvas.line(x, 0, tip_x, tip_y, Ink::part);
    canvas.trace(tip_x, tip_y);
  }
};

static_assert(Environment<CartPole>);

}  // namespace innerloop
