// Unknown tools to be called in the right order: what each needs, gives and loses is found out by calling it.
#pragma once

#include <string>
#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/sketch.h"
#include "kernels/environment/words.h"
#include "kernels/lanes/maths.h"
#include "kernels/options/options.h"

namespace innerloop {

// A session holds some of a few types of data, and each call costs. A tool that has what it needs gives a type, and may lose
// one that it needed; else it says that something is missing. The goal, one of the later types, is shown; with it in hand the
// episode ends, and pays 1.
struct ToolCalls {
  static constexpr const char* name = "tool_calls";
  static constexpr const char* meaning = "unknown tools to be called in the right order, for a given goal";
  static constexpr bool solved_when_paid = true;

  static constexpr int kMaxTypes = 8, kMaxTools = 16, kResults = 4;
  // Of a tool: the types that it needs and loses (a bit each), the type that it gives, cost, probability of failure; and, where
  // documents are stale, what they say that it needs and gives.
  enum Part { needs, gives, loses, cost, failure, kParts, shown_needs = kParts, shown_gives, kShownParts };
  static constexpr int kMaxGoals = (kMaxTypes + 1) / 2, kChange = 2 + kParts;
  static constexpr int kMaxNumbers = kMaxTools * kShownParts + kMaxGoals + kChange;

  enum class Schema { hidden, shown, stale };
  enum class Errors { told, alike };

  struct Options {
    int types = 6;
    int tools = 10;
    Schema schema = Schema::hidden;
    float staleness = 0.2f;
    int change_until = 0;
    Errors errors = Errors::told;
    Interval cost = {0.02f, 0.1f};
    float unreliable = 0.5f;
    Interval failure = {0.1f, 0.4f};
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("types", o.types, between(2, kMaxTypes), "types of data that a session may hold");
    field("tools", o.tools, between(2, kMaxTools),
          "tools; at least as many as types, each of which one gives");
    field("schema", o.schema,
          Choices{Choice{"hidden", "nothing"}, Choice{"shown", "all that it needs, gives and loses"},
                  Choice{"stale", "the same, with mistakes, and as it was before a change"}},
          "what is shown of each tool");
    field("staleness", o.staleness, between(0, 1),
          "with stale: the probability that a tool's documents are wrong, in what it needs or in what it "
          "gives");
    field("change_until", o.change_until, between(0, 1000),
          "one tool of a trial becomes another between the episodes 1 and this one; 0: none does");
    field("errors", o.errors,
          Choices{Choice{"told", "that something is missing and that a call failed are told apart"},
                  Choice{"alike", "they look the same"}},
          "what is seen of calls that do nothing");
    field("cost", o.cost, between(0, 1), "range of what a call costs, by tool");
    field("unreliable", o.unreliable, between(0, 1), "the probability that a tool's calls may fail");
    field("failure", o.failure, from_to_below(0, 1), "range of the probability that they do, of such a tool");
  }
  template <class Report>
  static void validate(const Options& o, Report& report) {
    if (o.tools < o.types)
      report("tools", "has to be at least types, since each type is given by a tool of its own");
    if (o.change_until == 1)
      report("change_until", "has to be 0, or at least 2: the first episode is before a change");
  }

  using Action = Discrete<>;  // the tool to call

  /// Tool by tool its parts; the types that may be the goal; where tools change, which tool does, after how many episodes, and
  /// its new parts; then zeros.
  template <class Real>
  struct Task {
    Array<Real, kMaxNumbers> number;
  };
  static constexpr bool task_in_memory = true;
  template <class Real>
  struct State {
    Real held;    // a bit a type
    Real goal;    // a type
    Real result;  // of the last call: 0 before the first, 1 ok, 2 no effect, 3 missing, 4 failed
  };
  template <class Real>
  struct Trial {
    Real episodes;  // that have begun
  };

