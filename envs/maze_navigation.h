// A new maze for each task, to be walked through again and again: the goal is hidden, and stays where it is.
#pragma once

#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/sketch.h"
#include "kernels/environment/words.h"
#include "kernels/lanes/maths.h"
#include "kernels/options/options.h"

namespace innerloop {

// Rooms stand at odd places of a square of an odd number of cells along each side; between two rooms is a door or a wall, and
// the doors are a spanning tree of the rooms, each tree as likely: one way leads from each free cell to each other. A walker
// starts in the first room, looking up.
struct MazeNavigation {
  static constexpr const char* name = "maze_navigation";
  static constexpr const char* meaning =
      "a maze of its own for each task, with a hidden goal far from the start";
  static constexpr bool solved_when_paid = true;

  static constexpr int kMostCells = 15, kMostRooms = (kMostCells / 2) * (kMostCells / 2), kWindow = 5;

  enum class View { walls, window };

  struct Options {
    int size = 7;
    View view = View::walls;
    float step_cost = 0.01f;
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("size", o.size, between(5, kMostCells), "cells along each side, walls included; odd");
    field("view", o.view,
          Choices{
              Choice{"walls", "whether there is a wall ahead, to the left and to the right"},
              Choice{"window", "that, and the walls among the 5 x 5 cells around, turned as the walker is"}},
          "what is seen beside the place and the direction");
    field("step_cost", o.step_cost, between(0, 1), "what a step costs; the goal pays 1 and ends the episode");
  }
  template <class Report>
  static void validate(const Options& o, Report& report) {
    if (o.size % 2 == 0) report("size", "has to be odd: rooms and the walls around them alternate");
  }

  using Action = Discrete<>;  // 0: a step ahead, 1: turn left, 2: turn right

  /// Room by room, row by row, whether there is a door to the right of it and one above it; then the goal's room; then zeros.
  template <class Real>
  struct Task {
    Array<Real, 2 * kMostRooms + 2> number;
  };
  static constexpr bool task_in_memory = true;
  template <class Real>
  struct State {
    Real x, y;       // cells, from 0
    Real direction;  // 0 up, 1 right, 2 down, 3 left
  };

  static std::vector<TaskNumber> task_numbers(const Options& o) {
    std::vector<TaskNumber> numbers;
    for (int room = 0; room < rooms(o) * rooms(o); ++room) {
      const std::string at = std::to_string(room % rooms(o)) + "_" + std::to_string(room / rooms(o));
      numbers.push_back({"right_of_" + at, between(0, 1), true});
      numbers.push_back({"above_" + at, between(0, 1), true});
    }
    for (const char* axis : {"goal_x", "goal_y"}) numbers.push_back({axis, between(0, rooms(o) - 1), true});
    return numbers;
  }
  /// Doors lead to the goal, and it is not the room of the start; none leads out.
  static std::optional<TaskFault> task_fault(const Options& o, std::span<const float> task) {
    const int side = rooms(o);
    int number[2 * kMostRooms + 2] = {};
    for (std::size_t i = 0; i < task.size(); ++i) number[i] = static_cast<int>(task[i]);
    for (int i = 0; i < side; ++i) {
      if (number[2L * (side * i + side - 1)] != 0)
        return TaskFault{"right_of_" + std::to_string(side - 1) + "_" + std::to_string(i), "0 at the edge",
                         "1"};
      if (number[2L * (side * (side - 1) + i) + 1] != 0)
        return TaskFault{"above_" + std::to_string(i) + "_" + std::to_string(side - 1), "0 at the edge", "1"};
    }
    int distance[kMostRooms];
    measure(side, number, distance);
    const long goal = 2L * side * side;
    const int x = number[goal], y = number[goal + 1];
    if (distance[y * side + x] > 0) return std::nullopt;
    return TaskFault{"goal_x", "a room that doors lead to, and not the start",
                     "(" + std::to_string(x) + ", " + std::to_string(y) + ")"};
  }
  FN static Observation observation(const Options& o) {
    return {.numbers = 7 + (o.view == View::window ? kWindow * kWindow : 0)};
  }
  FN static Array<int, 1> action_sizes(const Options&) { return {3}; }

