// What a sweep has found, from what is in its folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/statistics/intervals.h"
#include "engine/statistics/result_table.h"
#include "engine/statistics/scores.h"
#include "engine/sweep/points.h"
#include "engine/sweep/references.h"
#include "engine/sweep/sweep.h"
#include "engine/sweep/sweep_folder.h"

namespace innerloop {

struct RunResult {
  std::uint32_t seed = 0;
  std::optional<RunOutcome> outcome;  // none: not trained yet
  double metric = 0;                  // NaN: none that is finite
  double seconds = 0;                 // that its iterations took
  double env_steps = 0;
};

/// A point's scores as shares of what there is to gain (normalised, engine/statistics/scores.h).
struct NormalisedResult {
  Summary mean, iqm, gap;  // gap: optimality_gap
  std::optional<ConfidenceInterval> mean_by_t;
};

struct PointResult {
  Point point;
  std::string environment;  // its name
  std::size_t group = 0;    // points that met the same tasks are in one: only these are compared
  bool complete = false;    // all runs came to their end, or failed on the way
  int iteration = 0;        // that all of its runs have reached
  std::vector<RunResult> runs;
  // Of complete points, in the metric's own unit, failed runs counting as the worst of the group; NaN where all have failed:
  Summary mean, iqm;
  std::optional<ConfidenceInterval> mean_by_t;  // Student's, over the runs
  std::size_t missing = 0;                      // of the runs
  std::optional<NormalisedResult> normalised;   // where that is wanted, and not all of the runs have failed
  bool best = false;                            // in its group
  std::optional<PairedDifference> difference;   // to the best, more being better
};

struct KeyImportance {
  std::string key;
  std::optional<double> share;  // none: it cannot be told
};

struct SweepResults {
  std::vector<PointResult> points;  // in the order of their numbers
  std::vector<std::string>
      groups;  // what their tasks are of: the environment's name, numbered where several have it
  std::vector<std::optional<Reference>> references;  // [group]  of a metric that is to be normalised
  std::vector<KeyImportance> importance;             // of the keys, where there is one group
};

/// Reads what there is; points without any run are left out. @throws InputError for a damaged file, and for a metric that a
/// run does not have.
SweepResults read_results(const Sweep& sweep, const Points& points, const SweepFolder& folder);

/// The points of a group: the best first, and last those that are not complete.
std::vector<const PointResult*> ranked_points(const Sweep& sweep, const SweepResults& results,
                                              std::size_t group);

/// The scores of each point, more being better, with a row a run: in each held-out task where all runs have as many, else one
/// number. NaN for a run that has none. @throws as read_results
std::vector<Scores> scores_of(const Sweep& sweep, const SweepFolder& folder,
                              const std::vector<const PointResult*>& points);

/// The content of results.json: docs/files.md.
Json results_json(const Sweep& sweep, const SweepResults& results);

/// Writes results.json and results.csv. @throws RunError where they cannot be written.
void write_results(const Sweep& sweep, const Points& points, const SweepResults& results,
                   const SweepFolder& folder);

/// A table for each group, its rows those of ranked_points, of points that are not complete with what they had at their last
/// stop; `most` rows each, 0: all.
std::vector<ResultTable> result_tables(const Sweep& sweep, const Points& points, const SweepResults& results,
                                       std::size_t most = 0);

}  // namespace innerloop
