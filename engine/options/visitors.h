// What is done with a struct that describes its options (kernels/options/options.h): outline it, write it to JSON,
// read it from JSON that engine/options/check.h has found good.
#pragma once

#include <charconv>
#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "engine/options/outline.h"
#include "kernels/options/options.h"
#include "kernels/options/type_list.h"

namespace innerloop {

template <class T>
concept Number = std::is_arithmetic_v<T> && !std::same_as<T, bool>;
template <class T>
concept Enum = std::is_enum_v<T>;

/// Marks an option that needs no constraint: a bool, a string or a group.
struct Free {};

/// The float as the shortest decimal that reads back as the same float: 0.1f is 0.1, not 0.10000000149011612.
inline double shortest_decimal(float value) {
  char text[32];
  auto end = std::to_chars(text, text + sizeof text, value).ptr;
  double decimal = 0;
  std::from_chars(text, end, decimal);
  return decimal;
}

/// The options of a described type, with the defaults of `T{}`.
template <class T, class Options = T>
std::vector<Option> outline_of();

// ---- value → JSON ----

template <class T, class Options = T>
Json write_options(const Options& options);

inline Json write_value(bool value, Free) { return value; }
inline Json write_value(const std::string& value, Free) { return value; }
template <Number T>
Json write_value(T value, const Range&) {
  if constexpr (std::same_as<T, float>) return shortest_decimal(value);
  return value;
}
template <Enum T, std::size_t Count>
Json write_value(T value, const Choices<Count>& choices) {
  return choices.items[static_cast<std::size_t>(value)].name;
}
inline Json write_value(const std::optional<double>& value, const Range&) {
  return value ? Json(*value) : Json(nullptr);
}
inline Json write_value(const Interval& value, const Range&) {
  return Json::array({shortest_decimal(value.low), shortest_decimal(value.high)});
}
template <Number T>
Json write_value(const std::vector<T>& values, const ListOf&) {
  return values;
}
template <Number T>
Json write_value(const std::vector<T>& values, const OneOrMany&) {
  return values.size() == 1 ? Json(values[0]) : Json(values);
}
template <class Group>
requires std::is_class_v<Group> Json write_value(const Group& group, Free) {
  return write_options<Group>(group);
}
template <class... Options, class... Types>
Json write_value(const std::variant<Options...>& value, OneOf<TypeList<Types...>>) {
  Json object;
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    ((value.index() == I ? void(object = write_options<Types>(*std::get_if<I>(&value))) : void()), ...);
    Json named = {{"name", std::array{Types::name...}[value.index()]}};
    named.update(object);
    object = std::move(named);
  }
  (std::index_sequence_for<Types...>{});
  return object;
}

// ---- JSON, found good → value ----

template <class T, class Options>
void read_options(const Json& object, Options& options);

inline void read_value(const Json& json, bool& value, Free) { value = json.get<bool>(); }
inline void read_value(const Json& json, std::string& value, Free) { value = json.get<std::string>(); }
template <Number T>
void read_value(const Json& json, T& value, const Range&) {
  value = json.get<T>();  // 1e3 is a good integer
}
template <Enum T, std::size_t Count>
void read_value(const Json& json, T& value, const Choices<Count>& choices) {
  for (std::size_t i = 0; i < Count; ++i) {
    if (json.get_ref<const std::string&>() == choices.items[i].name) value = static_cast<T>(i);
  }
}
inline void read_value(const Json& json, std::optional<double>& value, const Range&) {
  value = json.is_null() ? std::nullopt : std::optional(json.get<double>());
}
inline void read_value(const Json& json, Interval& value, const Range&) {
  value = {json[0].get<float>(), json[1].get<float>()};
}
template <Number T>
void read_value(const Json& json, std::vector<T>& values, const ListOf&) {
  values.clear();
  if (!json.is_array())
    values.push_back(json.get<T>());
  else
    for (const Json& element : json) values.push_back(element.get<T>());
}
template <class Group>
requires std::is_class_v<Group>
void read_value(const Json& json, Group& group, Free) { read_options<Group>(json, group); }
template <class... Options, class... Types>
void read_value(const Json& json, std::variant<Options...>& value, OneOf<TypeList<Types...>>) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    auto is_named = [&](const char* name, std::size_t index) {
      return json.contains("name") ? json["name"] == name : index == 0;
    };
    ((is_named(Types::name, I) ? read_options<Types>(json, value.template emplace<I>()) : void()), ...);
  }
  (std::index_sequence_for<Types...>{});
}

// ---- type → outline ----

