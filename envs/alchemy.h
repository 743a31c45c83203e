// Stones, potions and a cauldron with a hidden chemistry: DeepMind's symbolic Alchemy (Wang et al. 2021) in the reduced form of
// AlKhamissi, ElNokrashy and Ismail 2021, which counts potions by their colour.
#pragma once

#include <array>
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

// A stone is a corner of the cube {−1, 1}³, worth the sum of its coordinates, and 15 at (1, 1, 1). A potion moves it along one
// axis to one side, if it is not there yet and the chemistry has that edge; it is used up in any case. In the cauldron a stone
// pays what it is worth. An episode has three stones, twelve potions and 15 steps, enough for all of them; the chemistry is the
// task: which edges there are, which colour is which potion, and how corners look.
struct Alchemy {
  static constexpr const char* name = "alchemy";
  static constexpr const char* meaning = "stones to be made precious with potions of a hidden chemistry";

  static constexpr int kStones = 3, kColours = 6, kPotions = 12, kChoices = kColours + 1;

  struct Options {
    bool rotated = true;
    int most_requirements = 3;
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("rotated", o.rotated,
          "the corners may be seen turned by 45 degrees about an axis: in one of four tasks they are not");
    field("most_requirements", o.most_requirements, between(0, 3),
          "what an edge may ask of the other two coordinates: from 0 to so many requirements in all, each "
          "number as often");
  }

  using Action = Discrete<>;  // 0: none; 1 + 7·stone + colour, or + 6 for the cauldron

  template <class Real>
  struct Task {
    Array<Real, 6> required;     // of edges along x: the y and z, along y: x and z, along z: x and y; 0: none
    Array<Real, 3> axes;         // along which the colours 2i and 2i + 1 move a stone
    Array<Real, 3> directions;   // to which side the colour 2i + 1 does, −1 or 1; 2i to the other
    Array<Real, 3> stone_flips;  // −1 or 1: which side of an axis is seen as 1
    Real rotation;               // 0 none, 1 … 3 about that axis
  };
  template <class Real>
  struct State {
    Array<Real, 9> corners;  // of the stones, coordinate by coordinate
    Array<Real, 3> used;
    Array<Real, kColours> potions;  // that are left
  };

  static std::vector<TaskNumber> task_numbers(const Options& o) {
    std::vector<TaskNumber> numbers;
    const Range sign = between(-1, 1);
    for (const char* edge : {"x_y", "x_z", "y_x", "y_z", "z_x", "z_y"})
      numbers.push_back({std::string("required_") + edge, sign, true});
    for (int i = 0; i < 3; ++i) numbers.push_back({"axis_" + std::to_string(i), between(0, 2), true});
    for (int i = 0; i < 3; ++i) numbers.push_back({"direction_" + std::to_string(i), sign, true});
    for (const char* axis : {"x", "y", "z"})
      numbers.push_back({std::string("stone_flip_") + axis, sign, true});
    numbers.push_back({"rotation", between(0, o.rotated ? 3 : 0), true});
    return numbers;
  }
  /// The axes of the potions are three different ones, and signs are −1 or 1.
  static std::optional<TaskFault> task_fault(const Options&, std::span<const float> task) {
    for (std::size_t i = 9; i < 15; ++i)
      if (task[i] == 0)
        return TaskFault{
            (i < 12 ? "direction_" + std::to_string(i - 9) : std::string("stone_flip_") + "xyz"[i - 12]),
            "-1 or 1", "0"};
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (task[6 + i] == task[6 + j])
          return TaskFault{"axis_" + std::to_string(i), "another axis than those before it",
                           std::to_string(static_cast<int>(task[6 + i]))};
    return std::nullopt;
  }
  FN static Observation observation(const Options&) { return {.numbers = 5 * kStones + kColours}; }
  FN static Array<int, 1> action_sizes(const Options&) { return {1 + kStones * kChoices}; }

  /// The number of requirements, then one of the graphs with as many in which each corner has an edge and all are connected: 1,
  /// 12, 48 and 48 of them.
  template <class Real>
  FN static Task<Real> draw(const Options& o, Random<Real>& random) {
    using T = typename Real::value_type;
    const auto below = [&](int count) FN_LAMBDA {
      return static_cast<int>(random.uniform().get(0) * static_cast<T>(count));
    };
    const int count = below(o.most_requirements + 1);
    int required[6];
    do {
      for (int& requirement : required) requirement = 0;
      for (int left = count; left > 0;) {
        const int at = below(6);
        if (required[at] != 0) continue;
        required[at] = 2 * below(2) - 1;
        --left;
      }
    } while (!connects(required));
    Task<Real> task;
    for (int i = 0; i < 6; ++i) task.required[i] = Real(static_cast<T>(required[i]));
    int axes[3] = {0, 1, 2};
    for (int i = 2; i > 0; --i) {
      const int other = below(i + 1), axis = axes[i];
      axes[i] = axes[other];
      axes[other] = axis;
    }
    for (int i = 0; i < 3; ++i) {
      task.axes[i] = Real(static_cast<T>(axes[i]));
      task.directions[i] = Real(static_cast<T>(2 * below(2) - 1));
      task.stone_flips[i] = Real(static_cast<T>(2 * below(2) - 1));
    }
    task.rotation = Real(static_cast<T>(o.rotated ? below(4) : 0));
    return task;
  }

