// A sweep on one page to look at: what was swept, what it found, and how to repeat it. The page is one HTML file and asks for
// no other.
#pragma once

#include <string>

#include "engine/sweep/points.h"
#include "engine/sweep/results.h"
#include "engine/sweep/sweep.h"
#include "engine/sweep/sweep_folder.h"

namespace innerloop {

/// The page about `results`, which were read from `folder`. Of the runs it reads only those of the points whose curves it
/// shows: the best of each group, as many as there are colours. The same files give the same page.
/// @throws InputError for a damaged file of these.
std::string sweep_page(const Sweep& sweep, const Points& points, const SweepResults& results,
                       const SweepFolder& folder);

}  // namespace innerloop
