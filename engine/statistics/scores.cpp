#include "engine/statistics/scores.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "engine/error.h"
#include "engine/text/columns.h"

namespace innerloop {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// The lowest score that a run has in the task; NaN where none has one.
double worst_in(std::size_t task, const std::vector<Scores>& methods) {
  double worst = kNaN;
  for (const Scores& scores : methods)
    for (std::size_t run = 0; run < scores.runs; ++run)
      if (const double score = scores.at(run, task); std::isfinite(score)) worst = std::fmin(worst, score);
  return worst;
}

bool has_gap(const Scores& scores, std::size_t run) {
  for (std::size_t task = 0; task < scores.tasks; ++task)
    if (!std::isfinite(scores.at(run, task))) return true;
  return false;
}

// Of a list with one number for each task, or one for all.
double of_task(std::span<const double> numbers, std::size_t task) {
  return numbers.size() == 1 ? numbers[0] : numbers[task];
}

}  // namespace

Scores scores_of(const std::vector<std::vector<double>>& rows) {
  if (rows.empty() || rows[0].empty()) throw std::invalid_argument("scores: wanted one at least, found none");
  Scores scores = {rows.size(), rows[0].size()};
  for (const auto& row : rows) {
    if (row.size() != scores.tasks)
      throw std::invalid_argument("scores: wanted " + std::to_string(scores.tasks) +
                                  " tasks in every run, found " + std::to_string(row.size()));
    scores.values.insert(scores.values.end(), row.begin(), row.end());
  }
  return scores;
}

FilledScores with_worst_for_missing(std::vector<Scores> methods) {
  FilledScores filled = {std::move(methods), {}};
  for (const Scores& scores : filled.methods) {
    if (scores.tasks != filled.methods[0].tasks)
      throw std::invalid_argument("scores: wanted " + std::to_string(filled.methods[0].tasks) +
                                  " tasks for every method, found " + std::to_string(scores.tasks));
    std::size_t missing = 0;
    for (std::size_t run = 0; run < scores.runs; ++run) missing += has_gap(scores, run);
    filled.missing.push_back(missing);
  }
  const std::size_t tasks = filled.methods.empty() ? 0 : filled.methods[0].tasks;
  for (std::size_t task = 0; task < tasks; ++task) {
    const double worst = worst_in(task, filled.methods);
    for (Scores& scores : filled.methods)
      for (std::size_t run = 0; run < scores.runs; ++run)
        if (double& score = scores.at(run, task); !std::isfinite(score)) score = worst;
  }
  return filled;
}

Scores normalised(Scores scores, std::span<const double> random, std::span<const double> oracle) {
  for (std::size_t task = 0; task < scores.tasks; ++task) {
    const double low = of_task(random, task), high = of_task(oracle, task);
    if (!(high > low))
      throw InputError("task " + std::to_string(task) + ": wanted an oracle above random, " +
                       number_cell("%.6g", low) + ", found " + number_cell("%.6g", high));
    for (std::size_t run = 0; run < scores.runs; ++run)
      scores.at(run, task) = (scores.at(run, task) - low) / (high - low);
  }
  return scores;
}

double area_under_curve(std::span<const double> steps, std::span<const double> values) {
  if (steps.empty() || steps.size() != values.size())
    throw std::invalid_argument("curve: wanted a value for each of one or more steps, found " +
                                std::to_string(values.size()) + " for " + std::to_string(steps.size()));
  if (steps.size() == 1) return values[0];
  double area = 0;
  for (std::size_t i = 1; i < steps.size(); ++i) {
    if (!(steps[i] > steps[i - 1]))
      throw std::invalid_argument("curve: wanted a step above " + number_cell("%.6g", steps[i - 1]) +
                                  ", found " + number_cell("%.6g", steps[i]));
    area += (steps[i] - steps[i - 1]) * (values[i] + values[i - 1]) / 2;
  }
  return area / (steps.back() - steps.front());
}

}  // namespace innerloop
