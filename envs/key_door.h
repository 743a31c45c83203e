// A room in the dark with a hidden key and a hidden door, again and again. Laskin et al. 2022; in the form of Grigsby, Fan and
// Zhu 2024 (AMAGO).
#pragma once

#include <string>
#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/sketch.h"
#include "kernels/environment/words.h"
#include "kernels/lanes/maths.h"
#include "kernels/options/options.h"

namespace innerloop {

// An attempt ends at the door with the key, or after `attempt_steps`; the call that follows only resets, and an episode is
// the attempt and that call. So a trial of 500 calls is trial_length 500 with any horizon from attempt_steps + 1 on, which
// then ends no episode.
struct KeyDoor {
  static constexpr const char* name = "key_door";
  static constexpr const char* meaning =
      "a room in the dark: first to the hidden key, then to the hidden door";

  struct Options {
    int size = 8;
    int attempt_steps = 50;
    bool reset_call = true;
    float key_reward = 1.0f;
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("size", o.size, between(2, 100), "cells along each side");
    field("attempt_steps", o.attempt_steps, between(1, 100000), "steps after which an attempt ends");
    field(
        "reset_call", o.reset_call,
        "a further step, which pays 0 and whose action is not looked at, stands between an attempt's end and "
        "the next start, as published: choose a horizon above attempt_steps");
    field("key_reward", o.key_reward, any_number(),
          "what the key pays, once an attempt; the door pays 1, so with 0 the return counts doors");
  }

  using Action = Discrete<>;  // 0: down, 1: left, 2: up, 3: right, 4: stay

  template <class Real>
  struct Task {
    Real start_x, start_y, key_x, key_y, door_x, door_y;  // from 0 to size − 1; cells may coincide
  };
  template <class Real>
  struct State {
    Real x, y, has_key, steps;
    Real over;  // 1 from the attempt's end to the call that resets
  };

  static std::vector<TaskNumber> task_numbers(const Options& o) {
    const Range cells = between(0, o.size - 1);
    return {{"start_x", cells, true}, {"start_y", cells, true}, {"key_x", cells, true},
            {"key_y", cells, true},   {"door_x", cells, true},  {"door_y", cells, true}};
  }
  FN static Observation observation(const Options&) { return {.numbers = 4}; }
  FN static Array<int, 1> action_sizes(const Options&) { return {5}; }

  template <class Real>
  FN static Task<Real> draw(const Options& o, Random<Real>& random) {
    using T = typename Real::value_type;
    const auto cell = [&]() FN_LAMBDA {
      return convert<T>(convert<std::int32_t>(random.uniform() * Real(static_cast<T>(o.size))));
    };
    Task<Real> task;
    task.start_x = cell();
    task.start_y = cell();
    task.key_x = cell();
    task.key_y = cell();
    task.door_x = cell();
    task.door_y = cell();
    return task;
  }

  template <class Real>
  FN static State<Real> reset(const Options&, const Task<Real>& task, Random<Real>&) {
    return {task.start_x, task.start_y, Real(0), Real(0), Real(0)};
  }

  /// The place and the attempt's steps, as parts of the size and of attempt_steps, and whether the key is held: x/N, y/N, 0 or
  /// 1, t/H.
  template <class Real, class See>
  FN static void observe(const Options& o, const Task<Real>&, const State<Real>& state, Random<Real>&,
                         const See& see) {
    using T = typename Real::value_type;
    const Real size(static_cast<T>(o.size));
    see(0, state.x / size);
    see(1, state.y / size);
    see(2, state.has_key);
    see(3, state.steps / Real(static_cast<T>(o.attempt_steps)));
  }

  /// A step pays for the key or for the door, never for both: where they share a cell, the door is the next step's.
  template <class Real>
  FN static Outcome<Real> step(const Options& o, const Task<Real>& task, State<Real>& state,
                               const IntPack<Real>& action, Random<Real>&) {
    using T = typename Real::value_type;
    const auto one_if = [&](int wanted) FN_LAMBDA {
      return select(as_mask<Real>(action == IntPack<Real>(wanted)), Real(1), Real(0));
    };
    const Mask<Real> moves = state.over == Real(0), had_key = state.has_key != Real(0);
    const Real edge(static_cast<T>(o.size - 1)), one = select(moves, Real(1), Real(0));
    state.x = clamp(state.x + one * (one_if(3) - one_if(1)), Real(0), edge);
    state.y = clamp(state.y + one * (one_if(2) - one_if(0)), Real(0), edge);
    state.steps = state.steps + one;
    const Mask<Real> takes = moves & ~had_key & (state.x == task.key_x) & (state.y == task.key_y),
                     opens = moves & had_key & (state.x == task.door_x) & (state.y == task.door_y),
                     ends = moves & (opens | (state.steps >= Real(static_cast<T>(o.attempt_steps))));
    state.has_key = select(takes, Real(1), state.has_key);
    state.over = select(ends, Real(1), state.over);
    const Real reward = select(takes, Real(o.key_reward), select(opens, Real(1), Real(0)));
    return {reward, o.reset_call ? ~moves : ends};
  }

  static std::string say(const Options& o, Seen seen) {
    const auto cell = [&](float part) {
      return std::to_string(std::lround(part * static_cast<float>(o.size)));
    };
    return "(" + cell(seen.numbers[0]) + ", " + cell(seen.numbers[1]) + ")" +
           (seen.numbers[2] > 0 ? ", key" : "");
  }
  static std::string say_action(const Options&, std::span<const float> action) {
    constexpr const char* names[] = {"down", "left", "up", "right", "stay"};
    return names[static_cast<std::size_t>(action[0])];
  }
  /// The cell, plus the number of cells with the key, plus twice as many once the attempt is over.
  static int state_number(const Options& o, const State<Pack<float, 1>>& state) {
    const auto number = [](Pack<float, 1> of) { return static_cast<int>(of.get(0)); };
    return ((2 * number(state.over) + number(state.has_key)) * o.size + number(state.y)) * o.size +
           number(state.x);
  }

  template <class Canvas>
  static void sketch(const Options& o, const Task<Pack<float, 1>>& task, const State<Pack<float, 1>>& state,
                     std::span<const float>, Canvas& canvas) {
    const auto middle = [](Pack<float, 1> cell) { return cell.get(0) + 0.5; };
    const double x = middle(state.x), y = middle(state.y), door_x = middle(task.door_x),
                 door_y = middle(task.door_y);
    canvas.rectangle(door_x - 0.5, door_y - 0.5, door_x + 0.5, door_y + 0.5, Ink::goal);
    for (int i = 0; i <= o.size; ++i) {
      canvas.line(i, 0, i, o.size, Ink::scene);
      canvas.line(0, i, o.size, i, Ink::scene);
    }
    const bool held = state.has_key.get(0) != 0;
    canvas.circle(held ? x : middle(task.key_x), held ? y : middle(task.key_y), 0.12, Ink::part);
    canvas.circle(x, y, 0.25, Ink::body);
    canvas.trace(x, y);
  }
};

static_assert(Environment<KeyDoor>);

}  // namespace innerloop
