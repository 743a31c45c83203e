// The tables of a report, as HTML.
#pragma once

#include <string>
#include <vector>

#include "engine/report/recorded_run.h"

namespace innerloop {

using RecordedRuns = std::vector<RecordedRun>;

/// A line a run: how far it is, and what it has reached.
std::string overview_sheet(const RecordedRuns& runs);

/// A line for each run and each of its baselines, a column for each gradient step or, of a long trial, for
/// some episodes.
/// @pre every run has an evaluation over the same, "step" or "episode".
std::string adaptation_sheet(const std::vector<const RecordedRun*>& runs);

/// The options that are not the same in all runs, named as `--set` takes them: a line for each and a column a
/// run, or the other way round where there are more runs.
std::string difference_sheet(const RecordedRuns& runs);

/// Every option of the run's config, a line each.
std::string config_sheet(const RecordedRun& run);

/// A line a run: processor, GPU, build, and the newest checkpoint with its checksum.
std::string machine_sheet(const RecordedRuns& runs);

}  // namespace innerloop
