// Rules and goals to be found out in a room of coloured things: XLand-MiniGrid (Nikulin et al. 2023) in one room, with the
// rules and goals of its benchmarks trivial, small and medium. Its steps are those of the package xminigrid 0.9.3.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/environment/coloured_things.h"
#include "kernels/environment/environment.h"
#include "kernels/environment/sketch.h"
#include "kernels/environment/words.h"
#include "kernels/lanes/maths.h"
#include "kernels/options/options.h"

namespace innerloop {

// A task is a ruleset: a goal, rules that make other things of things, and the things that lie about when an episode starts.
// All of them are hidden; episodes start with the same things in other places. A step is an action, then all rules in their
// order, each of which finds what the ones before it left, then the goal.
//
// The room is not a grid of tiles but a list of things with their cells. Which things a rule is about follows from where they
// lie, and rules move none: so each thing has a word of bits for that, and a rule is a comparison of words and of tiles.
struct XLand {
  static constexpr const char* name = "xland";
  static constexpr const char* meaning =
      "a room of coloured things, with a hidden goal and hidden rules (XLand-MiniGrid)";
  static constexpr bool solved_when_paid = true;

  static constexpr int kMostThings = 16, kMostRules = 9, kView = 5;

  enum class Benchmark { trivial, small, medium };

  struct Options {
    Benchmark benchmark = Benchmark::trivial;
    int size = 9;
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("benchmark", o.benchmark,
          Choices{Choice{"trivial", "no rules, 5 things: two or one of the goal, three that do not matter"},
                  Choice{"small", "up to 4 rules, 10 things: what the goal wants is made by a rule, mostly"},
                  Choice{"medium", "up to 9 rules, 16 things: by rules in two stages"}},
          "what rulesets are drawn like, and how many rules and things they may have");
    field("size", o.size, between(7, 25),
          "cells along each side, walls included; an episode's horizon is 3·size²");
  }

  using Action =
      Discrete<>;  // 0 ahead, 1 turn right, 2 turn left, 3 pick up, 4 put down, 5 open a door (there is none)

  // Of a goal and of a rule: which one it is (kinds of goals and of rules are XLand-MiniGrid's numbers), the tile or the two
  // tiles that it is about, and a rule's product.
  enum GoalPart { goal_kind, goal_a, goal_b, kGoalParts };
  enum RulePart { rule_kind, rule_a, rule_b, product, kRuleParts };

  /// The goal, rule by rule their parts, the things; then zeros. Of what there is less than may be, the rest is 0.
  template <class Real>
  struct Task {
    Array<Real, kGoalParts + kMostRules * kRuleParts + kMostThings> number;
  };
  static constexpr bool task_in_memory = true;
  /// Cells are numbered 32·row + column, from the upper left corner.
  template <class Real>
  struct State {
    Real at, direction;              // of the agent; 0 up, 1 right, 2 down, 3 left
    Real steps;                      // of the episode so far
    Array<Real, kMostThings> cells;  // kHeld of the one that is carried
    Array<Real, kMostThings> tiles;  // 0 of one that is no more
  };

