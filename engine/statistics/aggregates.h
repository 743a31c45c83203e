// A matrix of scores as one number: Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical
// precipice". Each is equal to that of their library, rliable, to 1e-12 (tests/data/make_statistics.py).
//
// All are NaN where a score is.
#pragma once

#include <span>
#include <vector>

#include "engine/statistics/scores.h"

namespace innerloop {

/// The mean over the tasks of the mean over the runs.
double mean_score(const Scores& scores);

/// The interquartile mean: that of the middle half of all runs × tasks scores. Of n scores, ⌊n / 4⌋ are left out on each side
/// (scipy.stats.trim_mean(scores, 0.25, axis=None)).
double interquartile_mean(const Scores& scores);

/// How much is missing to `target` in the mean, where a score above it counts as `target`: 0 at best. For normalised scores.
double optimality_gap(const Scores& scores, double target = 1);

/// The performance profile: for each threshold τ the fraction of the runs × tasks scores that are above it, > τ.
std::vector<double> fractions_above(const Scores& scores, std::span<const double> thresholds);

/// The mean over the tasks of the probability that a run of `a` has a higher score than one of `b`: over all pairs of runs, a
/// tie counting for one half (the statistic of Mann and Whitney). It says how often, not by how much.
/// @throws std::invalid_argument where the numbers of tasks differ; those of runs may.
double probability_of_improvement(const Scores& a, const Scores& b);

}  // namespace innerloop
