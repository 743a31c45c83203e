// Controllers of plants, as an engineer would set them up: the rivals of one that is learned.
#pragma once

#include <vector>

#include "engine/rivals/learner.h"

namespace innerloop {

/// constant: the coolant that is right for the nominal plant on average, 298.5 K. pi_nominal: the best proportional and integral
/// gains of a grid for the nominal plant, −240 K·L/mol and 3 min. pi: the best for a hundred variants, −160 K·L/mol and 2 min.
/// Both start from 300 K, and do not integrate while the coolant is at a bound.
std::vector<Rival> cstr_rivals();

}  // namespace innerloop
