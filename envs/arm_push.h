// An arm's hand that pushes a puck to a hidden place on a table: after Meta-World's push, ML1 (Yu et al. 2019), in the plane,
// with a puck that slides as a task's friction and drag have it.
#pragma once

#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/sketch.h"
#include "kernels/lanes/maths.h"
#include "kernels/options/options.h"

namespace innerloop {

struct ArmPush {
  static constexpr const char* name = "arm_push";
  static constexpr const char* meaning = "an arm's hand that pushes a puck to a hidden place";

  struct Options {
    Interval puck_x = {-0.1f, 0.1f};
    Interval puck_y = {0.6f, 0.7f};
    Interval goal_x = {-0.1f, 0.1f};
    Interval goal_y = {0.8f, 0.9f};
    Interval friction = {0.1f, 1.0f};
    Interval drag = {1.25f, 50.0f};
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("puck_x", o.puck_x, between(-0.4, 0.4),
          "range of where the puck lies as episodes start, to the side, m");
    field("puck_y", o.puck_y, between(0.55, 0.9), "range of it, away from the arm's foot, m");
    field("goal_x", o.goal_x, between(-0.4, 0.4), "range of where it is to be, to the side, m");
    field("goal_y", o.goal_y, between(0.5, 0.95), "range of it, away from the arm's foot, m");
    field("friction", o.friction, between(0, 10), "range of the puck's friction with the table");
    field("drag", o.drag, between(0, 1000), "range of its viscous damping by its mass, 1/s");
  }

  using Action = Continuous<2>;  // where the hand goes, -1 … 1 on each axis: 0.2 m/s

  template <class Real>
  struct Task {
    Real puck_x, puck_y, goal_x, goal_y, friction, drag;
  };
  template <class Real>
  struct State {
    Real hand_x, hand_y, x, y, speed_x, speed_y;  // m, and the puck's, m and m/s
  };

  static std::vector<TaskNumber> task_numbers(const Options&) { return interval_options<ArmPush>(); }
  FN static Observation observation(const Options&) { return {.numbers = 6}; }

  template <class Real>
  FN static Task<Real> draw(const Options& o, Random<Real>& random) {
    const auto in = [&](Interval range)
                        FN_LAMBDA { return random.uniform(Real(range.low), Real(range.high)); };
    return {in(o.puck_x), in(o.puck_y), in(o.goal_x), in(o.goal_y), in(o.friction), in(o.drag)};
  }

  template <class Real>
  FN static State<Real> reset(const Options&, const Task<Real>& task, Random<Real>&) {
    return {Real(0), constant<Real>(0.45), task.puck_x, task.puck_y, Real(0), Real(0)};
  }

  template <class Real, class See>
  FN static void observe(const Options&, const Task<Real>&, const State<Real>& state, Random<Real>&,
                         const See& see) {
    see(0, state.hand_x);
    see(1, state.hand_y);
    see(2, state.x);
    see(3, state.y);
    see(4, state.speed_x);
    see(5, state.speed_y);
  }

  /// 5 steps of 0.01 s: the hand moves, what it runs into is pushed out of its way and goes along, and the puck slides on. A
  /// step costs 0.1 a metre between hand and puck, and pays 10 where the puck is within 0.05 m of the goal; elsewhere
  /// 10/(9·r² + 1), where r is how far away that is, in distances of the puck's start from the goal.
  template <class Real>
  FN static Outcome<Real> step(const Options&, const Task<Real>& task, State<Real>& state,
                               const Array<Real, 2>& action, Random<Real>&) {
    const Real seconds = constant<Real>(0.01), fastest = constant<Real>(0.2),
               reach = constant<Real>(2 * kRadius);
    const Real hand_speed_x = fastest * clamp(action[0], Real(-1), Real(1)),
               hand_speed_y = fastest * clamp(action[1], Real(-1), Real(1));
    const Real slowed = Real(1) / fma(task.drag, seconds, Real(1));
    const Real stopped = constant<Real>(9.81 * 0.01) * task.friction;
    for (int i = 0; i < 5; ++i) {
      state.hand_x = in_x(fma(seconds, hand_speed_x, state.hand_x));
      state.hand_y = in_y(fma(seconds, hand_speed_y, state.hand_y));
      const Real off_x = state.x - state.hand_x, off_y = state.y - state.hand_y, apart = length(off_x, off_y);
      const Mask<Real> touches = apart < reach;
      const Real inverse = Real(1) / max(apart, constant<Real>(1e-6)), nx = off_x * inverse,
                 ny = off_y * inverse;
      const Real pushed =
          max(nx * (hand_speed_x - state.speed_x) + ny * (hand_speed_y - state.speed_y), Real(0));
      const Real gained = select(touches, pushed, Real(0)), out = select(touches, reach - apart, Real(0));
      const Real speed_x = fma(gained, nx, state.speed_x) * slowed,
                 speed_y = fma(gained, ny, state.speed_y) * slowed;
      const Real speed = length(speed_x, speed_y),
                 kept = max(Real(1) - stopped / max(speed, constant<Real>(1e-6)), Real(0));
      state.speed_x = speed_x * kept;
      state.speed_y = speed_y * kept;
      state.x = in_x(fma(seconds, state.speed_x, fma(out, nx, state.x)));
      state.y = in_y(fma(seconds, state.speed_y, fma(out, ny, state.y)));
    }
    const Real radius = constant<Real>(0.05);
    const Real away = max(length(state.x - task.goal_x, state.y - task.goal_y) - radius, Real(0)),
               r = away / max(length(task.puck_x - task.goal_x, task.puck_y - task.goal_y), radius);
    const Real apart = length(state.x - state.hand_x, state.y - state.hand_y);
    return {fma(constant<Real>(-0.1), apart, Real(10) / fma(Real(9) * r, r, Real(1))), Mask<Real>(0)};
  }

  /// From above.
  template <class Canvas>
  static void sketch(const Options&, const Task<Pack<float, 1>>& task, const State<Pack<float, 1>>& state,
                     std::span<const float>, Canvas& canvas) {
    const double x = state.x.get(0), y = state.y.get(0);
    canvas.frame(-0.55, 0.35, 0.55, 1.05);
    canvas.rectangle(-0.5, 0.4, 0.5, 1, Ink::scene);
    canvas.circle(task.goal_x.get(0), task.goal_y.get(0), 0.05, Ink::goal);
    canvas.circle(state.hand_x.get(0), state.hand_y.get(0), kRadius, Ink::part);
    canvas.circle(x, y, kRadius, Ink::body);
    canvas.trace(x, y);
  }

 private:
  static constexpr double kRadius = 0.03;  // of the hand and of the puck, m

  template <class Real>
  FN static Real length(Real x, Real y) {
    return sqrt(x * x + y * y);
  }
  // On the table.
  template <class Real>
  FN static Real in_x(Real x) {
    return clamp(x, constant<Real>(-0.5), constant<Real>(0.5));
  }
  template <class Real>
  FN static Real in_y(Real y) {
    return clamp(y, constant<Real>(0.4), Real(1));
  }
};

static_assert(Environment<ArmPush>);

}  // namespace innerloop