  static std::vector<TaskNumber> task_numbers(const Options& o) {
    const Range tile = between(0, Tiles::kLast);
    std::vector<TaskNumber> numbers = {
        {"goal", between(1, 14), true}, {"goal_a", tile, true}, {"goal_b", tile, true}};
    for (int k = 0; k < rules(o); ++k) {
      const std::string rule = "rule_" + std::to_string(k);
      numbers.push_back({rule, between(0, 11), true});
      for (const char* part : {"_a", "_b", "_product"}) numbers.push_back({rule + part, tile, true});
    }
    for (int i = 0; i < things(o); ++i) numbers.push_back({"thing_" + std::to_string(i), tile, true});
    return numbers;
  }
  /// Goals and rules are about tiles that can be what they ask for, and the goal's can be had: they lie about, or rules make
  /// them of what can be had.
  static std::optional<TaskFault> task_fault(const Options& o, std::span<const float> task) {
    std::vector<int> number(task.begin(), task.end());
    const auto fault = [&](const std::string& of, const std::string& wanted, int found) {
      return TaskFault{of, wanted, std::to_string(found) + " (" + Tiles::name(found) + ")"};
    };
    std::vector<bool> had(Tiles::kLast + 1);
    const int* const all_things = &number[static_cast<std::size_t>(things_at(o))];
    for (int i = 0; i < things(o); ++i) {
      const int tile = all_things[i];
      if (tile != Tiles::kNothing && !Tiles::is_thing(tile))
        return fault("thing_" + std::to_string(i), "0 or the tile of a thing", tile);
      had[static_cast<std::size_t>(tile)] = tile != Tiles::kNothing;
    }
    // What a kind of rule (or of goal, as the rule with the same condition) is about.
    const auto check = [&](const std::string& of, const std::string& second, int kind, int a,
                           int b) -> std::optional<TaskFault> {
      if (!(kind == kHold ? Tiles::is_carried(a) : Tiles::is_thing(a)))
        return fault(of + "_a",
                     kind == kHold ? "the tile of a thing that can be carried" : "the tile of a thing", a);
      if (!has_two(kind) && b != 0) return fault(second, "0, as it is about one tile", b);
      if (has_two(kind) && !Tiles::is_thing(b)) return fault(second, "the tile of a thing", b);
      return std::nullopt;
    };
    const int goal = number[goal_kind];
    if (goal == 2 || goal == 5 || goal == 6)
      return TaskFault{"goal", "1, 3, 4 or 7 to 14, the goals of the benchmarks", std::to_string(goal)};
    if (auto wrong = check("goal", "goal_b", rule_like(goal), number[goal_a], number[goal_b])) return wrong;
    for (int k = 0; k < rules(o); ++k) {
      const int* const rule = &number[static_cast<std::size_t>(kGoalParts + k * kRuleParts)];
      const std::string its = "rule_" + std::to_string(k);
      if (rule[rule_kind] == 0) continue;
      if (auto wrong = check(its, its + "_b", rule[rule_kind], rule[rule_a], rule[rule_b])) return wrong;
      if (rule[product] != Tiles::kFloor && !Tiles::is_thing(rule[product]))
        return fault(its + "_product",
                     "the tile of a thing, or that of floor, " + std::to_string(Tiles::kFloor),
                     rule[product]);
    }
    for (int round = 0; round < rules(o); ++round)
      for (int k = 0; k < rules(o); ++k) {
        const int* const rule = &number[static_cast<std::size_t>(kGoalParts + k * kRuleParts)];
        const auto has = [&](int tile) { return had[static_cast<std::size_t>(tile)]; };
        if (rule[rule_kind] != 0 && has(rule[rule_a]) && (!has_two(rule[rule_kind]) || has(rule[rule_b])))
          had[static_cast<std::size_t>(rule[product])] = true;
      }
    for (const int part : {int{goal_a}, int{goal_b}}) {
      const int tile = number[static_cast<std::size_t>(part)];
      if (tile != 0 && !had[static_cast<std::size_t>(tile)])
        return fault(part == goal_a ? "goal_a" : "goal_b", "a tile that lies about or that rules can make",
                     tile);
    }
    return std::nullopt;
  }

  FN static Observation observation(const Options&) {
    return {.numbers = 4, .symbols = 2 * kView * kView, .kinds = Tiles::kTypes};
  }
  FN static Array<int, 1> action_sizes(const Options&) { return {6}; }

