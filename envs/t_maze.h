// A corridor whose start shows on which side of its far end the goal lies. Ni, Ma, Eysenbach and Bacon 2023.
#pragma once

#include <string>
#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/sketch.h"
#include "kernels/environment/words.h"
#include "kernels/lanes/maths.h"
#include "kernels/options/options.h"

namespace innerloop {

// Cells (x, 0), x = 0 … junction, and the two ends (junction, ±1). The cue is shown once, at x = 0.
struct TMaze {
  static constexpr const char* name = "t_maze";
  static constexpr const char* meaning = "a corridor at whose end what its start showed has to be remembered";

  enum class Start { cue, beside };

  struct Options {
    int corridor = 10;
    Start start = Start::cue;
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field(
        "corridor", o.corridor, between(1, 10000),
        "L: cells to go from the cue to the junction, or from the cell beside it; an episode ends by itself "
        "after L + 1 steps, or L + 3");
    field("start", o.start,
          Choices{Choice{"cue", "where the cue is shown (passive): the task is to remember alone"},
                  Choice{"beside", "one cell further on (active): to go back and look comes first"}},
          "where an episode starts");
  }

  using Action = Discrete<>;  // 0: right, 1: up, 2: left, 3: down

  template <class Real>
  struct Task {
    Real goal;  // 1 or −1, the y of the end that pays
  };
  template <class Real>
  struct State {
    Real x, y, steps;
    Real cue;  // 0: not seen yet, 1: being shown, 2: seen before
  };

  static std::vector<TaskNumber> task_numbers(const Options&) { return {{"goal", between(-1, 1), true}}; }
  static std::optional<TaskFault> task_fault(const Options&, std::span<const float> task) {
    if (task[0] != 0) return std::nullopt;
    return TaskFault{"goal", "1 (up) or -1 (down)", "0"};
  }
  FN static Observation observation(const Options&) { return {.numbers = 2}; }
  FN static Array<int, 1> action_sizes(const Options&) { return {4}; }

  template <class Real>
  FN static Task<Real> draw(const Options&, Random<Real>& random) {
    return {select(random.uniform() < Real(0.5f), Real(-1), Real(1))};
  }

  template <class Real>
  FN static State<Real> reset(const Options& o, const Task<Real>&, Random<Real>&) {
    const bool at_cue = o.start == Start::cue;
    return {Real(at_cue ? 0 : 1), Real(0), Real(0), Real(at_cue ? 1 : 0)};
  }

  /// (0, goal) the first time that x is 0, (1, y) at the junction and the ends, else (0, 0).
  template <class Real, class See>
  FN static void observe(const Options& o, const Task<Real>& task, const State<Real>& state, Random<Real>&,
                         const See& see) {
    see(0, select(state.x == junction<Real>(o), Real(1), Real(0)));
    see(1, select(state.cue == Real(1), task.goal, state.y));
  }

  /// The last step pays 1 on the goal, else 0. Each one before costs 1/L where the way so far is too short to be in time.
  template <class Real>
  FN static Outcome<Real> step(const Options& o, const Task<Real>& task, State<Real>& state,
                               const IntPack<Real>& action, Random<Real>&) {
    using T = typename Real::value_type;
    const auto one_if = [&](int wanted) FN_LAMBDA {
      return select(as_mask<Real>(action == IntPack<Real>(wanted)), Real(1), Real(0));
    };
    const Real end = junction<Real>(o);
    const Mask<Real> in_corridor = state.y == Real(0), at_junction = state.x == end;
    const Real x = clamp(state.x + one_if(0) - one_if(2), Real(0), end),
               y = clamp(state.y + one_if(1) - one_if(3), Real(-1), Real(1));
    state.x = select(in_corridor, x, state.x);
    state.y = select(at_junction, y, state.y);
    state.steps = state.steps + Real(1);
    state.cue = select(state.cue == Real(0), select(state.x == Real(0), Real(1), Real(0)), Real(2));

    const Mask<Real> last = state.steps == Real(static_cast<T>(steps_of(o)));
    const Real behind = select(state.x < state.steps - Real(static_cast<T>(first_x(o))),
                               constant<Real>(-1.0 / o.corridor), Real(0)),
               found = select(state.y == task.goal, Real(1), Real(0));
    return {select(last, found, behind), last};
  }

  /// Steps of an episode.
  FN static int steps_of(const Options& o) { return o.corridor + 2 * first_x(o) + 1; }

  static std::string say(const Options&, Seen seen) {
    const float side = seen.numbers[1];
    if (seen.numbers[0] == 0) return side == 0 ? "corridor" : side > 0 ? "cue: up" : "cue: down";
    return side == 0 ? "junction" : side > 0 ? "upper end" : "lower end";
  }
  static std::string say_action(const Options&, std::span<const float> action) {
    constexpr const char* names[] = {"right", "up", "left", "down"};
    return names[static_cast<std::size_t>(action[0])];
  }
  /// x in the corridor; the upper end and the lower one are behind the junction.
  static int state_number(const Options&, const State<Pack<float, 1>>& state) {
    const int y = static_cast<int>(state.y.get(0));
    return static_cast<int>(state.x.get(0)) + (y == 0 ? 0 : y > 0 ? 1 : 2);
  }

  template <class Canvas>
  static void sketch(const Options& o, const Task<Pack<float, 1>>& task, const State<Pack<float, 1>>& state,
                     std::span<const float>, Canvas& canvas) {
    const double end = o.corridor + first_x(o), goal = task.goal.get(0), x = state.x.get(0),
                 y = state.y.get(0);
    canvas.rectangle(end - 0.5, goal - 0.5, end + 0.5, goal + 0.5, Ink::goal);
    canvas.rectangle(-0.5, -0.5, end + 0.5, 0.5, Ink::scene);
    canvas.rectangle(end - 0.5, -1.5, end + 0.5, 1.5, Ink::scene);
    if (state.cue.get(0) == 1) canvas.arrow(0, -0.4 * goal, 0, 0.4 * goal, Ink::part);
    canvas.circle(x, y, 0.25, Ink::body);
    canvas.trace(x, y);
  }

 private:
  FN static int first_x(const Options& o) { return o.start == Start::cue ? 0 : 1; }
  template <class Real>
  FN static Real junction(const Options& o) {
    return Real(static_cast<typename Real::value_type>(o.corridor + first_x(o)));
  }
};

static_assert(Environment<TMaze>);

}  // namespace innerloop