  static std::vector<TaskNumber> task_numbers(const Options& o) {
    constexpr const char* names[] = {"needs",   "gives",       "loses",      "cost",
                                     "failure", "shown_needs", "shown_gives"};
    const Range sets = between(0, (1 << o.types) - 1), type = between(0, o.types - 1);
    const Range ranges[] = {sets, type, sets, between(0, 1), from_to_below(0, 1), sets, type};
    std::vector<TaskNumber> numbers;
    const auto add = [&](const std::string& of, int part) {
      numbers.push_back({of + names[part], ranges[part], part != cost && part != failure});
    };
    for (int k = 0; k < o.tools; ++k)
      for (int part = 0; part < parts(o); ++part) add("tool_" + std::to_string(k) + "_", part);
    for (int i = 0; i < goals(o); ++i) numbers.push_back({"goal_" + std::to_string(i), type, true});
    if (o.change_until == 0) return numbers;
    numbers.push_back({"changed_tool", between(0, o.tools - 1), true});
    numbers.push_back({"change_after", at_least(1), true});
    for (int part = 0; part < kParts; ++part) add("new_", part);
    return numbers;
  }
  FN static Observation observation(const Options& o) {
    const int shown = o.schema == Schema::hidden ? 0 : 3 * o.types * o.tools;
    return {.numbers = 2 * o.types + kResults + shown};
  }
  FN static Array<int, 1> action_sizes(const Options& o) { return {o.tools}; }

  /// A random order of the types, each given by a tool that needs one or two of those before it, near before it; further tools
  /// at random; all of them shuffled. So each type can be had, but for what tools lose.
  template <class Real>
  FN static void draw(const Options& o, Random<Real>& random, Task<Real>& task) {
    using T = typename Real::value_type;
    const auto chance = [&](double p) FN_LAMBDA { return random.uniform().get(0) < static_cast<T>(p); };
    const auto below = [&](int count) FN_LAMBDA {
      return static_cast<int>(random.uniform().get(0) * static_cast<T>(count));
    };
    const auto shuffle = [&](int* items, int count) FN_LAMBDA {
      for (int i = 0; i < count; ++i) items[i] = i;
      for (int i = count - 1; i > 0; --i) {
        const int other = below(i + 1), item = items[i];
        items[i] = items[other];
        items[other] = item;
      }
    };
    int order[kMaxTypes], place[kMaxTools];
    shuffle(order, o.types);
    shuffle(place, o.tools);

    // Puts the parts of the tool that is `i`-th before they are shuffled.
    const auto put_tool = [&](int i, Real* part) FN_LAMBDA {
      int gives_type = 0, needed[2] = {}, count = 0;
      if (i < o.types) {
        gives_type = order[i];
        if (i > 0) {
          const int near = i - 1 - below(i < 2 ? i : 2);
          needed[count++] = order[near];
          if (i >= 2 && chance(0.5)) {
            const int other = below(i - 1);
            needed[count++] = order[other + (other >= near ? 1 : 0)];
          }
        }
      } else {
        gives_type = below(o.types);
        needed[count++] = below(o.types);
        if (chance(0.5)) {
          const int second = below(o.types);
          if (second != needed[0]) needed[count++] = second;
        }
      }
      int needs_set = 0, loses_set = 0;
      for (int j = 0; j < count; ++j) needs_set |= 1 << needed[j];
      if (count > 0 && chance(0.25)) loses_set = 1 << needed[below(count)];
      part[needs] = Real(static_cast<T>(needs_set));
      part[gives] = Real(static_cast<T>(gives_type));
      part[loses] = Real(static_cast<T>(loses_set));
      part[cost] = random.uniform(Real(o.cost.low), Real(o.cost.high));
      part[failure] = Real(0);
      if (chance(o.unreliable)) part[failure] = random.uniform(Real(o.failure.low), Real(o.failure.high));
    };
    for (int i = 0; i < kMaxNumbers; ++i) task.number[i] = Real(0);
    for (int i = 0; i < o.tools; ++i) {
      Real* part = &task.number[place[i] * parts(o)];
      put_tool(i, part);
      if (o.schema != Schema::stale) continue;
      part[shown_needs] = part[needs];
      part[shown_gives] = part[gives];
      if (!chance(o.staleness)) continue;
      if (chance(0.5)) {
        const auto wrong = static_cast<T>(1 << below(o.types));
        part[shown_needs] = Real(part[needs].get(0) == wrong ? T(0) : wrong);
      } else {
        const int wrong = below(o.types - 1), right = static_cast<int>(part[gives].get(0));
        part[shown_gives] = Real(static_cast<T>(wrong + (wrong >= right ? 1 : 0)));
      }
    }
    Real* behind = &task.number[o.tools * parts(o)];
    for (int i = 0; i < goals(o); ++i) behind[i] = Real(static_cast<T>(order[o.types - goals(o) + i]));
    if (o.change_until == 0) return;
    Real* change = behind + goals(o);
    const int changed = below(o.tools);
    change[0] = Real(static_cast<T>(place[changed]));
    change[1] = Real(static_cast<T>(1 + below(o.change_until - 1)));
    put_tool(changed, change + 2);
  }