  /// As the benchmarks' own generator, with numbers of our stream. A ruleset's goal is drawn first; its tiles come from rules,
  /// whose tiles come from others, in `depth` stages, and lie about at the last stage or where the tree was pruned. Rules and
  /// things that do not matter come beside. The published benchmarks have each ruleset once, so that in trivial 98 % of goals
  /// are of two things, and here 45 %.
  template <class Real>
  FN static void draw(const Options& o, Random<Real>& random, Task<Real>& task) {
    using T = typename Real::value_type;
    const auto below = [&](int count) FN_LAMBDA {
      return static_cast<int>(random.uniform().get(0) * static_cast<T>(count));
    };
    for (auto& number : task.number.items) number = Real(0);
    bool used[Tiles::kLast + 1] = {};
    // One of the 60 things that can be carried or, with `goals`, of 70.
    const auto any_tile = [&](bool goals) FN_LAMBDA {
      constexpr int kTypes[] = {Tiles::ball, Tiles::square, Tiles::pyramid, Tiles::key,
                                Tiles::star, Tiles::hex,    Tiles::goal};
      const int type = kTypes[below(goals ? 7 : 6)], colour = 1 + below(10);
      return Tiles::number(type, colour + (colour >= 7 ? 1 : 0));  // none is black
    };
    const auto new_tile = [&](bool goals) FN_LAMBDA {
      int tile = any_tile(goals);
      while (used[tile]) tile = any_tile(goals);
      return tile;
    };
    // Of the conditions of goals and rules, each as often: hold, five of the agent, five of two tiles.
    const auto put_kind = [&](int which, Real* kind, bool is_goal) FN_LAMBDA {
      constexpr int kGoals[] = {1, 3, 11, 13, 14, 12, 4, 7, 9, 10, 8},
                    kRules[] = {1, 2, 8, 10, 11, 9, 3, 4, 6, 7, 5};
      *kind = Real(static_cast<T>(is_goal ? kGoals[which] : kRules[which]));
    };

    int thing_count = 0, rule_count = 0;
    const auto lie_about = [&](int tile) FN_LAMBDA {
      task.number[things_at(o) + thing_count++] = Real(static_cast<T>(tile));
    };
    const int goal = below(11);
    put_kind(goal, &task.number[goal_kind], true);
    // The tiles that the next stage has to make; the last one first.
    int wanted[8], wanted_count = 0;
    wanted[wanted_count++] = any_tile(goal > 0);
    if (goal > 5) wanted[wanted_count++] = any_tile(false);
    for (int i = 0; i < wanted_count; ++i) {
      task.number[goal_a + i] = Real(static_cast<T>(wanted[i]));
      used[wanted[i]] = true;
    }
    const auto put_rule = [&](int makes, bool is_new, int* tiles) FN_LAMBDA {
      Real* const rule = &task.number[kGoalParts + kRuleParts * rule_count++];
      const int which = below(11);
      put_kind(which, &rule[rule_kind], false);
      const int count = which > 5 ? 2 : 1;
      for (int i = 0; i < count; ++i) {
        const bool goals = which > 5 && i == 0;
        tiles[i] = is_new ? new_tile(goals) : any_tile(goals);
        rule[rule_a + i] = Real(static_cast<T>(tiles[i]));
      }
      rule[product] = Real(static_cast<T>(makes));
      return count;
    };

    const int depth = o.benchmark == Benchmark::trivial ? 0 : o.benchmark == Benchmark::small ? 1 : 2;
    const T pruned = static_cast<T>(o.benchmark == Benchmark::small ? 0.3 : 0.1);
    if (depth == 0)
      for (int i = 0; i < wanted_count; ++i) lie_about(wanted[i]);
    for (int level = 0; level < depth; ++level) {
      int next[8], next_count = 0;
      while (wanted_count > 0) {
        const int makes = wanted[--wanted_count];
        if (random.uniform().get(0) < pruned) {
          lie_about(makes);
          continue;
        }
        int tiles[2];
        const int count = put_rule(makes, true, tiles);
        for (int i = 0; i < count; ++i) {
          used[tiles[i]] = true;
          next[next_count++] = tiles[i];
          if (level == depth - 1) lie_about(tiles[i]);
        }
      }
      for (int i = 0; i < next_count; ++i) wanted[wanted_count++] = next[i];
    }
    for (int i = 0; i < (depth == 0 ? 3 : 2); ++i) lie_about(new_tile(true));
    for (int left = depth == 0 ? 0 : below(depth + 2); left > 0; --left) {
      // Of 60 tiles and floor, without those that matter.
      int free = 61;
      for (int tile = 0; tile <= Tiles::kLast; ++tile)
        free -= used[tile] && (tile < Tiles::number(Tiles::goal, 0) || tile >= Tiles::number(Tiles::key, 0))
                    ? 1
                    : 0;
      int tiles[2];
      const int makes = below(free) == 0 ? int{Tiles::kFloor} : new_tile(false),
                count = put_rule(makes, false, tiles);
      for (int i = 0; i < count; ++i) lie_about(tiles[i]);
    }
  }

