#include "engine/options/check.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace innerloop {
namespace {

// How many letters must be inserted, deleted, replaced or swapped with their neighbour to make b of a.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Distances of a's first i letters, and of one and two fewer, from each start of b.
  std::vector<std::size_t> row(b.size() + 1), shorter, shortest;
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    shortest = std::exchange(shorter, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = shorter[j - 1] + (a[i - 1] != b[j - 1]);
      row[j] = std::min({replaced, shorter[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], shortest[j - 2] + 1);
    }
  }
  return row.back();
}

bool in_range(double number, const Range& range) {
  return (range.low_included ? number >= range.low : number > range.low) &&
         (range.high_included ? number <= range.high : number < range.high);
}

std::string in_quotes(const std::string& name) {
  std::string shown = found_value(Json(name));
  return shown.substr(0, shown.rfind(" ("));
}

class Checker {
 public:
  explicit Checker(const OptionSource& source) : source_(source) {}

  // `known` is how messages call one of the group's options: `an option of algorithm "maml"`.
  void check_group(const Json& object, const OptionGroup& group, const std::string& pointer,
                   const std::string& known, bool named) const {
    for (const auto& [key, value] : object.items()) {
      if ((named && key == "name") || group.find(key)) continue;
      std::vector<std::string> names;
      if (named) names.push_back("name");
      for (const Option& option : group.options) names.push_back(option.name);
      source_.refuse(pointer_to(pointer, key), known + nearest_hint(key, names), in_quotes(key));
    }
    for (const Option& option : group.options) {
      if (object.contains(option.name)) check(object[option.name], option, pointer_to(pointer, option.name));
    }
  }

  void refuse(const std::string& pointer, const std::string& wanted, const Json& found) const {
    source_.refuse(pointer, wanted, found_value(found));
  }

  void check(const Json& value, const Option& option, const std::string& pointer) const {
    switch (option.kind) {
      case Option::Kind::boolean:
        if (!value.is_boolean()) refuse(pointer, wanted_value(option), value);
        break;
      case Option::Kind::text:
        if (!value.is_string()) refuse(pointer, wanted_value(option), value);
        break;
      case Option::Kind::choice:
        check_choice(value, option, pointer);
        break;
      case Option::Kind::integer:
      case Option::Kind::real:
        check_numbers(value, option, pointer);
        break;
      case Option::Kind::group:
        if (!value.is_object()) refuse(pointer, wanted_value(option), value);
        check_group(value, option.groups[0], pointer, "an option of \"" + option.name + "\"", false);
        break;
      case Option::Kind::one_of:
        check_one_of(value, option, pointer);
        break;
    }
  }

 private:
  // Refuses a name that is none of `names`.
  void check_name(const Json& value, const std::vector<std::string>& names, const std::string& wanted,
                  const std::string& pointer) const {
    if (!value.is_string()) refuse(pointer, wanted, value);
    const std::string& name = value.get_ref<const std::string&>();
    if (std::ranges::find(names, name) != names.end()) return;
    refuse(pointer, wanted + nearest_hint(name, names), value);
  }

  void check_choice(const Json& value, const Option& option, const std::string& pointer) const {
    std::vector<std::string> names(option.choices.size());
    std::ranges::transform(option.choices, names.begin(), [](const Choice& choice) { return choice.name; });
    check_name(value, names, wanted_value(option), pointer);
  }

  void check_one_of(const Json& value, const Option& option, const std::string& pointer) const {
    if (!value.is_object()) refuse(pointer, wanted_value(option), value);
    const OptionGroup* group = &option.groups.front();
    if (value.contains("name")) {
      std::vector<std::string> names;
      std::string wanted;
      for (const OptionGroup& each : option.groups) {
        names.push_back(each.name);
        wanted += (wanted.empty() ? "\"" : ", \"") + each.name + "\"";
      }
      check_name(value["name"], names, (names.size() > 1 ? "one of " : "") + wanted,
                 pointer_to(pointer, "name"));
      group = &option.groups[std::ranges::find(names, value["name"].get<std::string>()) - names.begin()];
    }
    check_group(value, *group, pointer, "an option of " + option.name + " \"" + group->name + "\"", true);
  }

  void check_numbers(const Json& value, const Option& option, const std::string& pointer) const {
    using Shape = Option::Shape;
    if (option.shape == Shape::single || (option.shape == Shape::nullable && !value.is_null()) ||
        (option.shape == Shape::one_or_many && !value.is_array())) {
      return check_number(value, option, wanted_value(option), pointer);
    }
    if (option.shape == Shape::nullable) return;
    if (!value.is_array() || value.size() < option.min_count || value.size() > option.max_count) {
      refuse(pointer, wanted_value(option), value);
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
      check_number(value[i], option, wanted_number(option), pointer_to(pointer, std::to_string(i)));
    }
    if (option.shape == Shape::interval && value[0].get<float>() > value[1].get<float>()) {
      refuse(pointer, "[low, high], the low no higher than the high", value);
    }
  }

  void check_number(const Json& value, const Option& option, const std::string& wanted,
                    const std::string& pointer) const {
    if (!value.is_number()) refuse(pointer, wanted, value);
    double number = value.get<double>();
    bool whole = std::floor(number) == number;
    if (!in_range(number, option.range) || (option.kind == Option::Kind::integer && !whole)) {
      refuse(pointer, wanted, value);
    }
    float single = std::abs(number) < 3.5e38 ? static_cast<float>(number) : INFINITY;
    if (option.kind == Option::Kind::real && (!std::isfinite(single) || (single == 0) != (number == 0))) {
      refuse(pointer, "a number that 32 bits can hold", value);
    }
  }

  const OptionSource& source_;
};

}  // namespace

std::string nearest_hint(std::string_view given, const std::vector<std::string>& names) {
  given = given.substr(0, 100);  // no name is longer: enough to tell
  const std::string* nearest = nullptr;
  std::size_t least = std::max<std::size_t>(1, given.size() / 3) + 1;
  for (const std::string& name : names) {
    const std::size_t distance = edit_distance(given, name);
    if (distance >= least) continue;
    least = distance;
    nearest = &name;
  }
  return nearest == nullptr ? "" : " (nearest: \"" + *nearest + "\")";
}

void check_options(const Json& value, const OptionGroup& group, const OptionSource& source,
                   const std::string& known, const std::string& pointer) {
  Checker checker(source);
  if (!value.is_object()) checker.refuse(pointer, "a JSON object", value);
  checker.check_group(value, group, pointer, known, false);
}

void check_option(const Json& value, const Option& option, const OptionSource& source,
                  const std::string& pointer) {
  Checker(source).check(value, option, pointer);
}

}  // namespace innerloop
