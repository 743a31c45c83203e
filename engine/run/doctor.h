// What this program looks for on a machine and what it finds, to paste into an issue.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace innerloop {

/// What was looked for, and what was found: a few words or a sentence. That something is missing is no error,
/// and neither is that it cannot be told.
std::vector<std::pair<std::string, std::string>> examine_machine();

}  // namespace innerloop
