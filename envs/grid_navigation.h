// A walk over the cells of a square grid to a hidden goal. Zintgraf et al. 2020 (VariBAD).
#pragma once

#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/sketch.h"
#include "kernels/environment/words.h"
#include "kernels/options/options.h"

namespace innerloop {

struct GridNavigation {
  static constexpr const char* name = "grid_navigation";
  static constexpr const char* meaning = "a walk over a grid to a hidden goal cell";

  struct Options {
    int size = 5;
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("size", o.size, between(3, 100),
          "cells along each side; the goal is any but (0, 0), the start, (0, 1), (1, 0) and (1, 1)");
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
  /// What is seen is a cell, and a step's reward depends on the cell that it ends in alone.
  static int grid_side(const Options& o) { return o.size; }
  FN static Array<int, 1> action_sizes(const Options&) { return {5}; }

  template <class Real>
  FN static Task<Real> draw(const Options& options, Random<Real>& random) {
    using T = typename Real::value_type;
    using Int = IntPack<Real>;
    const int size = options.size;
    // Row by row, without the first two cells of the first two rows.
    const Int number = convert<std::int32_t>(random.uniform() * Real(static_cast<T>(size * size - 4)));
    const Int cell = number + select(number < Int(size - 2), Int(2), Int(4));
    const Int row = cell / Int(size);
    return {convert<T>(cell - row * Int(size)), convert<T>(row)};
  }

  template <class Real>
  FN static State<Real> reset(const Options&, const Task<Real>&, Random<Real>&) {
    return {Real(0), Real(0)};
  }

  /// The place, each axis from −1 to 1.
  template <class Real, class See>
  FN static void observe(const Options& options, const Task<Real>&, const State<Real>& state, Random<Real>&,
                         const See& see) {
    const Real half = Real(0.5f) * last<Real>(options);
    see(0, state.x / half - Real(1));
    see(1, state.y / half - Real(1));
  }

  /// 1 for a step that ends on the goal, else −0.1; the episode goes on.
  template <class Real>
  FN static Outcome<Real> step(const Options& options, const Task<Real>& task, State<Real>& state,
                               const IntPack<Real>& action, Random<Real>&) {
    const auto one_if = [&](int wanted) FN_LAMBDA {
      return select(as_mask<Real>(action == IntPack<Real>(wanted)), Real(1), Real(0));
    };
    const Real edge = last<Real>(options);
    state.x = clamp(state.x + one_if(2) - one_if(4), Real(0), edge);
    state.y = clamp(state.y + one_if(1) - one_if(3), Real(0), edge);
    const Mask<Real> there = (state.x == task.goal_x) & (state.y == task.goal_y);
    return {select(there, Real(1), constant<Real>(-0.1)), Mask<Real>(0)};
  }

  static std::string say(const Options& options, Seen seen) {
    const auto cell = [&](float axis) { return std::lround((axis + 1) * 0.5 * (options.size - 1)); };
    return "(" + std::to_string(cell(seen.numbers[0])) + ", " + std::to_string(cell(seen.numbers[1])) + ")";
  }
  static std::string say_action(const Options&, std::span<const float> action) {
    constexpr const char* names[] = {"stay", "up", "right", "down", "left"};
    return names[static_cast<std::size_t>(action[0])];
  }
  static int state_number(const Options& options, const State<Pack<float, 1>>& state) {
    return static_cast<int>(state.y.get(0)) * options.size + static_cast<int>(state.x.get(0));
  }

  template <class Canvas>
  static void sketch(const Options& options, const Task<Pack<float, 1>>& task,
                     const State<Pack<float, 1>>& state, std::span<const float>, Canvas& canvas) {
    const int size = options.size;
    const double x = state.x.get(0) + 0.5, y = state.y.get(0) + 0.5, goal_x = task.goal_x.get(0),
                 goal_y = task.goal_y.get(0);
    canvas.rectangle(goal_x, goal_y, goal_x + 1, goal_y + 1, Ink::goal);
    for (int i = 0; i <= size; ++i) {
      canvas.line(i, 0, i, size, Ink::scene);
      canvas.line(0, i, size, i, Ink::scene);
    }
    canvas.circle(x, y, 0.25, Ink::body);
    canvas.trace(x, y);
  }

 private:
  // The largest coordinate.
  template <class Real>
  FN static Real last(const Options& options) {
    return Real(static_cast<typename Real::value_type>(options.size - 1));
  }
};

static_assert(Environment<GridNavigation>);

}  // namespace innerloop
