// The scores of several runs of one method on several tasks, and what is done to them before they are compared.
//
// More is better throughout this room: the negative of a metric that is to be small is a score. A run is what is repeated,
// with another seed; a task is what all runs meet: a held-out task, or a whole environment whose runs were trained for it.
// Episodes of a run in a task are averaged before they come here: they are no replications of the training.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace innerloop {

/// A matrix of runs × tasks.
struct Scores {
  std::size_t runs = 0, tasks = 0;
  std::vector<double> values = {};  // [run][task]

  double& at(std::size_t run, std::size_t task) { return values[run * tasks + task]; }
  double at(std::size_t run, std::size_t task) const { return values[run * tasks + task]; }
};

/// One run a row: {{run 0's score in task 0, in task 1, …}, …}.
/// @throws std::invalid_argument where there is no score, or the rows differ in length.
Scores scores_of(const std::vector<std::vector<double>>& rows);

struct FilledScores {
  std::vector<Scores> methods;       // as given, without a gap
  std::vector<std::size_t> missing;  // [method]  runs of which at least one score was missing
};

/// What a run that failed or diverged counts for: the worst. A score is missing where it is not finite (NaN, or infinite of
/// either sign); each becomes the lowest score that any run of any of `methods` has in that task. All that are to be compared
/// have therefore to be given together, and a table has to say how many runs were `missing`. A failed run is a row of NaN, not
/// a row left out: leaving it out would reward a method for failing.
/// A task in which no run has a score keeps its NaN, and so does every number that is made of it.
/// @throws std::invalid_argument where the methods differ in their number of tasks.
FilledScores with_worst_for_missing(std::vector<Scores> methods);

/// Each score as a share of what there is to gain: 0 for the score of `random`, 1 for that of `oracle` ([task], or one for all
/// tasks). Scores of different environments are to be put side by side only so.
/// @throws InputError where an oracle is not above random: "task 3: wanted an oracle above random, 2, found 1.5".
Scores normalised(Scores scores, std::span<const double> random, std::span<const double> oracle);

/// What a curve has reached on the way: its area over `steps` by trapezoids, divided by their range, so that it is a mean of
/// `values` and has their unit. A curve of one point is that point; NaN where a value is.
/// @throws std::invalid_argument where there is no point, the lengths differ or the steps do not rise.
double area_under_curve(std::span<const double> steps, std::span<const double> values);

}  // namespace innerloop