inline void outline_value(Option& option, bool value, Free) {
  option.kind = Option::Kind::boolean;
  option.default_value = write_value(value, Free{});
}
inline void outline_value(Option& option, const std::string& value, Free) {
  option.kind = Option::Kind::text;
  option.default_value = write_value(value, Free{});
}
template <Number T>
void outline_number(Option& option, Range range) {
  option.kind = std::integral<T> ? Option::Kind::integer : Option::Kind::real;
  if constexpr (std::integral<T>) {
    if (range.low < double(std::numeric_limits<T>::min())) range.low = double(std::numeric_limits<T>::min());
    // For 64 bits the double of the largest value is one above it: kept out by the smaller bound that doubles
    // have.
    double largest = sizeof(T) < 8 ? double(std::numeric_limits<T>::max()) : 9007199254740992.0;
    if (range.high > largest) range.high = largest;
  }
  option.range = range;
}
template <Number T>
void outline_value(Option& option, T value, const Range& range) {
  outline_number<T>(option, range);
  option.default_value = write_value(value, range);
}
template <Enum T, std::size_t Count>
void outline_value(Option& option, T value, const Choices<Count>& choices) {
  option.kind = Option::Kind::choice;
  option.choices.assign(choices.items, choices.items + Count);
  option.default_value = write_value(value, choices);
}
inline void outline_value(Option& option, const std::optional<double>& value, const Range& range) {
  outline_number<double>(option, range);
  option.shape = Option::Shape::nullable;
  option.default_value = write_value(value, range);
}
inline void outline_value(Option& option, const Interval& value, const Range& range) {
  outline_number<float>(option, range);
  option.shape = Option::Shape::interval;
  option.min_count = option.max_count = 2;
  option.default_value = write_value(value, range);
}
template <Number T, std::derived_from<ListOf> List>
void outline_value(Option& option, const std::vector<T>& values, const List& list) {
  outline_number<T>(option, list.each);
  option.shape = std::same_as<List, OneOrMany> ? Option::Shape::one_or_many : Option::Shape::list;
  option.min_count = list.min_count;
  option.max_count = list.max_count;
  option.default_value = write_value(values, list);
}
template <class Group>
requires std::is_class_v<Group>
void outline_value(Option& option, const Group&, Free) {
  option.kind = Option::Kind::group;
  option.groups = {{"", "", outline_of<Group>()}};
}
template <class... Options, class... Types>
void outline_value(Option& option, const std::variant<Options...>&, OneOf<TypeList<Types...>>) {
  option.kind = Option::Kind::one_of;
  option.groups = {{Types::name, Types::meaning, outline_of<Types, Options>()}...};
  option.default_value = option.groups.front().name;
}

// ---- the visitors that `describe` is called with ----

class WriteFields {
 public:
  explicit WriteFields(Json& object) : object_(object) {}
  void operator()(const char* name, auto& value, const auto& constraint, const char*) {
    object_[name] = write_value(value, constraint);
  }
  void operator()(const char* name, auto& value, const char*) { object_[name] = write_value(value, Free{}); }

 private:
  Json& object_;
};

class ReadFields {
 public:
  explicit ReadFields(const Json& object) : object_(object) {}
  void operator()(const char* name, auto& value, const auto& constraint, const char*) {
    if (object_.contains(name)) read_value(object_[name], value, constraint);
  }
  void operator()(const char* name, auto& value, const char* meaning) {
    (*this)(name, value, Free{}, meaning);
  }

 private:
  const Json& object_;
};

class OutlineFields {
 public:
  explicit OutlineFields(std::vector<Option>& options) : options_(options) {}
  void operator()(const char* name, auto& value, const auto& constraint, const char* meaning) {
    Option& option = options_.emplace_back();
    option.name = name;
    option.meaning = meaning;
    outline_value(option, value, constraint);
  }
  void operator()(const char* name, auto& value, const char* meaning) {
    (*this)(name, value, Free{}, meaning);
  }

 private:
  std::vector<Option>& options_;
};

template <class T, class Options>
Json write_options(const Options& options) {
  Json object = Json::object();
  WriteFields write(object);
  Options copy = options;  // `describe` is written once, for readers too, and takes no constant
  T::describe(write, copy);
  return object;
}

template <class T, class Options>
void read_options(const Json& object, Options& options) {
  ReadFields read(object);
  T::describe(read, options);
}

template <class T, class Options>
std::vector<Option> outline_of() {
  std::vector<Option> outline;
  OutlineFields add(outline);
  Options defaults{};
  T::describe(add, defaults);
  return outline;
}

}  // namespace innerloop
