// A point that walks to a hidden goal. Finn et al. 2017 (square), Rothfuss et al. 2019 (corner), Rakelly et al. 2019
// (semicircle).
#pragma once

#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/sketch.h"
#include "kernels/lanes/maths.h"
#include "kernels/options/options.h"

namespace innerloop {

struct PointNavigation {
  static constexpr const char* name = "point_navigation";
  static constexpr const char* meaning = "a point in the plane that walks to a hidden goal";

  enum class Layout { square, corner, semicircle };
  enum class Reward { dense, sparse, sparse_potential };

  struct Options {
    Layout layout = Layout::square;
    Reward reward = Reward::dense;
    float action_scale = 0.1f;
    bool end_at_goal = true;
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("layout", o.layout,
          Choices{Choice{"square", "goals uniform in [-0.5, 0.5]²; steps of at most 0.1 an axis"},
                  Choice{"corner", "goals at (±2, ±2); steps of at most 0.2 an axis"},
                  Choice{"semicircle",
                         "goals on the upper half of the unit circle; steps of at most 0.1 an axis"}},
          "where the goals lie, and how far a step goes");
    field("reward", o.reward,
          Choices{Choice{"dense", "minus the distance to the goal"},
                  Choice{"sparse",
                         "corner: the progress of steps that arrive in the goal's quadrant, 0.5 or more from "
                         "the centre; semicircle: 1 minus the distance, within 0.2 of the goal; else 0"},
                  Choice{"sparse_potential",
                         "corner: the progress, also where it is negative, of steps that start or "
                         "arrive in the goal's quadrant; else 0"}},
          "what a step is rewarded for");
    field("action_scale", o.action_scale, above(0), "movement per unit of action");
    field("end_at_goal", o.end_at_goal, "square: an episode ends within 0.01 of the goal on both axes");
  }

  /// Not every layout has every reward.
  template <class Report>
  static void validate(const Options& o, Report& report) {
    if (o.layout == Layout::square && o.reward != Reward::dense)
      report("reward", "layout square has the reward dense only");
    if (o.layout == Layout::semicircle && o.reward == Reward::sparse_potential)
      report("reward", "sparse_potential belongs to layout corner");
  }

  using Action = Continuous<2>;

  template <class Real>
  struct Task {
    Real goal_x, goal_y;
  };
  template <class Real>
  struct State {
    Real x, y;
  };

  static std::vector<TaskNumber> task_numbers(const Options&) { return {{"goal_x"}, {"goal_y"}}; }
  FN static Observation observation(const Options&) { return {.numbers = 2}; }

  template <class Real>
  FN static Task<Real> draw(const Options& options, Random<Real>& random) {
    const Real u = random.uniform(), v = random.uniform();
    if (options.layout == Layout::square) return {u - Real(0.5f), v - Real(0.5f)};
    if (options.layout == Layout::corner)
      return {select(u < Real(0.5f), Real(-2), Real(2)), select(v < Real(0.5f), Real(-2), Real(2))};
    Task<Real> task;
    sin_cos_turns(u * Real(0.5f), task.goal_y, task.goal_x);
    return task;
  }

  template <class Real>
  FN static State<Real> reset(const Options& options, const Task<Real>&, Random<Real>& random) {
    if (options.layout != Layout::corner) return {Real(0), Real(0)};
    const Real low = constant<Real>(-0.2), high = constant<Real>(0.2);
    const Real x = random.uniform(low, high);
    return {x, random.uniform(low, high)};
  }

  template <class Real, class See>
  FN static void observe(const Options&, const Task<Real>&, const State<Real>& state, Random<Real>&,
                         const See& see) {
    see(0, state.x);
    see(1, state.y);
  }

  /// Moves `state`; the reward is for the position after the step.
  template <class Real>
  FN static Outcome<Real> step(const Options& options, const Task<Real>& task, State<Real>& state,
                               const Array<Real, 2>& action, Random<Real>&) {
    const State<Real> before = state;
    const Real longest = constant<Real>(options.layout == Layout::corner ? 0.2 : 0.1);
    const Real scale(options.action_scale);
    state.x = before.x + clamp(scale * action[0], -longest, longest);
    state.y = before.y + clamp(scale * action[1], -longest, longest);
    return {reward(options, task, before, state), done(options, task, state)};
  }

  template <class Canvas>
  static void sketch(const Options& o, const Task<Pack<float, 1>>& task, const State<Pack<float, 1>>& state,
                     std::span<const float>, Canvas& canvas) {
    const double unit = o.layout == Layout::corner ? 0.2 : 0.1, x = state.x.get(0), y = state.y.get(0);
    const bool near = o.layout == Layout::semicircle && o.reward == Reward::sparse;
    const double edge = o.layout == Layout::square ? 0.6 : o.layout == Layout::corner ? 2.3 : 1.2;
    canvas.frame(-edge, o.layout == Layout::semicircle ? -0.4 : -edge, edge, edge);
    canvas.circle(0, 0, 0.2 * unit, Ink::scene);
    canvas.circle(task.goal_x.get(0), task.goal_y.get(0), near ? 0.2 : 0.4 * unit, Ink::goal);
    canvas.circle(x, y, 0.3 * unit, Ink::body);
    canvas.trace(x, y);
  }

 private:
  template <class Real>
  FN static Real distance(const Task<Real>& task, const State<Real>& at) {
    const Real x = at.x - task.goal_x, y = at.y - task.goal_y;
    return sqrt(x * x + y * y);
  }

  template <class Real>
  FN static Mask<Real> done(const Options& options, const Task<Real>& task, const State<Real>& at) {
    if (options.layout != Layout::square || !options.end_at_goal) return Mask<Real>(0);
    const Real near = constant<Real>(0.01);
    return (abs(at.x - task.goal_x) < near) & (abs(at.y - task.goal_y) < near);
  }

  // The goal, a corner, is the nearest of the four.
  template <class Real>
  FN static Mask<Real> in_goal_quadrant(const Task<Real>& task, const State<Real>& at) {
    return ((at.x > Real(0)) == (task.goal_x > Real(0))) & ((at.y > Real(0)) == (task.goal_y > Real(0)));
  }

  template <class Real>
  FN static Real reward(const Options& options, const Task<Real>& task, const State<Real>& before,
                        const State<Real>& after) {
    const Real away = distance(task, after);
    if (options.reward == Reward::dense) return -away;
    if (options.layout == Layout::semicircle)
      return select(away <= constant<Real>(0.2), Real(1) - away, Real(0));
    const Real progress = distance(task, before) - away;
    const Mask<Real> arrives = in_goal_quadrant(task, after);
    if (options.reward == Reward::sparse)
      return select(arrives & (abs(after.x) + abs(after.y) >= Real(0.5f)), progress, Real(0));
    return select(arrives | in_goal_quadrant(task, before), progress, Real(0));
  }
};

static_assert(Environment<PointNavigation>);

}  // namespace innerloop