  /// The agent and the things in different cells, each as likely; looking in any direction.
  template <class Real>
  FN static State<Real> reset(const Options& o, const TaskNumbers<Real>& task, Random<Real>& random) {
    using T = typename Real::value_type;
    using Int = IntPack<Real>;
    const int side = o.size - 2, count = things(o);
    State<Real> state;
    for (int i = 0; i < kMostThings; ++i) state.cells[i] = state.tiles[i] = Real(0);
    // The i-th of the cells that are left is found by counting past those that are taken, which stand in order.
    Int taken[kMostThings + 1];
    ROLLED
    for (int i = 0; i <= count; ++i) {
      Int free = convert<std::int32_t>(random.uniform() * Real(static_cast<T>(side * side - i)));
      ROLLED
      for (int j = 0; j < i; ++j) free = free - (free >= taken[j]);
      Int next = free;
      ROLLED
      for (int j = 0; j < i; ++j) {
        const Int lower = min(taken[j], next);
        next = max(taken[j], next);
        taken[j] = lower;
      }
      taken[i] = next;
      // free / side, exact for all cells.
      const Int row = (free * Int(static_cast<int>(65536.0f / static_cast<float>(side)) + 1)) >> 16;
      const Real cell = convert<T>(((row + Int(1)) << 5) + free - row * Int(side) + Int(1));
      if (i < count) {
        state.cells[i] = cell;
        state.tiles[i] = task[Int(things_at(o) + i)];
      } else {
        state.at = cell;
      }
    }
    state.direction = convert<T>(convert<std::int32_t>(random.uniform() * Real(4)));
    state.steps = Real(0);
    return state;
  }

  /// The direction, 1 for one of four; then of each cell of the view its tile's type and its colour, row by row, the row
  /// farthest ahead first. Walls hide nothing; outside of the room type and colour are 0. What is carried is not seen.
  template <class Real, class See>
  FN static void observe(const Options& o, const TaskNumbers<Real>&, const State<Real>& state, Random<Real>&,
                         const See& see) {
    using Int = IntPack<Real>;
    const Int at = convert<std::int32_t>(state.at), direction = convert<std::int32_t>(state.direction);
    for (int i = 0; i < 4; ++i) see(i, select(as_mask<Real>(direction == Int(i)), Real(1), Real(0)));

    const Int x = at & Int(31), y = at >> 5;
    const Int ahead_x = step_x(direction), ahead_y = step_y(direction);  // to the right of (x, y) is (−y, x)
    // The cell of the view that each thing lies in; −1 for none.
    const int count = things(o);
    Int place[kMostThings], tile[kMostThings];
    ROLLED
    for (int i = 0; i < count; ++i) {
      const Int cell = convert<std::int32_t>(state.cells[i]), dx = (cell & Int(31)) - x, dy = (cell >> 5) - y;
      const Int ahead = dx * ahead_x + dy * ahead_y, right = dy * ahead_x - dx * ahead_y + Int(kView / 2);
      const Int seen = (ahead >= Int(0)) & (ahead < Int(kView)) & (right >= Int(0)) & (right < Int(kView)) &
                       (cell != Int(kHeld));
      place[i] = select(seen, (Int(kView - 1) - ahead) * Int(kView) + right, Int(-1));
      tile[i] = convert<std::int32_t>(state.tiles[i]);
    }
    const Int last(o.size - 1), zero(0);
    ROLLED
    for (int row = 0; row < kView; ++row) {
      ROLLED
      for (int column = 0; column < kView; ++column) {
        const Int ahead(kView - 1 - row), right(column - kView / 2);
        const Int its_x = x + ahead * ahead_x - right * ahead_y,
                  its_y = y + ahead * ahead_y + right * ahead_x;
        const Int inside = (its_x >= zero) & (its_y >= zero) & (its_x <= last) & (its_y <= last);
        Int shown(0);
        ROLLED
        for (int i = 0; i < count; ++i) shown = shown | ((place[i] == Int(row * kView + column)) & tile[i]);
        const Int bare = inside & select(is_wall(o, its_x, its_y), Int(Tiles::kWall), Int(Tiles::kFloor));
        shown = select(shown == zero, bare, shown);
        const Int type = (shown * Int(171)) >> 11;  // by 12, of a tile
        see.symbol(2 * (row * kView + column), type);
        see.symbol(2 * (row * kView + column) + 1, shown - type * Int(Tiles::kColours));
      }
    }
  }

