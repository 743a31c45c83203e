// What a config's algorithm learns.
#pragma once

#include "engine/config/config.h"
#include "engine/learned/learned.h"

namespace innerloop {

Learned create_learned(const Config& config);

}  // namespace innerloop
