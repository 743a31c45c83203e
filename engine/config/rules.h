// What makes no sense together, though each option by itself is good.
#pragma once

#include "engine/config/config.h"
#include "engine/options/source.h"

namespace innerloop {

/// @throws InputError at the option that does not fit the others, with the reason.
void check_rules(const Config& config, const OptionSource& source);

}  // namespace innerloop
