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
  const std::size_t n = scores.values.size(), cut = n / 4;
  std::vector<double> parted = scores.values;
  const auto lowest = parted.begin() + static_cast<std::ptrdiff_t>(cut);
  const auto highest = parted.end() - 1 - static_cast<std::ptrdiff_t>(cut);
  std::ranges::nth_element(parted, lowest);
  const double low = *lowest;
  std::nth_element(lowest, highest, parted.end());
  const double high = *highest;
  // What is between the two, in an order that no library decides on; then themselves, as often as they are in the middle half.
  if (low == high) return low;
  double sum = 0;
  std::size_t up_to_low = 0, from_high = 0;
  for (const double score : scores.values) {
    up_to_low += score <= low;
    from_high += score >= high;
    sum += score > low && score < high ? score : 0;
  }
  sum += low * static_cast<double>(up_to_low - cut) + high * static_cast<double>(from_high - cut);
  return sum / static_cast<double>(n - 2 * cut);
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