  template <class Real>
  FN static Trial<Real> begin(const Options&, const TaskNumbers<Real>&, Random<Real>&) {
    return {Real(0)};
  }

  template <class Real>
  FN static State<Real> reset(const Options& o, const TaskNumbers<Real>& task, Trial<Real>& trial,
                              Random<Real>& random) {
    using T = typename Real::value_type;
    trial.episodes = trial.episodes + Real(1);
    const IntPack<Real> goal = convert<std::int32_t>(random.uniform() * Real(static_cast<T>(goals(o))));
    return {Real(0), task[goal + IntPack<Real>(o.tools * parts(o))], Real(0)};
  }

  /// The types that are held, the goal's type, and the last call's result (ok, no effect, missing, failed), 0 or 1 each; then
  /// of each tool, where shown, what it needs, gives and loses.
  template <class Real, class See>
  FN static void observe(const Options& o, const TaskNumbers<Real>& task, const Trial<Real>& trial,
                         const State<Real>& state, Random<Real>&, const See& see) {
    using T = typename Real::value_type;
    using Int = IntPack<Real>;
    int place = 0;
    const auto see_set = [&](Real set) FN_LAMBDA {
      const Int bits = convert<std::int32_t>(set);
      for (int type = 0; type < o.types; ++type) see(place++, convert<T>((bits >> type) & Int(1)));
    };
    const auto see_one = [&](Real number, int first, int count) FN_LAMBDA {
      for (int i = first; i < first + count; ++i)
        see(place++, select(number == Real(static_cast<T>(i)), Real(1), Real(0)));
    };
    see_set(state.held);
    see_one(state.goal, 0, o.types);
    see_one(state.result, 1, kResults);
    if (o.schema == Schema::hidden) return;
    const bool stale = o.schema == Schema::stale;
    for (int k = 0; k < o.tools; ++k) {
      const auto part = [&](int at) FN_LAMBDA {
        return stale ? task[Int(k * parts(o) + at)] : part_of(o, task, trial, Int(k), at);
      };
      see_set(part(stale ? int{shown_needs} : int{needs}));
      see_one(part(stale ? int{shown_gives} : int{gives}), 0, o.types);
      see_set(part(loses));
    }
  }

  /// −cost for each call, and 1 for the one that gets the goal.
  template <class Real>
  FN static Outcome<Real> step(const Options& o, const TaskNumbers<Real>& task, Trial<Real>& trial,
                               State<Real>& state, const IntPack<Real>& action, Random<Real>& random) {
    using T = typename Real::value_type;
    using Int = IntPack<Real>;
    const auto part = [&](int at) FN_LAMBDA { return part_of(o, task, trial, action, at); };
    const Int held = convert<std::int32_t>(state.held), needed = convert<std::int32_t>(part(needs)),
              lost = convert<std::int32_t>(part(loses));
    const Int after = (held | power(convert<std::int32_t>(part(gives)))) & ~lost;
    const Mask<Real> has = as_mask<Real>((needed & held) == needed), fails = random.uniform() < part(failure),
                     works = has & ~fails;
    const Real before = state.held;
    state.held = select(works, convert<T>(after), before);
    const Real nothing =
        select(has & (o.errors == Errors::told ? Mask<Real>(-1) : Mask<Real>(0)), Real(4), Real(3));
    state.result = select(works, select(state.held == before, Real(2), Real(1)), nothing);
    const Int goal = power(convert<std::int32_t>(state.goal));
    const Mask<Real> solved = as_mask<Real>((convert<std::int32_t>(state.held) & goal) == goal);
    return {select(solved, Real(1), Real(0)) - part(cost), solved};
  }

