// An arm's hand that moves to a hidden place: Meta-World's reach, ML1 (Yu et al. 2019), with the hand as a point that goes
// where it is told.
#pragma once

#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/sketch.h"
#include "kernels/lanes/maths.h"
#include "kernels/options/options.h"

namespace innerloop {

struct ArmReach {
  static constexpr const char* name = "arm_reach";
  static constexpr const char* meaning = "an arm's hand that moves to a hidden place";

  struct Options {
    Interval goal_x = {-0.1f, 0.1f};
    Interval goal_y = {0.8f, 0.9f};
    Interval goal_z = {0.05f, 0.3f};
    Interval gain = {1.0f, 1.0f};
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("goal_x", o.goal_x, between(-0.5, 0.5), "range of the place to reach, to the side, m");
    field("goal_y", o.goal_y, between(0.4, 1), "range of it, away from the arm's foot, m");
    field("goal_z", o.goal_z, between(0.05, 0.5), "range of its height, m");
    field("gain", o.gain, between(-2, 2),
          "range of how far the hand goes for an action of 1, times 0.01 m; below 0 the other way");
  }

  using Action = Continuous<3>;  // the way to go, -1 … 1 on each axis

  template <class Real>
  struct Task {
    Real goal_x, goal_y, goal_z, gain;
  };
  template <class Real>
  struct State {
    Real x, y, z;  // of the hand, m
  };

  static std::vector<TaskNumber> task_numbers(const Options&) { return interval_options<ArmReach>(); }
  FN static Observation observation(const Options&) { return {.numbers = 3}; }

  template <class Real>
  FN static Task<Real> draw(const Options& o, Random<Real>& random) {
    const auto in = [&](Interval range)
                        FN_LAMBDA { return random.uniform(Real(range.low), Real(range.high)); };
    return {in(o.goal_x), in(o.goal_y), in(o.goal_z), in(o.gain)};
  }

  template <class Real>
  FN static State<Real> reset(const Options&, const Task<Real>&, Random<Real>&) {
    return start<Real>();
  }

  template <class Real, class See>
  FN static void observe(const Options&, const Task<Real>&, const State<Real>& state, Random<Real>&,
                         const See& see) {
    see(0, state.x);
    see(1, state.y);
    see(2, state.z);
  }

  /// Within 0.05 m of the goal a step pays 10; elsewhere 10/(9·r² + 1), where r is how far away that is, in distances of the
  /// start from the goal.
  template <class Real>
  FN static Outcome<Real> step(const Options&, const Task<Real>& task, State<Real>& state,
                               const Array<Real, 3>& action, Random<Real>&) {
    const Real stride = constant<Real>(0.01) * task.gain;
    const auto moved = [&](Real from, Real by, double low, double high) FN_LAMBDA {
      return clamp(fma(stride, clamp(by, Real(-1), Real(1)), from), constant<Real>(low),
                   constant<Real>(high));
    };
    state.x = moved(state.x, action[0], -0.5, 0.5);
    state.y = moved(state.y, action[1], 0.4, 1);
    state.z = moved(state.z, action[2], 0.05, 0.5);
    const Real radius = constant<Real>(0.05), away = max(distance(task, state) - radius, Real(0)),
               r = away / max(distance(task, start<Real>()), radius);
    return {Real(10) / fma(Real(9) * r, r, Real(1)), Mask<Real>(0)};
  }

  /// From beside: y to the right, and the height.
  template <class Canvas>
  static void sketch(const Options&, const Task<Pack<float, 1>>& task, const State<Pack<float, 1>>& state,
                     std::span<const float>, Canvas& canvas) {
    const double y = state.y.get(0), z = state.z.get(0);
    canvas.frame(0, -0.05, 1.1, 0.6);
    canvas.line(0, 0, 1.1, 0, Ink::scene);
    canvas.circle(task.goal_y.get(0), task.goal_z.get(0), 0.05, Ink::goal);
    canvas.line(0.05, 0, 0.5 * y, 0.2 + 0.6 * z, Ink::part);
    canvas.line(0.5 * y, 0.2 + 0.6 * z, y, z, Ink::part);
    canvas.circle(y, z, 0.02, Ink::body);
    canvas.trace(y, z);
  }

 private:
  template <class Real>
  FN static State<Real> start() {
    return {Real(0), constant<Real>(0.6), constant<Real>(0.2)};
  }
  template <class Real>
  FN static Real distance(const Task<Real>& task, const State<Real>& at) {
    const Real x = at.x - task.goal_x, y = at.y - task.goal_y, z = at.z - task.goal_z;
    return sqrt(x * x + y * y + z * z);
  }
};

static_assert(Environment<ArmReach>);

}  // namespace innerloop