  template <class Real>
  FN static State<Real> reset(const Options&, const Task<Real>&, Random<Real>& random) {
    using T = typename Real::value_type;
    State<Real> state;
    for (int i = 0; i < 9; ++i) state.corners[i] = select(random.uniform() < Real(0.5f), Real(-1), Real(1));
    for (int i = 0; i < kStones; ++i) state.used[i] = Real(0);
    for (int c = 0; c < kColours; ++c) state.potions[c] = Real(0);
    for (int i = 0; i < kPotions; ++i) {
      const IntPack<Real> colour = convert<std::int32_t>(random.uniform() * Real(static_cast<T>(kColours)));
      for (int c = 0; c < kColours; ++c)
        state.potions[c] =
            state.potions[c] + select(as_mask<Real>(colour == IntPack<Real>(c)), Real(1), Real(0));
    }
    return state;
  }

  /// Of each stone its three coordinates as they are seen (−1, 0, 1), the sum of the true ones by 3, and whether it is used;
  /// zeros for the former of a used one. Then the potions of each colour that are left, by 4.
  template <class Real, class See>
  FN static void observe(const Options&, const Task<Real>& task, const State<Real>& state, Random<Real>&,
                         const See& see) {
    for (int s = 0; s < kStones; ++s) {
      const Real here = Real(1) - state.used[s];
      Array<Real, 3> shown;
      for (int axis = 0; axis < 3; ++axis)
        shown[axis] = here * task.stone_flips[axis] * state.corners[3 * s + axis];
      turn(task.rotation, shown);
      for (int axis = 0; axis < 3; ++axis) see(5 * s + axis, shown[axis]);
      see(5 * s + 3, here * sum(state, s) * constant<Real>(1.0 / 3));
      see(5 * s + 4, state.used[s]);
    }
    for (int c = 0; c < kColours; ++c) see(5 * kStones + c, state.potions[c] * Real(0.25f));
  }

  template <class Real>
  FN static Outcome<Real> step(const Options&, const Task<Real>& task, State<Real>& state,
                               const IntPack<Real>& action, Random<Real>&) {
    const auto is = [&](int number) FN_LAMBDA { return as_mask<Real>(action == IntPack<Real>(number)); };
    Real reward(0);
    for (int s = 0; s < kStones; ++s) {
      const Mask<Real> here = state.used[s] == Real(0);
      // The axis that the potion moves this stone along, and to where; −1 and 0 where none is used on it.
      Real along(-1), to(0);
      for (int c = 0; c < kColours; ++c) {
        const Mask<Real> pours = is(1 + kChoices * s + c) & here & (state.potions[c] > Real(0));
        state.potions[c] = state.potions[c] - select(pours, Real(1), Real(0));
        along = select(pours, task.axes[c / 2], along);
        to = select(pours, c % 2 == 1 ? task.directions[c / 2] : -task.directions[c / 2], to);
      }
      const Array<Real, 3> before = {state.corners[3 * s], state.corners[3 * s + 1],
                                     state.corners[3 * s + 2]};
      for (int axis = 0; axis < 3; ++axis) {
        Mask<Real> moves = along == Real(static_cast<typename Real::value_type>(axis));
        for (int other = 0; other < 2; ++other) {
          const Real wanted = task.required[2 * axis + other];
          moves = moves & ((wanted == Real(0)) | (wanted == before[other_axis(axis, other)]));
        }
        state.corners[3 * s + axis] = select(moves, to, before[axis]);
      }
      const Mask<Real> cashes = is(1 + kChoices * s + kColours) & here;
      const Real worth = sum(state, s);
      reward = reward + select(cashes, select(worth == Real(3), Real(15), worth), Real(0));
      state.used[s] = select(cashes, Real(1), state.used[s]);
    }
    return {reward, Mask<Real>(0)};
  }

