#include "engine/options/outline.h"

#include <charconv>
#include <cmath>
#include <cstdint>

namespace innerloop {
namespace {

std::string in_range(const Range& range) {
  bool low = std::isfinite(range.low), high = std::isfinite(range.high);
  std::string from = low ? shown_number(range.low) : "", to = high ? shown_number(range.high) : "";
  if (low && high && range.low_included && range.high_included) return " from " + from + " to " + to;
  std::string words;
  if (low) words += (range.low_included ? " of at least " : " above ") + from;
  if (low && high) words += " and";
  if (high) words += (range.high_included ? " of at most " : " below ") + to;
  return words;
}

std::string counted(const Option& option) {
  std::string least = std::to_string(option.min_count), most = std::to_string(option.max_count);
  return (option.min_count == option.max_count ? most : least + " to " + most) +
         (option.kind == Option::Kind::integer ? " integers" : " numbers");
}

}  // namespace

std::string shown_number(double value) {
  char text[32];
  bool whole = std::floor(value) == value && std::abs(value) < 1e15;  // 1000000000, not 1e+09
  return {text, whole ? std::to_chars(text, text + sizeof text, static_cast<std::int64_t>(value)).ptr
                      : std::to_chars(text, text + sizeof text, value).ptr};
}

const Option* OptionGroup::find(std::string_view option_name) const {
  for (const Option& option : options) {
    if (option.name == option_name) return &option;
  }
  return nullptr;
}

std::string wanted_number(const Option& option) {
  return (option.kind == Option::Kind::integer ? "an integer" : "a number") + in_range(option.range);
}

std::string wanted_value(const Option& option) {
  switch (option.kind) {
    case Option::Kind::boolean:
      return "true or false";
    case Option::Kind::text:
      return "a string";
    case Option::Kind::group:
    case Option::Kind::one_of:
      return "an object";
    case Option::Kind::choice: {
      std::string names;
      for (const Choice& choice : option.choices) {
        names += (names.empty() ? "\"" : ", \"") + std::string(choice.name) + "\"";
      }
      return option.choices.size() == 1 ? names : "one of " + names;
    }
    default:
      break;
  }
  switch (option.shape) {
    case Option::Shape::single:
      return wanted_number(option);
    case Option::Shape::nullable:
      return wanted_number(option) + ", or null";
    case Option::Shape::interval:
      return "[low, high], each " + wanted_number(option);
    case Option::Shape::list:
      return "a list of " + counted(option) + ", each" + in_range(option.range);
    case Option::Shape::one_or_many:
      return wanted_number(option) + ", or a list of " + counted(option);
  }
  return "";
}

}  // namespace innerloop
