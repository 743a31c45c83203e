// A point that walks to a known goal through a hidden steady wind. Ni, Eysenbach and Salakhutdinov 2022.
#pragma once

#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/sketch.h"
#include "kernels/lanes/maths.h"
#include "kernels/options/options.h"

namespace innerloop {

struct WindNavigation {
  static constexpr const char* name = "wind_navigation";
  static constexpr const char* meaning = "a point in the plane that walks to (0, 1) through a hidden wind";

  enum class Reward { sparse, dense };

  struct Options {
    Interval wind = {-0.08f, 0.08f};
    Reward reward = Reward::sparse;
    float goal_radius = 0.03f;
    float action_scale = 0.1f;
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("wind", o.wind, any_number(), "range of the wind on each axis, movement a step");
    field("reward", o.reward,
          Choices{Choice{"sparse", "1 within goal_radius of the goal, else 0"},
                  Choice{"dense", "minus the distance to the goal"}},
          "what a step is rewarded for");
    field("goal_radius", o.goal_radius, above(0), "of the reward sparse: how near counts as at the goal");
    field("action_scale", o.action_scale, above(0), "movement per unit of action, at most 0.1 an axis");
  }

  using Action = Continuous<2>;

  template <class Real>
  struct Task {
    Real wind_x, wind_y;
  };
  template <class Real>
  struct State {
    Real x, y;
  };

  static std::vector<TaskNumber> task_numbers(const Options&) { return {{"wind_x"}, {"wind_y"}}; }
  FN static Observation observation(const Options&) { return {.numbers = 2}; }

  template <class Real>
  FN static Task<Real> draw(const Options& options, Random<Real>& random) {
    const Real low(options.wind.low), high(options.wind.high);
    const Real x = random.uniform(low, high);
    return {x, random.uniform(low, high)};
  }

  template <class Real>
  FN static State<Real> reset(const Options&, const Task<Real>&, Random<Real>&) {
    return {Real(0), Real(0)};
  }

  template <class Real, class See>
  FN static void observe(const Options&, const Task<Real>&, const State<Real>& state, Random<Real>&,
                         const See& see) {
    see(0, state.x);
    see(1, state.y);
  }

  /// No episode ends at the goal: who stays there is rewarded again.
  template <class Real>
  FN static Outcome<Real> step(const Options& options, const Task<Real>& task, State<Real>& state,
                               const Array<Real, 2>& action, Random<Real>&) {
    const Real longest = constant<Real>(0.1), scale(options.action_scale);
    state.x = state.x + clamp(scale * action[0], -longest, longest) + task.wind_x;
    state.y = state.y + clamp(scale * action[1], -longest, longest) + task.wind_y;
    const Real up = state.y - Real(1), away = sqrt(state.x * state.x + up * up);
    const Mask<Real> never(0);
    if (options.reward == Reward::dense) return {-away, never};
    return {select(away <= Real(options.goal_radius), Real(1), Real(0)), never};
  }

  template <class Canvas>
  static void sketch(const Options& o, const Task<Pack<float, 1>>& task, const State<Pack<float, 1>>& state,
                     std::span<const float>, Canvas& canvas) {
    const double x = state.x.get(0), y = state.y.get(0);
    canvas.frame(-0.8, -0.3, 0.8, 1.3);
    canvas.circle(0, 1, o.goal_radius, Ink::goal);
    canvas.circle(0, 0, 0.02, Ink::scene);
    canvas.arrow(-0.45, 0.45, -0.45 + 4 * task.wind_x.get(0), 0.45 + 4 * task.wind_y.get(0),
                 Ink::scene);  // of four steps
    canvas.circle(x, y, 0.03, Ink::body);
    canvas.trace(x, y);
  }
};

static_assert(Environment<WindNavigation>);

}  // namespace innerloop
