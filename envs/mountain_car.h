// A car too weak for the hill before it, which has to swing back first, with randomised physics and goal. Moore 1990,
// in Gym's form (MountainCar-v0).
#pragma once

#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/sketch.h"
#include "kernels/lanes/maths.h"
#include "kernels/options/options.h"

namespace innerloop {

struct MountainCar {
  static constexpr const char* name = "mountain_car";
  static constexpr const char* meaning = "a weak car in a valley, of random force, gravity and goal";
  static constexpr bool pays_alike = true;

  struct Options {
    Interval force = {0.0008f, 0.0015f};
    Interval gravity = {0.002f, 0.003f};
    Interval goal_position = {0.4f, 0.55f};
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("force", o.force, any_number(),
          "range of what pushing adds to the velocity a step; below 0, right pushes to the left");
    field("gravity", o.gravity, above(0), "range of the hill's strongest pull, velocity a step");
    field("goal_position", o.goal_position, between(-0.4, 0.6),
          "range of the position to be reached; starts lie between -0.6 and -0.4");
  }

  using Action = Discrete<>;  // 0: push left, 1: do not push, 2: push right

  template <class Real>
  struct Task {
    Real force, gravity, goal_position;
  };
  template <class Real>
  struct State {
    Real position, velocity;
  };

  static std::vector<TaskNumber> task_numbers(const Options&) { return interval_options<MountainCar>(); }
  FN static Observation observation(const Options&) { return {.numbers = 2}; }
  FN static Array<int, 1> action_sizes(const Options&) { return {3}; }

  template <class Real>
  FN static Task<Real> draw(const Options& options, Random<Real>& random) {
    const auto in = [&](Interval range)
                        FN_LAMBDA { return random.uniform(Real(range.low), Real(range.high)); };
    return {in(options.force), in(options.gravity), in(options.goal_position)};
  }

  template <class Real>
  FN static State<Real> reset(const Options&, const Task<Real>&, Random<Real>& random) {
    return {random.uniform(constant<Real>(-0.6), constant<Real>(-0.4)), Real(0)};
  }

  template <class Real, class See>
  FN static void observe(const Options&, const Task<Real>&, const State<Real>& state, Random<Real>&,
                         const See& see) {
    see(0, state.position);
    see(1, state.velocity);
  }

  /// Every step costs 1, the one that reaches the goal too.
  template <class Real>
  FN static Outcome<Real> step(const Options&, const Task<Real>& task, State<Real>& state,
                               const IntPack<Real>& action, Random<Real>&) {
    const Real fastest = constant<Real>(0.07), wall = constant<Real>(-1.2);
    const Real push = convert<typename Real::value_type>(action) - Real(1);
    Real sine, cosine;
    sin_cos(Real(3) * state.position, sine, cosine);
    const Real velocity =
        clamp(state.velocity + push * task.force - cosine * task.gravity, -fastest, fastest);
    state.position = clamp(state.position + velocity, wall, constant<Real>(0.6));
    state.velocity = select((state.position == wall) & (velocity < Real(0)), Real(0), velocity);
    return {Real(-1), (state.position >= task.goal_position) & (state.velocity >= Real(0))};
  }

  /// The hill whose slope is the pull: as in Gym, sin(3·position).
  template <class Canvas>
  static void sketch(const Options&, const Task<Pack<float, 1>>& task, const State<Pack<float, 1>>& state,
                     std::span<const float>, Canvas& canvas) {
    const auto height = [](double at) { return 0.45 * std::sin(3 * at); };
    std::vector<std::array<double, 2>> hill = {{0.6, -0.6}, {-1.2, -0.6}};
    for (int i = 0; i <= 36; ++i) {
      const double at = -1.2 + 0.05 * i;
      hill.push_back({at, height(at)});
    }
    const double x = state.position.get(0), goal = task.goal_position.get(0);
    canvas.frame(-1.2, -0.6, 0.6, 0.7);
    canvas.polygon(hill, Ink::scene);
    canvas.line(goal, height(goal), goal, height(goal) + 0.25, Ink::goal);
    canvas.circle(x, height(x) + 0.05, 0.05, Ink::body);
    canvas.trace(x, height(x) + 0.05);
  }
};

static_assert(Environment<MountainCar>);

}  // namespace innerloop
