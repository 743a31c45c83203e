// The charts of a report: of runs in the same environment, as only their returns can be compared.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/report/chart.h"
#include "engine/report/recorded_run.h"

namespace innerloop {

/// A run beside its place among all runs of the report, which is that of its colour.
struct ColouredRun {
  const RecordedRun* run;
  int colour;
};

/// Returns over the environment's steps and over time, before and after adaptation, with what was evaluated
/// on the way.
std::vector<Chart> training_charts(const std::vector<ColouredRun>& runs);

/// What else metrics.jsonl has, each over iterations.
std::vector<Chart> other_charts(const std::vector<ColouredRun>& runs);

/// The curves of evaluation.json with their intervals, over gradient steps or episodes: a chart for each of
/// the two that there is.
std::vector<Chart> adaptation_charts(const std::vector<ColouredRun>& runs);

/// How many iterations a point of the curve of so many stands for.
std::size_t iterations_of_a_point(std::size_t iterations);

/// The mean and the range of each `every` neighbours, those that are finite, at the last one's x.
std::vector<ChartPoint> thinned(const std::vector<double>& x, const std::vector<double>& y,
                                std::size_t every);

/// What a chart of long runs shows of them: "each point is the mean of 4 iterations …"; empty where it shows
/// every iteration.
std::string thinning_note(const std::vector<ColouredRun>& runs);

/// The curve's place on the x axis: "step", or "episode" of an agent with a memory. @pre the run has an
/// evaluation.
std::string curve_unit(const RecordedRun& run);

}  // namespace innerloop
