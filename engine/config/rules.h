// What makes no sense together, though each option by itself is good.
#pragma once

#include <string>

#include "engine/config/config.h"
#include "engine/options/source.h"

namespace innerloop {

/// @throws InputError at the option that does not fit the others, with the reason.
void check_rules(const Config& config, const OptionSource& source);

/// What is allowed and yet hardly meant, in a line; empty where there is nothing of the kind.
std::string doubt_about(const Config& config);

}  // namespace innerloop
