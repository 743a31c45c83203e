// What there is to gain on the tasks of a sweep: what random actions bring, and what one does who knows the task. A metric
// that is normalised lies between them.
#pragma once

#include <map>
#include <string>

#include "engine/config/config.h"
#include "engine/sweep/points.h"
#include "engine/sweep/sweep.h"
#include "engine/sweep/sweep_folder.h"

namespace innerloop {

/// The metric of the hand-written learners `random` and `oracle`, on the held-out tasks that the runs meet.
struct Reference {
  double random = 0, oracle = 0;
};

/// What decides which tasks a config's runs are measured on, and how, as text. Runs are compared where it is the same.
std::string measured_on(const Config& config);

/// Refuses a sweep whose metric is to be normalised where for a point there is no oracle.
/// @throws InputError that names the sweep and the point.
void check_normalisation(const Sweep& sweep, const Points& points);

/// By measured_on.
using References = std::map<std::string, Reference>;

/// Those of the folder, and of the points whose tasks it has none for: `random` and `oracle` play there. None where the metric
/// is not to be normalised. `threads` >= 1 never change the result.
/// @throws InputError where the metric is none that they have, where the oracle is not above random, and as read_references.
References references_of(const Sweep& sweep, const Points& points, const SweepFolder& folder, int threads);

/// Writes them as references.json, where there are any. @throws RunError where it cannot be written.
void write_references(const Sweep& sweep, const References& references, const SweepFolder& folder);

/// Those that were written for this metric; none where it is not to be normalised. @throws InputError for a damaged file.
References read_references(const Sweep& sweep, const SweepFolder& folder);

}  // namespace innerloop
