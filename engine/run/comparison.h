// Several runs on the same held-out tasks: one sorted table, with paired differences.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/device/device.h"
#include "engine/run/trained_run.h"

namespace innerloop {

/// Evaluates each run as the first one's `evaluation` says, apart from the inner step sizes, which are its own. Best first
/// by the return after the last step, and last those where it is not finite; `difference` is how much less that is than the
/// best run's, over the tasks.
/// @throws InputError where a run's tasks or episodes are not those of the first.
nlohmann::ordered_json compare_runs(const std::vector<TrainedRun>& runs, Device& device);

/// The comparison as a table: mean return after each gradient step, and the difference.
std::string comparison_table(const nlohmann::ordered_json& comparison);

}  // namespace innerloop