  static std::string say(const Options&, Seen seen) {
    constexpr const char* signs[] = {"-", "0", "+"};
    std::string said;
    for (std::size_t s = 0; s < kStones; ++s) {
      if (!said.empty()) said += ' ';
      for (std::size_t axis = 0; axis < 3; ++axis)
        said += seen.numbers[5 * s + 4] > 0 ? "." : signs[std::lround(seen.numbers[5 * s + axis]) + 1];
    }
    said += ", potions";
    for (std::size_t c = 0; c < kColours; ++c)
      said += " " + std::to_string(std::lround(4 * seen.numbers[std::size_t{5} * kStones + c]));
    return said;
  }
  static std::string say_action(const Options&, std::span<const float> action) {
    const int number = static_cast<int>(action[0]) - 1;
    if (number < 0) return "nothing";
    const std::string stone = "stone " + std::to_string(number / kChoices);
    const int choice = number % kChoices;
    return choice == kColours ? stone + " to the cauldron"
                              : "potion " + std::to_string(choice) + " on " + stone;
  }
  static int state_number(const Options&, const State<Pack<float, 1>>&) { return 0; }

  /// The cube and the edges that there are, the best corner as the goal; the stones at their corners; below, the potions left.
  template <class Canvas>
  static void sketch(const Options&, const Task<Pack<float, 1>>& task, const State<Pack<float, 1>>& state,
                     std::span<const float>, Canvas& canvas) {
    const auto at = [](const std::array<double, 3>& corner) {
      return std::array<double, 2>{0.7 * corner[0] + 0.35 * corner[1], 0.7 * corner[2] + 0.3 * corner[1]};
    };
    canvas.frame(-1.5, -1.8, 1.5, 1.4);
    canvas.circle(at({1, 1, 1})[0], at({1, 1, 1})[1], 0.2, Ink::goal);
    for (int corner = 0; corner < 8; ++corner)
      for (int axis = 0; axis < 3; ++axis) {
        if ((corner >> axis & 1) != 0) continue;
        std::array<double, 3> from;
        for (std::size_t i = 0; i < 3; ++i) from[i] = (corner >> i & 1) != 0 ? 1 : -1;
        bool is_there = true;
        for (int other = 0; other < 2; ++other) {
          const double wanted = task.required[2 * axis + other].get(0);
          is_there =
              is_there && (wanted == 0 || wanted == from[static_cast<std::size_t>(other_axis(axis, other))]);
        }
        auto to = from;
        to[static_cast<std::size_t>(axis)] = 1;
        if (is_there) canvas.line(at(from)[0], at(from)[1], at(to)[0], at(to)[1], Ink::scene);
      }
    for (int s = 0; s < kStones; ++s) {
      if (state.used[s].get(0) != 0) continue;
      const auto place =
          at({state.corners[3 * s].get(0), state.corners[3 * s + 1].get(0), state.corners[3 * s + 2].get(0)});
      canvas.circle(place[0] + 0.08 * (s - 1), place[1], 0.09, Ink::body);
      if (s == 0) canvas.trace(place[0] - 0.08, place[1]);
    }
    for (int c = 0; c < kColours; ++c) {
      const double x = 0.4 * c - 1;
      canvas.line(x, -1.7, x, -1.7 + 0.1 * double{state.potions[c].get(0)}, Ink::part);
    }
  }

  /// Of an axis the first or the second of the other two.
  FN static int other_axis(int axis, int which) {
    return which == 0 ? (axis == 0 ? 1 : 0) : (axis == 2 ? 1 : 2);
  }

 private:
  template <class Real>
  FN static Real sum(const State<Real>& state, int stone) {
    return state.corners[3 * stone] + state.corners[3 * stone + 1] + state.corners[3 * stone + 2];
  }
  // About an axis, by −45 degrees and the factor √½, so that corners come to lie at −1, 0 and 1: (a, b) → ((a − b)/2, (a +
  // b)/2).
  template <class Real>
  FN static void turn(Real rotation, Array<Real, 3>& shown) {
    const Array<Real, 3> straight = shown;
    for (int axis = 0; axis < 3; ++axis) {
      const Mask<Real> turns = rotation == Real(static_cast<typename Real::value_type>(axis + 1));
      const int a = other_axis(axis, 0), b = other_axis(axis, 1);
      shown[a] = select(turns, Real(0.5f) * (straight[a] - straight[b]), shown[a]);
      shown[b] = select(turns, Real(0.5f) * (straight[a] + straight[b]), shown[b]);
    }
  }
  // Whether all corners can be reached from (−1, −1, −1): then each has an edge, too.
  FN static bool connects(const int* required) {
    unsigned reached = 1;
    for (int round = 0; round < 8; ++round)
      for (int corner = 0; corner < 8; ++corner)
        for (int axis = 0; axis < 3; ++axis) {
          bool is_there = (reached >> corner & 1u) != 0;
          for (int other = 0; other < 2; ++other) {
            const int wanted = required[2 * axis + other],
                      side = (corner >> other_axis(axis, other) & 1) != 0 ? 1 : -1;
            is_there = is_there && (wanted == 0 || wanted == side);
          }
          if (is_there) reached |= 1u << (corner ^ 1 << axis);
        }
    return reached == 255;
  }
};

static_assert(Environment<Alchemy>);

}  // namespace innerloop
