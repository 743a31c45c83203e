// Words to describe an option with. A struct describes its options once, and the config's reader, `innerloop
// show`, `innerloop list`, the JSON Schema and docs/config.md all follow from that:
//
//   struct Options {
//     Layout layout = Layout::square;                   // the initialiser is the option's default
//     float action_scale = 0.1f;
//     Interval wind = {-0.08f, 0.08f};
//     bool end_at_goal = true;
//     bool operator==(const Options&) const = default;
//   };
//   template <class Fields>
//   static void describe(Fields& field, Options& o) {
//     field("layout", o.layout, Choices{"square", "corner"}, "where the goals lie");
//     field("action_scale", o.action_scale, above(0), "movement per unit of action");
//     field("wind", o.wind, any_number(), "the range that each axis of the wind is drawn from");
//     field("end_at_goal", o.end_at_goal, "an episode ends within 0.01 of the goal");
//   }
//
// What a config picks by name (OneOf) has beside `Options` and `describe` a `name` and a `meaning`, static
// constexpr strings; `Options` can be compared. Where options do not go together, it says so:
//
//   template <class Report>
//   static void validate(const Options& o, Report& report) {
//     if (o.sparse && o.layout == Layout::square) report("sparse", "layout square has dense rewards only");
//   }
//
// An option is a bool, int, std::int64_t, std::uint32_t, float, double, an Interval, an enum whose values are
// 0, 1, … in the order of its Choices; on the host also std::string, std::optional<double>, std::vector<int> and
// std::vector<double>. Constants only, so that an environment's header can be compiled for a device.
#pragma once

#include <cstddef>
#include <limits>
#include <variant>

#include "kernels/options/type_list.h"

namespace innerloop {

// The values that a number (or each number of a list) may have.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_included = true;
  bool high_included = true;
};

constexpr Range any_number() { return {}; }
constexpr Range above(double low) { return {.low = low, .low_included = false}; }
constexpr Range at_least(double low) { return {.low = low}; }
constexpr Range between(double low, double high) { return {low, high, true, true}; }  // both included
constexpr Range from_to_below(double low, double high) { return {low, high, true, false}; }
constexpr Range strictly_between(double low, double high) { return {low, high, false, false}; }

// How many numbers a list may have, and the range of each.
struct ListOf {
  Range each;
  std::size_t min_count = 0;
  std::size_t max_count = 0;
};
constexpr ListOf list_of(Range each, std::size_t min_count, std::size_t max_count) {
  return {each, min_count, max_count};
}

// As a list, but a single number may stand for a list of one.
struct OneOrMany : ListOf {};
constexpr OneOrMany one_or_many(Range each, std::size_t min_count, std::size_t max_count) {
  return {{each, min_count, max_count}};
}

// A range to draw from, [low, high] in JSON; low is at most high.
struct Interval {
  float low = 0;
  float high = 0;
  bool operator==(const Interval&) const = default;
};

// One value of an enum: its name in JSON and, where the option's own meaning does not say it, what it stands
// for.
struct Choice {
  const char* name;
  const char* meaning = "";
  constexpr Choice(const char* its_name, const char* its_meaning = "")
      : name(its_name), meaning(its_meaning) {}
};

// The names of an enum's values 0, 1, …: Choices{"tanh", "relu"} or Choices{Choice{"tanh", "smooth"}, …}.
template <std::size_t Count>
struct Choices {
  Choice items[Count];
  template <class... Items>
  constexpr Choices(Items... its_items) : items{Choice(its_items)...} {}
};
template <class... Items>
Choices(Items...) -> Choices<sizeof...(Items)>;

// The named types of a TypeList, the Options of one of which are in use: a std::variant of all their
// Options.
template <class List>
struct OneOf {};

namespace options_detail {
template <class List>
struct OptionsOf;
template <class... Types>
struct OptionsOf<TypeList<Types...>> {
  using type = std::variant<typename Types::Options...>;
};
}  // namespace options_detail
// What OneOf describes: index() is the place in the list of the type whose Options are in use.
template <class List>
using OptionsVariant = typename options_detail::OptionsOf<List>::type;

}  // namespace innerloop
