// How much of what the points reach is due to each key, as bars.
#pragma once

#include <string>
#include <vector>

#include "engine/report/frame.h"
#include "engine/sweep/results.h"

namespace innerloop {

/// The largest first; keys of which it cannot be told come last, without a bar. @pre there are keys.
Figure importance_bars(std::vector<KeyImportance> importance);

}  // namespace innerloop
