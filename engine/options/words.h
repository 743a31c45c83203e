// What may stand on a command line for an override, `path=value`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/options/json.h"
#include "engine/options/outline.h"

namespace innerloop {

struct OptionWord {
  std::string word;     // "algorithm.inner_lr=", or "algorithm.name=maml"
  std::string meaning;  // of the option, or of the choice
};

/// The words that `begun` can become: the dotted paths of the outline's options, each with its "=", and
/// behind that, of options that have such, their choices. `chosen` is a document that names the groups in
/// use, or null: then those of all that can be named.
std::vector<OptionWord> option_words(std::string_view begun, const OptionGroup& outline, const Json& chosen);

}  // namespace innerloop
