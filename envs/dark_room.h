// A room in the dark, where only the reward tells the goal from any other cell. Laskin et al. 2022 (algorithm distillation),
// Lee et al. 2023 (decision-pretrained transformer).
#pragma once

#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/sketch.h"
#include "kernels/environment/words.h"
#include "kernels/lanes/maths.h"
#include "kernels/options/options.h"

namespace innerloop {

struct DarkRoom {
  static constexpr const char* name = "dark_room";
  static constexpr const char* meaning = "a square room in the dark, with a hidden goal cell anywhere in it";

  enum class Start { centre, corner };

  struct Options {
    int size = 9;
    Start start = Start::centre;
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("size", o.size, between(2, 100), "cells along each side; the goal is any of them, the start too");
    field("start", o.start,
          Choices{Choice{"centre", "the middle cell; of an even size the one above and right of the middle"},
                  Choice{"corner", "(0, 0)"}},
          "where each episode starts");
  }

  using Action = Discrete<>;  // 0: stay, 1: up, 2: right, 3: down, 4: left

  template <class Real>
  struct Task {
    Real goal_x, goal_y;  // from 0 to size − 1
  };
  template <class Real>
  struct State {
    Real x, y;
  };

  static std::vector<TaskNumber> task_numbers(const Options& o) {
    const Range cells = between(0, o.size - 1);
    return {{"goal_x", cells, true}, {"goal_y", cells, true}};
  }
  FN static Observation observation(const Options&) { return {.numbers = 2}; }
  FN static Array<int, 1> action_sizes(const Options&) { return {5}; }

  template <class Real>
  FN static Task<Real> draw(const Options& o, Random<Real>& random) {
    using T = typename Real::value_type;
    using Int = IntPack<Real>;
    const Int cell = convert<std::int32_t>(random.uniform() * Real(static_cast<T>(o.size * o.size)));
    const Int row = cell / Int(o.size);
    return {convert<T>(cell - row * Int(o.size)), convert<T>(row)};
  }

  template <class Real>
  FN static State<Real> reset(const Options& o, const Task<Real>&, Random<Real>&) {
    const Real at(static_cast<typename Real::value_type>(first_cell(o)));
    return {at, at};
  }

  /// The place, each axis from −1 to 1.
  template <class Real, class See>
  FN static void observe(const Options& o, const Task<Real>&, const State<Real>& state, Random<Real>&,
                         const See& see) {
    const Real half = Real(0.5f) * last<Real>(o);
    see(0, state.x / half - Real(1));
    see(1, state.y / half - Real(1));
  }

  /// 1 for a step that ends on the goal, else 0; the episode goes on.
  template <class Real>
  FN static Outcome<Real> step(const Options& o, const Task<Real>& task, State<Real>& state,
                               const IntPack<Real>& action, Random<Real>&) {
    const auto one_if = [&](int wanted) FN_LAMBDA {
      return select(as_mask<Real>(action == IntPack<Real>(wanted)), Real(1), Real(0));
    };
    state.x = clamp(state.x + one_if(2) - one_if(4), Real(0), last<Real>(o));
    state.y = clamp(state.y + one_if(1) - one_if(3), Real(0), last<Real>(o));
    const Mask<Real> there = (state.x == task.goal_x) & (state.y == task.goal_y);
    return {select(there, Real(1), Real(0)), Mask<Real>(0)};
  }

  /// The coordinate, on both axes, of the cell in which episodes start.
  FN static int first_cell(const Options& o) { return o.start == Start::centre ? o.size / 2 : 0; }

  static std::string say(const Options& o, Seen seen) {
    const auto cell = [&](float axis) {
      return std::to_string(std::lround((axis + 1) * 0.5 * (o.size - 1)));
    };
    return "(" + cell(seen.numbers[0]) + ", " + cell(seen.numbers[1]) + ")";
  }
  static std::string say_action(const Options&, std::span<const float> action) {
    constexpr const char* names[] = {"stay", "up", "right", "down", "left"};
    return names[static_cast<std::size_t>(action[0])];
  }
  static int state_number(const Options& o, const State<Pack<float, 1>>& state) {
    return static_cast<int>(state.y.get(0)) * o.size + static_cast<int>(state.x.get(0));
  }

  template <class Canvas>
  static void sketch(const Options& o, const Task<Pack<float, 1>>& task, const State<Pack<float, 1>>& state,
                     std::span<const float>, Canvas& canvas) {
    const double x = state.x.get(0) + 0.5, y = state.y.get(0) + 0.5, goal_x = task.goal_x.get(0),
                 goal_y = task.goal_y.get(0);
    canvas.rectangle(goal_x, goal_y, goal_x + 1, goal_y + 1, Ink::goal);
    for (int i = 0; i <= o.size; ++i) {
      canvas.line(i, 0, i, o.size, Ink::scene);
      canvas.line(0, i, o.size, i, Ink::scene);
    }
    canvas.circle(x, y, 0.25, Ink::body);
    canvas.trace(x, y);
  }

 private:
  // The largest coordinate.
  template <class Real>
  FN static Real last(const Options& o) {
    return Real(static_cast<typename Real::value_type>(o.size - 1));
  }
};

static_assert(Environment<DarkRoom>);

}  // namespace innerloop
