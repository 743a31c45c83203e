// What a described struct looks like from outside, as data: its options, and what each may be. The checks,
// the schema and the documentation work on this, so that none of them is a template.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/options/json.h"
#include "kernels/options/options.h"

namespace innerloop {

struct OptionGroup;

struct Option {
  enum class Kind { boolean, integer, real, text, choice, group, one_of };
  enum class Shape { single, nullable, interval, list, one_or_many };

  std::string name;
  std::string meaning;
  Kind kind = Kind::boolean;
  Shape shape = Shape::single;
  Range range;                // of integers and reals; an integer's type bounds it too
  std::size_t min_count = 0;  // of lists
  std::size_t max_count = 0;
  std::vector<Choice> choices;      // of Kind::choice
  std::vector<OptionGroup> groups;  // one for Kind::group, each that can be named for Kind::one_of
  Json default_value;               // none for groups; the name for Kind::one_of
};

/// A set of options; for those of Option::Kind::one_of with a name and a meaning.
struct OptionGroup {
  std::string name;
  std::string meaning;
  std::vector<Option> options;

  /// The option of that name, or null.
  const Option* find(std::string_view option_name) const;
};

/// What the option's value may be, in words: "a number above 0, or null".
std::string wanted_value(const Option& option);

/// What each of a list's numbers may be: "an integer from 1 to 256".
std::string wanted_number(const Option& option);

/// A number as people write it: 256, 0.1, 1e-05.
std::string shown_number(double value);

}  // namespace innerloop
