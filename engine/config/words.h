// What may stand on a command line for an override of a config's option, `path=value`.
#pragma once

#include <string_view>
#include <vector>

#include "engine/options/words.h"

namespace innerloop {

/// The words that `begun` can become. `config` is a config as JSON, whose algorithm, environment … name the
/// options, or null: then those of all of them.
std::vector<OptionWord> override_words(std::string_view begun, const Json& config);

}  // namespace innerloop