  /// 1 − 0.9·steps / (3·size²) where the goal is reached, which ends the episode; else 0.
  template <class Real>
  FN static Outcome<Real> step(const Options& o, const TaskNumbers<Real>& task, State<Real>& state,
                               const IntPack<Real>& action, Random<Real>&) {
    using T = typename Real::value_type;
    using Int = IntPack<Real>;
    const int count = things(o);
    const Int zero(0), held(kHeld);
    const auto number = [&](int i) FN_LAMBDA { return convert<std::int32_t>(task[Int(i)]); };

    Int at = convert<std::int32_t>(state.at), direction = convert<std::int32_t>(state.direction);
    const Int front = at + step_x(direction) + (step_y(direction) << 5);
    Int cell[kMostThings], tile[kMostThings];
    Int ahead(0), pocket(0);  // the tiles there
    ROLLED
    for (int i = 0; i < count; ++i) {
      cell[i] = convert<std::int32_t>(state.cells[i]);
      tile[i] = convert<std::int32_t>(state.tiles[i]);
      ahead = ahead | ((cell[i] == front) & tile[i]);
      pocket = pocket | ((cell[i] == held) & tile[i]);
    }
    const Int first_goal(Tiles::number(Tiles::goal, 0)), after_goals(Tiles::number(Tiles::goal + 1, 0));
    const Int is_floor = (ahead == zero) & ~is_wall(o, front & Int(31), front >> 5),
              is_goal = (ahead >= first_goal) & (ahead < after_goals);
    const Int walks = action == zero, picks = action == Int(3), puts = action == Int(4);
    at = select(walks & (is_floor | is_goal), front, at);
    direction = (direction + ((action == Int(1)) & Int(1)) + ((action == Int(2)) & Int(3))) & Int(3);
    const Int takes = picks & (ahead != zero) & ~is_goal & (pocket == zero), leaves = puts & is_floor;

    // Where each thing lies, as far as the action lets rules ask for it; and the tile in front of the agent, which a thing that
    // rules ask for may lie beside.
    Int where[kMostThings], placed(0);
    const Int asks_agent = walks | puts;
    ROLLED
    for (int i = 0; i < count; ++i) {
      // What was made floor while it was carried is no more, once it is put down.
      const Int left = leaves & (cell[i] == held);
      tile[i] = select(left & (tile[i] == Int(Tiles::kFloor)), zero, tile[i]);
      cell[i] = select(left, front, select(takes & (cell[i] == front), held, cell[i]));
      const Int away = cell[i] - at, apart = cell[i] - front;
      where[i] = (asks_agent & beside(away)) | (picks & (cell[i] == held) & Int(kIsHeld)) |
                 (puts & ((beside(apart) << kBesidePlace) | ((apart == zero) & Int(kAtPlace))));
      placed = placed | (((where[i] & Int(kAtPlace)) != zero) & tile[i]);
    }

    ROLLED
    for (int k = 0; k < rules(o); ++k) {
      const int rule = kGoalParts + k * kRuleParts;
      const Int kind = number(rule + rule_kind), makes = number(rule + product);
      const Int two = is_of_two(kind);
      const Condition<Int> fits(kind, number(rule + rule_a), number(rule + rule_b), placed, walks);
      // Floor as a product is nothing, but in the pocket.
      const Int left = select((kind != Int(kHold)) & (makes == Int(Tiles::kFloor)), zero, makes);
      Int any_fits(0);
      ROLLED
      for (int i = 0; i < count; ++i) {
        const Int hit = fits(where[i], tile[i]);
        tile[i] = select(hit, left, tile[i]);
        any_fits = any_fits | hit;
      }
      // Of two things, the one in front is used up.
      placed = zero;
      ROLLED
      for (int i = 0; i < count; ++i) {
        const Int here = (where[i] & Int(kAtPlace)) != zero;
        tile[i] = select(here & two & any_fits, zero, tile[i]);
        placed = placed | (here & tile[i]);
      }
    }

    const Condition<Int> wants(rule_like(number(goal_kind)), number(goal_a), number(goal_b), placed, walks);
    Int reached(0);
    ROLLED
    for (int i = 0; i < count; ++i) {
      reached = reached | wants(where[i], tile[i]);
      state.cells[i] = convert<T>(cell[i]);
      state.tiles[i] = convert<T>(tile[i]);
    }
    state.at = convert<T>(at);
    state.direction = convert<T>(direction);
    state.steps = state.steps + Real(1);
    const Mask<Real> done = as_mask<Real>(reached);
    const Real reward =
        Real(1) - constant<Real>(0.9) * (state.steps / Real(static_cast<T>(3 * o.size * o.size)));
    return {select(done, reward, Real(0)), done};
  }

