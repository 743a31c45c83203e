// A walker on a line: the goal lies to the left or to the right, and a step is blown about by a gust.
#pragma once

#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/lanes/maths.h"
#include "kernels/options/options.h"

namespace innerloop {

struct LineWalk {
  static constexpr const char* name = "line_walk";
  static constexpr const char* meaning = "a walker on a line, with a goal at either end";

  struct Options {
    float length = 1.0f;
    float gust = 0.01f;
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("length", o.length, above(0), "distance from the start to the goal");
    field("gust", o.gust, at_least(0), "standard deviation of what a gust adds to each step");
  }

  using Action = Continuous<1>;

  template <class Real>
  struct Task {
    Real goal;
  };
  template <class Real>
  struct State {
    Real at;
  };

  static std::vector<TaskNumber> task_numbers(const Options&) { return {{"goal"}}; }
  FN static Observation observation(const Options&) { return {.numbers = 1}; }

  template <class Real>
  FN static Task<Real> draw(const Options& o, Random<Real>& random) {
    const Real length(o.length);
    return {select(random.uniform() < Real(0.5f), -length, length)};
  }

  template <class Real>
  FN static State<Real> reset(const Options&, const Task<Real>&, Random<Real>&) {
    return {Real(0)};
  }

  template <class Real, class See>
  FN static void observe(const Options&, const Task<Real>&, const State<Real>& state, Random<Real>&,
                         const See& see) {
    see(0, state.at);
  }

  template <class Real>
  FN static Outcome<Real> step(const Options& o, const Task<Real>& task, State<Real>& state,
                               const Array<Real, 1>& action, Random<Real>& random) {
    const Real stride = clamp(action[0], constant<Real>(-0.1), constant<Real>(0.1));
    state.at = fma(Real(o.gust), random.normal(), state.at + stride);
    const Real away = abs(state.at - task.goal);
    return {-away, away < constant<Real>(0.05)};
  }
};

static_assert(Environment<LineWalk>);

}  // namespace innerloop
