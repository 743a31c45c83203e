// The numbers that say how good a run is.
#pragma once

#include <string>
#include <vector>

#include "engine/run/run_folder.h"
#include "engine/sweep/sweep.h"

namespace innerloop {

/// Refuses a metric that no run can have: another file's, or an iteration's number where evaluation.json has one only.
/// Nor may a number be normalised that hand-written learners do not have.
/// @throws InputError beginning with `source`.
void check_metric(const Metric& metric, const std::string& source);

/// The metric of a run that was evaluated; NaN where it is null there, as that of a run that diverged.
/// @throws InputError with what there is in its place where the files have no such number.
double metric_of(const Metric& metric, const RunFolder& run);

/// The metric in what evaluation.json holds, which a message calls `file`. @throws as metric_of
double metric_in(const Metric& metric, const Json& evaluation, const std::string& file);

/// The same for each of the held-out tasks, where it is a mean return of evaluation.json's curve (more than 1,000 tasks: of the
/// first 1,000); else the metric alone. @throws as metric_of
std::vector<double> metric_by_task(const Metric& metric, const RunFolder& run);

/// So that more is better.
inline double score_of(const Metric& metric, double number) {
  return metric.goal == Goal::minimize ? -number : number;
}

}  // namespace innerloop