  static std::string say(const Options&, Seen seen) {
    constexpr const char* looks[] = {"up", "right", "down", "left"};
    std::string said = "looking ";
    for (std::size_t i = 0; i < 4; ++i)
      if (seen.numbers[i] > 0) said += looks[i];
    for (int cell = kView * kView - 1; cell >= 0; --cell) {
      const auto symbol = [&](int of) {
        return static_cast<int>(seen.symbols[static_cast<std::size_t>(2 * cell + of)]);
      };
      const int tile = Tiles::number(symbol(0), symbol(1));
      if (!Tiles::is_thing(tile)) continue;
      const int ahead = kView - 1 - cell / kView, right = cell % kView - kView / 2;
      said += ", " + Tiles::name(tile);
      if (ahead > 0) said += " " + std::to_string(ahead) + " ahead";
      if (right != 0)
        said += " " + std::to_string(std::abs(right)) + (right > 0 ? " to the right" : " to the left");
      if (ahead == 0 && right == 0) said += " here";
    }
    return said;
  }
  static std::string say_action(const Options&, std::span<const float> action) {
    constexpr const char* names[] = {"ahead", "turn right", "turn left", "pick up", "put down", "open"};
    return names[static_cast<std::size_t>(action[0])];
  }
  /// (direction · size + row) · size + column, of the agent.
  static int state_number(const Options& o, const State<Pack<float, 1>>& state) {
    const int at = static_cast<int>(state.at.get(0));
    return (static_cast<int>(state.direction.get(0)) * o.size + at / 32) * o.size + at % 32;
  }