  /// A random walk's first ways into each room are a tree, each tree as likely (Aldous 1990, Broder 1989). The goal is one of
  /// the rooms that are at least `size` steps from the start.
  template <class Real>
  FN static void draw(const Options& o, Random<Real>& random, Task<Real>& task) {
    using T = typename Real::value_type;
    const auto below = [&](int count) FN_LAMBDA {
      return static_cast<int>(random.uniform().get(0) * static_cast<T>(count));
    };
    const int side = rooms(o), all = side * side;
    for (int i = 0; i < 2 * kMostRooms + 2; ++i) task.number[i] = Real(0);
    bool been[kMostRooms] = {};
    int x = below(side), y = below(side), left = all - 1;
    been[y * side + x] = true;
    while (left > 0) {
      const int way = below(4), to_x = x + (way == 1) - (way == 3), to_y = y + (way == 0) - (way == 2);
      if (to_x < 0 || to_y < 0 || to_x >= side || to_y >= side) continue;
      if (!been[to_y * side + to_x]) {
        been[to_y * side + to_x] = true;
        --left;
        const int door_x = way == 3 ? to_x : x, door_y = way == 2 ? to_y : y;
        task.number[2 * (door_y * side + door_x) + (way % 2 == 0 ? 1 : 0)] = Real(1);
      }
      x = to_x;
      y = to_y;
    }
    int distance[kMostRooms], far = 0, doors[2 * kMostRooms];
    for (int i = 0; i < 2 * all; ++i) doors[i] = static_cast<int>(task.number[i].get(0));
    measure(side, doors, distance);
    for (int room = 0; room < all; ++room) far += distance[room] >= o.size ? 1 : 0;
    // Of the five-cell maze no room may be as far; the farthest then is the goal.
    int wanted = below(far), goal = all - 1;
    for (int room = 0; room < all && far > 0; ++room)
      if (distance[room] >= o.size && wanted-- == 0) goal = room;
    const int goal_x = goal % side, goal_y = goal / side;
    task.number[2 * all] = Real(static_cast<T>(goal_x));
    task.number[2 * all + 1] = Real(static_cast<T>(goal_y));
  }

  template <class Real>
  FN static State<Real> reset(const Options&, const TaskNumbers<Real>&, Random<Real>&) {
    return {Real(1), Real(1), Real(0)};
  }

  /// The place, each axis from −1 to 1; the direction, as a step of it (x, y); 1 where there is a wall ahead, to the left, to
  /// the right; then the window's walls, row by row, the one farthest ahead first.
  template <class Real, class See>
  FN static void observe(const Options& o, const TaskNumbers<Real>& task, const State<Real>& state,
                         Random<Real>&, const See& see) {
    const Real half(static_cast<typename Real::value_type>(o.size) * 0.5f - 0.5f), one(1);
    see(0, state.x / half - one);
    see(1, state.y / half - one);
    const Real ahead_x = step_x(state.direction), ahead_y = step_y(state.direction);
    see(2, ahead_x);
    see(3, ahead_y);
    // To the right of a direction (x, y) is (y, −x).
    const auto wall = [&](int ahead, int right) FN_LAMBDA {
      const Real a(static_cast<typename Real::value_type>(ahead)),
          r(static_cast<typename Real::value_type>(right));
      return select(
          is_free(o, task, state.x + a * ahead_x + r * ahead_y, state.y + a * ahead_y - r * ahead_x), Real(0),
          one);
    };
    see(4, wall(1, 0));
    see(5, wall(0, -1));
    see(6, wall(0, 1));
    if (o.view == View::walls) return;
    for (int row = 0; row < kWindow; ++row)
      for (int column = 0; column < kWindow; ++column)
        see(7 + row * kWindow + column, wall(kWindow / 2 - row, column - kWindow / 2));
  }

  template <class Real>
  FN static Outcome<Real> step(const Options& o, const TaskNumbers<Real>& task, State<Real>& state,
                               const IntPack<Real>& action, Random<Real>&) {
    const auto is = [&](int wanted) FN_LAMBDA { return as_mask<Real>(action == IntPack<Real>(wanted)); };
    const Real to_x = state.x + step_x(state.direction), to_y = state.y + step_y(state.direction);
    const Mask<Real> walks = is(0) & is_free(o, task, to_x, to_y);
    state.x = select(walks, to_x, state.x);
    state.y = select(walks, to_y, state.y);
    const Real turned = state.direction + select(is(1), Real(3), select(is(2), Real(1), Real(0)));
    state.direction = select(turned >= Real(4), turned - Real(4), turned);
    const int goal = 2 * rooms(o) * rooms(o);
    const auto cell = [&](int i) FN_LAMBDA { return Real(2) * task[IntPack<Real>(i)] + Real(1); };
    const Mask<Real> there = (state.x == cell(goal)) & (state.y == cell(goal + 1));
    return {select(there, Real(1), Real(0)) - Real(o.step_cost), there};
  }

