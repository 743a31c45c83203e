// How far from the truth a number is that was measured with a few runs: 95 % intervals by the bootstrap over runs.
//
// Nothing depends on threads or on the machine: what is drawn comes from Philox, keyed by Bootstrap::seed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "engine/statistics/scores.h"

namespace innerloop {

struct ConfidenceInterval {
  double low, high;
};

/// With fewer runs there is no interval: a resample of three runs is one of ten sets, so that its percentiles say nothing. Show
/// the runs themselves, Summary::points, instead.
inline constexpr std::size_t kFewestRuns = 5;

/// What is drawn, with replacement, to make a resample.
enum class Resample {
  /// Whole runs, with their scores in all tasks. Right wherever a run is one agent that was evaluated in all tasks (the
  /// held-out tasks of a meta-learner): a lucky seed is lucky in all of them, and the interval has to show that. Right for
  /// separate trainings too, only noisier.
  whole_runs,
  /// Runs anew in each task: the stratified bootstrap of Agarwal et al. 2021, and rliable's. Right where each task has
  /// trainings of its own (several environments); far too narrow where it has not. Of 20 tasks whose scores owe half of
  /// their variance to the seed, such intervals of ten runs held the true mean in 44 % of cases, those of whole runs in 90
  /// %.
  runs_of_each_task
};

struct Bootstrap {
  Resample what = Resample::whole_runs;
  int resamples = 2000;
  std::uint32_t seed = 0;
};

/// A number of a matrix of scores: mean_score, interquartile_mean, a lambda around optimality_gap …
using ScoreStatistic = std::function<double(const Scores&)>;

/// A number with how far it can be trusted.
struct Summary {
  double value = 0;
  std::optional<ConfidenceInterval> interval = {};  // empty: fewer than kFewestRuns runs, or a score is NaN
  std::vector<double> points = {};                  // [run]  the same number of each run alone
};

/// `statistic` of the scores, and the interval between the 2.5th and the 97.5th percentile of what it is in resamples (as
/// numpy.percentile has them). Of few runs it holds the truth less often than in 95 % of cases: for the mean of five normal
/// ones in 84 %, of ten in 90 %, of twenty in 93 %. For a mean, t_interval(points) does better.
/// Two thousand of 10 × 1,000 scores take 0.1 s for a mean, 0.2 s for an interquartile mean.
/// @pre one resample or more; of a thousand the ends are right to 2 % of the width, of two thousand to 1.5 %.
Summary summary_of(const Scores& scores, const ScoreStatistic& statistic, const Bootstrap& bootstrap = {});

/// A performance profile (fractions_above): [threshold]. The intervals are those of single thresholds, not of the whole curve.
struct Profile {
  std::vector<double> above = {};
  std::optional<std::vector<ConfidenceInterval>> intervals = {};  // as Summary's
};
Profile profile_of(const Scores& scores, std::span<const double> thresholds, const Bootstrap& bootstrap = {});

/// probability_of_improvement, with the runs of `a` and those of `b` drawn independently of each other. `points` is empty: a
/// run alone has none. No interval where either has fewer than kFewestRuns runs.
Summary improvement_of(const Scores& a, const Scores& b, const Bootstrap& bootstrap = {});

/// A sample's mean ± its half width by Student's t distribution (mean_of). Empty as Summary's.
std::optional<ConfidenceInterval> t_interval(const std::vector<double>& sample);

/// How much better `a` is than `b`: run i of both has the same seed and met the same tasks, so that what was hard for both
/// cancels.
struct PairedDifference {
  double mean = 0;                                    // over runs and tasks of a's score less b's
  std::optional<ConfidenceInterval> interval = {};    // by the bootstrap; whole runs, as a rule
  std::optional<ConfidenceInterval> t_interval = {};  // over the runs' `points`
  std::vector<double> points = {};                    // [run]  mean over the tasks
};

/// The difference. Where `b` was chosen as the best of many with these very runs, it seems better than it is and its rivals
/// worse; no interval here corrects for that, or for there being many rivals.
/// @throws std::invalid_argument where the matrices differ in size.
PairedDifference paired_difference(const Scores& a, const Scores& b, const Bootstrap& bootstrap = {});

}  // namespace innerloop
