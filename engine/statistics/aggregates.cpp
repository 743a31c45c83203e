#include "engine/statistics/aggregates.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

namespace innerloop {
namespace {

// Sorting and comparing would lose it.
bool has_nan(const Scores& scores) {
  return std::ranges::any_of(scores.values, [](double score) { return std::isnan(score); });
}

constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

// Pairs of runs in which `a` is better, and half of those that are equal, as a share of all.
double share_of_pairs(const Scores& a, const Scores& b, std::size_t task) {
  double better = 0;
  for (std::size_t i = 0; i < a.runs; ++i)
    for (std::size_t j = 0; j < b.runs; ++j) {
      const double x = a.at(i, task), y = b.at(j, task);
      better += x > y ? 1 : x == y ? 0.5 : 0;
    }
  return better / static_cast<double>(a.runs * b.runs);
}

}  // namespace

double mean_score(const Scores& scores) {
  double sum = 0;
  for (const double score : scores.values) sum += score;
  return sum / static_cast<double>(scores.values.size());
}

double interquartile_mean(const Scores& scores) {
  if (has_nan(scores)) return kNotANumber;
  std::vector<double> sorted = scores.values;
  std::ranges::sort(sorted);
  const std::size_t cut = sorted.size() / 4;
  double sum = 0;
  for (std::size_t i = cut; i < sorted.size() - cut; ++i) sum += sorted[i];
  return sum / static_cast<double>(sorted.size() - 2 * cut);
}

double optimality_gap(const Scores& scores, double target) {
  double sum = 0;
  for (const double score : scores.values) sum += score > target ? target : score;  // NaN stays
  return target - sum / static_cast<double>(scores.values.size());
}

std::vector<double> fractions_above(const Scores& scores, std::span<const double> thresholds) {
  if (has_nan(scores)) return std::vector<double>(thresholds.size(), kNotANumber);
  std::vector<double> sorted = scores.values;
  std::ranges::sort(sorted);
  std::vector<double> fractions;
  for (const double threshold : thresholds) {
    const auto above = sorted.end() - std::ranges::upper_bound(sorted, threshold);
    fractions.push_back(static_cast<double>(above) / static_cast<double>(sorted.size()));
  }
  return fractions;
}

double probability_of_improvement(const Scores& a, const Scores& b) {
  if (a.tasks != b.tasks)
    throw std::invalid_argument("scores: wanted the " + std::to_string(a.tasks) +
                                " tasks of the other, found " + std::to_string(b.tasks));
  if (has_nan(a) || has_nan(b)) return kNotANumber;
  double sum = 0;
  for (std::size_t task = 0; task < a.tasks; ++task) sum += share_of_pairs(a, b, task);
  return sum / static_cast<double>(a.tasks);
}

}  // namespace innerloop