  /// The room, with the thing that is carried in the agent's hands; beside it the goal, and below that the rules: what is to
  /// come together, and what it becomes.
  template <class Canvas>
  static void sketch(const Options& o, const TaskNumbers<Pack<float, 1>>& task,
                     const State<Pack<float, 1>>& state, std::span<const float>, Canvas& canvas) {
    using One = Pack<float, 1>;
    const auto number = [&](int i) { return static_cast<int>(task[IntPack<One>(i)].get(0)); };
    const auto whole = [](One x) { return static_cast<int>(x.get(0)); };
    const double size = o.size, side = size + 0.5;
    canvas.frame(0, 0, side + 3.6, size);
    for (int i = 0; i < o.size; ++i) {
      canvas.rectangle(i, 0, i + 1, 1, Ink::scene);
      canvas.rectangle(i, size - 1, i + 1, size, Ink::scene);
      canvas.rectangle(0, i, 1, i + 1, Ink::scene);
      canvas.rectangle(size - 1, i, size, i + 1, Ink::scene);
    }
    canvas.rectangle(side, size - 2.4, side + 3.6, size, Ink::goal);
    sketch_condition(canvas, rule_like(number(goal_kind)), number(goal_a), number(goal_b), side + 1.8,
                     size - 1.2, 0.9);
    const double each = std::min(0.8, (size - 2.8) / kMostRules * 1.4);
    int shown = 0;
    for (int k = 0; k < rules(o); ++k) {
      const int rule = kGoalParts + k * kRuleParts;
      if (number(rule + rule_kind) == 0) continue;
      const double y = size - 2.9 - (shown++ + 0.5) * (size - 3) / rules(o);
      sketch_condition(canvas, number(rule + rule_kind), number(rule + rule_a), number(rule + rule_b),
                       side + 0.9, y, 0.55 * each);
      canvas.arrow(side + 1.9, y, side + 2.5, y, Ink::scene);
      if (number(rule + product) != Tiles::kFloor)
        Tiles::draw(canvas, number(rule + product), side + 3, y, 0.7 * each);
    }
    const int at = whole(state.at), direction = whole(state.direction);
    const auto middle = [&](int cell) {
      const int row = cell / 32;
      return std::array<double, 2>{cell % 32 + 0.5, size - 0.5 - row};
    };
    const auto [x, y] = middle(at);
    int carried = 0;
    for (int i = 0; i < things(o); ++i) {
      const int tile = whole(state.tiles[i]), cell = whole(state.cells[i]);
      if (tile == Tiles::kNothing || tile == Tiles::kFloor) continue;
      if (cell == kHeld)
        carried = tile;
      else
        Tiles::draw(canvas, tile, middle(cell)[0], middle(cell)[1], 1);
    }
    constexpr int dx[] = {0, 1, 0, -1}, dy[] = {1, 0, -1, 0};
    sketch_agent(canvas, x, y, dx[direction], dy[direction], 0.8);
    if (carried != 0) Tiles::draw(canvas, carried, x + 0.35 * dx[direction], y + 0.35 * dy[direction], 0.5);
    canvas.trace(x, y);
  }

  /// Rules, and things, that a ruleset of the benchmark has at most.
  FN static int rules(const Options& o) {
    return o.benchmark == Benchmark::trivial ? 0 : o.benchmark == Benchmark::small ? 4 : int{kMostRules};
  }
  FN static int things(const Options& o) {
    return o.benchmark == Benchmark::trivial ? 5 : o.benchmark == Benchmark::small ? 10 : int{kMostThings};
  }
  /// The number of a task that is its first thing.
  FN static int things_at(const Options& o) { return kGoalParts + rules(o) * kRuleParts; }

  static constexpr int kHeld = 1023;  // no cell, and beside none

 private:
  static constexpr int kHold = 1;
  // Bits of where a thing lies: above, to the right of, below, to the left of the agent; in its pocket; the same four of the
  // cell in front of the agent; in that cell.
  static constexpr int kIsHeld = 16, kBesidePlace = 5, kAtPlace = 512;

  // Whether a thing makes a rule happen, or fulfils a goal: it is of one tile, and lies where that one is asked for. Kinds are
  // those of rules: 1 held; 2 beside the agent; 8 to 11 above it, to its right, below, to its left; 3 beside the thing in front
  // of the agent, of the tiles a and b in either order; 4 to 7 b above a, to its right, below, to its left.
  template <class Int>
  struct Condition {
    Int first, first_where, second, second_where;