  static std::string say(const Options& o, Seen seen) {
    const auto cell = [&](float axis) {
      return std::to_string(std::lround((axis + 1) * 0.5 * (o.size - 1)));
    };
    const char* looks = seen.numbers[3] > 0   ? "up"
                        : seen.numbers[3] < 0 ? "down"
                        : seen.numbers[2] > 0 ? "right"
                                              : "left";
    return "(" + cell(seen.numbers[0]) + ", " + cell(seen.numbers[1]) + "), " + looks;
  }
  static std::string say_action(const Options&, std::span<const float> action) {
    constexpr const char* names[] = {"ahead", "turn left", "turn right"};
    return names[static_cast<std::size_t>(action[0])];
  }
  /// (direction · size + y) · size + x.
  static int state_number(const Options& o, const State<Pack<float, 1>>& state) {
    const auto number = [](Pack<float, 1> of) { return static_cast<int>(of.get(0)); };
    return (number(state.direction) * o.size + number(state.y)) * o.size + number(state.x);
  }

  template <class Canvas>
  static void sketch(const Options& o, const TaskNumbers<Pack<float, 1>>& task,
                     const State<Pack<float, 1>>& state, std::span<const float>, Canvas& canvas) {
    using One = Pack<float, 1>;
    canvas.frame(0, 0, o.size, o.size);
    const int goal = 2 * rooms(o) * rooms(o);
    const double goal_x = 2 * double{task[IntPack<One>(goal)].get(0)} + 1,
                 goal_y = 2 * double{task[IntPack<One>(goal + 1)].get(0)} + 1;
    canvas.rectangle(goal_x, goal_y, goal_x + 1, goal_y + 1, Ink::goal);
    for (int y = 0; y < o.size; ++y)
      for (int x = 0; x < o.size; ++x)
        if (is_free(o, task, One(static_cast<float>(x)), One(static_cast<float>(y))).get(0) == 0)
          canvas.rectangle(x, y, x + 1, y + 1, Ink::scene);
    const double x = state.x.get(0) + 0.5, y = state.y.get(0) + 0.5;
    canvas.circle(x, y, 0.3, Ink::body);
    canvas.line(x, y, x + 0.4 * double{step_x(state.direction).get(0)},
                y + 0.4 * double{step_y(state.direction).get(0)}, Ink::part);
    canvas.trace(x, y);
  }

  /// Rooms along each side.
  FN static int rooms(const Options& o) { return (o.size - 1) / 2; }

  /// Whether a cell can be walked on; none outside the maze can.
  template <class Real>
  FN static Mask<Real> is_free(const Options& o, const TaskNumbers<Real>& task, Real x, Real y) {
    using T = typename Real::value_type;
    using Int = IntPack<Real>;
    const Real first(1), last(static_cast<T>(o.size - 2));
    const Mask<Real> inside = (x >= first) & (y >= first) & (x <= last) & (y <= last);
    const Int column = convert<std::int32_t>(select(inside, x, first)),
              row = convert<std::int32_t>(select(inside, y, first));
    const Mask<Real> odd_x = as_mask<Real>((column & Int(1)) == Int(1)),
                     odd_y = as_mask<Real>((row & Int(1)) == Int(1));
    // The room to the left of a door or below it; of a pillar none, and of a room it does not matter.
    const Int room = ((row - Int(1)) >> 1) * Int(rooms(o)) + ((column - Int(1)) >> 1);
    const Int above = convert<std::int32_t>(select(odd_x, Real(1), Real(0)));
    const Real door = task[room * Int(2) + above];
    return inside & (odd_x | odd_y) & ((odd_x & odd_y) | (door > Real(0)));
  }

 private:
  template <class Real>
  FN static Real step_x(Real direction) {
    return select(direction == Real(1), Real(1), select(direction == Real(3), Real(-1), Real(0)));
  }
  template <class Real>
  FN static Real step_y(Real direction) {
    return select(direction == Real(0), Real(1), select(direction == Real(2), Real(-1), Real(0)));
  }
  // Steps from the start to each room, by relaxation; −1 where no doors lead.
  FN static void measure(int side, const int* doors, int* distance) {
    const int all = side * side;
    for (int room = 0; room < all; ++room) distance[room] = room == 0 ? 0 : -1;
    for (int sweep = 0; sweep < all; ++sweep)
      for (int room = 0; room < all; ++room)
        for (int way = 0; way < 2; ++way) {
          const int other = room + (way == 0 ? 1 : side);
          if (other >= all || doors[2 * room + way] == 0) continue;
          if (distance[room] >= 0 && (distance[other] < 0 || distance[other] > distance[room] + 2))
            distance[other] = distance[room] + 2;
          if (distance[other] >= 0 && (distance[room] < 0 || distance[room] > distance[other] + 2))
            distance[room] = distance[other] + 2;
        }
  }
};

static_assert(Environment<MazeNavigation>);

}  // namespace innerloop