  static std::string say(const Options& o, Seen seen) {
    constexpr const char* results[] = {"ok", "no effect", "missing", "failed"};
    std::string said = "has";
    const auto types = static_cast<std::size_t>(o.types);
    for (std::size_t type = 0; type < types; ++type)
      if (seen.numbers[type] > 0) said += ' ' + std::to_string(type);
    if (said == "has") said += " nothing";
    for (std::size_t type = 0; type < types; ++type)
      if (seen.numbers[types + type] > 0) said += ", wants " + std::to_string(type);
    for (std::size_t i = 0; i < kResults; ++i)
      if (seen.numbers[2 * types + i] > 0) said += std::string(", ") + results[i];
    return said;
  }
  static std::string say_action(const Options&, std::span<const float> action) {
    return "tool " + std::to_string(static_cast<int>(action[0]));
  }
  /// (result · types + goal) · 2^types + held.
  static int state_number(const Options& o, const State<Pack<float, 1>>& state) {
    const auto number = [](Pack<float, 1> of) { return static_cast<int>(of.get(0)); };
    return (number(state.result) * o.types + number(state.goal)) * (1 << o.types) + number(state.held);
  }

  /// The types in a circle, and what tools make of them: arrows from what they need to what they give, from the middle where
  /// they need nothing.
  template <class Canvas>
  static void sketch(const Options& o, const TaskNumbers<Pack<float, 1>>& task,
                     const Trial<Pack<float, 1>>& trial, const State<Pack<float, 1>>& state,
                     std::span<const float> action, Canvas& canvas) {
    const auto at = [&](int type) {
      const double turn = 2 * 3.14159265358979323846 * type / o.types;
      return std::array<double, 2>{std::sin(turn), std::cos(turn)};
    };
    canvas.frame(-1.25, -1.25, 1.25, 1.25);
    const int held = static_cast<int>(state.held.get(0));
    for (int type = 0; type < o.types; ++type)
      canvas.circle(at(type)[0], at(type)[1], 0.16,
                    type == static_cast<int>(state.goal.get(0)) ? Ink::goal : Ink::scene);
    const int called = action.empty() || !(action[0] >= 0) ? -1 : static_cast<int>(action[0]);
    for (int k = 0; k < o.tools; ++k) {
      const auto part = [&](int of) {
        return static_cast<int>(part_of(o, task, trial, IntPack<Pack<float, 1>>(k), of).get(0));
      };
      const auto arrow_from = [&](double x, double y) {
        const auto to = at(part(gives));
        canvas.arrow(x + 0.2 * (to[0] - x), y + 0.2 * (to[1] - y), x + 0.8 * (to[0] - x),
                     y + 0.8 * (to[1] - y), k == called ? Ink::part : Ink::scene);
      };
      if (part(needs) == 0) arrow_from(0, 0);
      for (int type = 0; type < o.types; ++type)
        if ((part(needs) >> type & 1) != 0 && type != part(gives)) arrow_from(at(type)[0], at(type)[1]);
    }
    for (int type = 0; type < o.types; ++type)
      if ((held >> type & 1) != 0) canvas.circle(at(type)[0], at(type)[1], 0.09, Ink::body);
  }

  /// The types that may be the goal.
  FN static int goals(const Options& o) { return (o.types + 1) / 2; }
  /// The numbers that a tool has in a task.
  FN static int parts(const Options& o) { return o.schema == Schema::stale ? int{kShownParts} : int{kParts}; }

 private:
  // A part of a tool as it is now: after a change the new one's.
  template <class Real>
  FN static Real part_of(const Options& o, const TaskNumbers<Real>& task, const Trial<Real>& trial,
                         IntPack<Real> tool, int part) {
    using T = typename Real::value_type;
    using Int = IntPack<Real>;
    const Real old = task[tool * Int(parts(o)) + Int(part)];
    if (o.change_until == 0) return old;
    const int change = o.tools * parts(o) + goals(o);
    const Mask<Real> is_new =
        (convert<T>(tool) == task[Int(change)]) & (trial.episodes > task[Int(change + 1)]);
    return select(is_new, task[Int(change + 2 + part)], old);
  }
  template <class Int>
  FN static Int power(Int bit) {
    return pack_detail::lanewise<Int>([](std::int32_t b) FN_LAMBDA { return std::int32_t{1} << b; }, bit);
  }
};

static_assert(Environment<ToolCalls>);

}  // namespace innerloop