    FN Condition(Int kind, Int a, Int b, Int placed, Int walks) {
      const Int one = select(kind >= Int(4), power(kind & Int(3)), Int(15)),
                opposite = ((one << 2) | (one >> 2)) & Int(15);
      const Int two = is_of_two(kind);
      first = select(two, b, a);
      first_where = ((kind == Int(kHold)) & Int(kIsHeld)) | ((kind == Int(2)) & walks & Int(15)) |
                    ((kind >= Int(8)) & one) | (two & (placed == a) & (one << kBesidePlace));
      second = a;
      second_where = two & (placed == b) & (opposite << kBesidePlace);
    }
    FN Int operator()(Int where, Int tile) const {
      return (((where & first_where) != Int(0)) & (tile == first)) |
             (((where & second_where) != Int(0)) & (tile == second));
    }
  };
  // The kind of rule that has a goal's condition.
  FN static int rule_like(int goal) { return goal < 3 ? goal : goal < 5 ? goal - 1 : goal - 3; }
  template <class Int>
  FN static Int rule_like(Int goal) {
    return goal + (goal >= Int(3)) + ((goal >= Int(5)) & Int(-2));
  }
  FN static bool has_two(int kind) { return kind >= 3 && kind <= 7; }
  template <class Int>
  FN static Int is_of_two(Int kind) {
    return (kind >= Int(3)) & (kind <= Int(7));
  }
  // 1 above, 2 to the right, 4 below, 8 to the left, by the difference of two cells; 0 for any other.
  template <class Int>
  FN static Int beside(Int away) {
    return ((away == Int(-32)) & Int(1)) | ((away == Int(1)) & Int(2)) | ((away == Int(32)) & Int(4)) |
           ((away == Int(-1)) & Int(8));
  }
  template <class Int>
  FN static Int is_wall(const Options& o, Int x, Int y) {
    const Int zero(0), last(o.size - 1);
    return (x == zero) | (y == zero) | (x == last) | (y == last);
  }
  template <class Int>
  FN static Int step_x(Int direction) {
    return ((direction == Int(1)) & Int(1)) | (direction == Int(3));
  }
  template <class Int>
  FN static Int step_y(Int direction) {
    return ((direction == Int(2)) & Int(1)) | (direction == Int(0));
  }
  template <class Int>
  FN static Int power(Int bit) {
    return pack_detail::lanewise<Int>([](std::int32_t b) FN_LAMBDA { return std::int32_t{1} << b; }, bit);
  }

  template <class Canvas>
  static void sketch_agent(Canvas& canvas, double x, double y, double dx, double dy, double size) {
    const auto place = [&](double ahead, double right) {
      return std::array<double, 2>{x + size * (ahead * dx + right * dy),
                                   y + size * (ahead * dy - right * dx)};
    };
    canvas.polygon({place(0.45, 0), place(-0.35, 0.38), place(-0.2, 0), place(-0.35, -0.38)}, Ink::body);
  }
  // What a condition is about, as it would lie in the room: about (x, y), each thing so large.
  template <class Canvas>
  static void sketch_condition(Canvas& canvas, int kind, int a, int b, double x, double y, double size) {
    constexpr int dx[] = {0, 1, 0, -1}, dy[] = {1, 0, -1, 0};
    // In any direction: side by side.
    const int way = kind >= 4 ? kind & 3 : 1;
    const double apart_x = 0.55 * size * dx[way], apart_y = 0.55 * size * dy[way];
    if (kind == kHold) {
      sketch_agent(canvas, x, y - 0.3 * size, 0, 1, size);
      Tiles::draw(canvas, a, x, y + 0.35 * size, 0.6 * size);
    } else if (has_two(kind)) {
      Tiles::draw(canvas, a, x - apart_x, y - apart_y, size);
      Tiles::draw(canvas, b, x + apart_x, y + apart_y, size);
    } else {
      sketch_agent(canvas, x - apart_x, y - apart_y, 0, 1, size);
      Tiles::draw(canvas, a, x + apart_x, y + apart_y, size);
    }
  }
};

static_assert(Environment<XLand>);

}  // namespace innerloop
