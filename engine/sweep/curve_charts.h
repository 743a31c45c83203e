// The curves of a sweep's best points, each the mean over the point's runs.
#pragma once

#include <string>
#include <vector>

#include "engine/report/chart.h"
#include "engine/sweep/shown.h"
#include "engine/sweep/sweep_folder.h"

namespace innerloop {

/// One curve of several, [curve][place]: the mean of those that go so far, over the mean of their x. Its band goes from the
/// least to the greatest of them or, where there are kFewestRuns and more, is the 95 % interval of the mean (t_interval).
std::vector<ChartPoint> mean_curve(const std::vector<std::vector<ChartPoint>>& curves);

struct TrainingCurves {
  std::vector<Chart> charts;
  std::size_t iterations_of_a_point = 1;  // the most that a point of a curve stands for
};

/// The return after adaptation over the environment's steps and, where the metric is another number of metrics.jsonl, that
/// number.
TrainingCurves sweep_training(const Metric& metric, const SweepFolder& folder,
                              const std::vector<ShownPoint>& points);

/// The curves of evaluation.json, over gradient steps or episodes: a chart for each of the two that there is. None where no
/// curve has two places, as those of agents that learn nothing of a task.
std::vector<Chart> sweep_adaptation(const SweepFolder& folder, const std::vector<ShownPoint>& points);

/// Performance profiles (profile_of) of the points, none where there are fewer than two or the sweep has one seed: for 61
/// numbers from the 1st to the 99th percentile of the scores. Failed runs count as the worst.
std::vector<Chart> sweep_profile(const Sweep& sweep, const SweepFolder& folder,
                                 const std::vector<ShownPoint>& points);

}  // namespace innerloop
