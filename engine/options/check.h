// Is a JSON object what an outline says?
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/options/json.h"
#include "engine/options/outline.h"
#include "engine/options/source.h"

namespace innerloop {

/// Checks names, types, ranges and lengths, to any depth. `known` says in messages what an unknown name is none of, `pointer`
/// where the object stands in its source.
/// @throws InputError at the first thing that is wrong; unknown keys of a group come before its values.
void check_options(const Json& value, const OptionGroup& group, const OptionSource& source,
                   const std::string& known = "an option of the config", const std::string& pointer = "");

/// The same for the value of one option. @throws InputError where it is none.
void check_option(const Json& value, const Option& option, const OptionSource& source,
                  const std::string& pointer);

/// What a message adds about a name that is none of `names`: ` (nearest: "inner_steps")`, which is the one that the fewest
/// letters inserted, deleted, replaced or swapped with their neighbour make of `given`, the first of equals. Empty where that
/// takes more than a third of `given`'s letters (but one is always allowed): such a name is hardly what was meant.
std::string nearest_hint(std::string_view given, const std::vector<std::string>& names);

}  // namespace innerloop
