#include "engine/statistics/importance.h"

#include <algorithm>
#include <map>

namespace innerloop {
namespace {

struct ScoreGroup {
  double sum = 0;
  std::size_t points = 0;
};

double squared(double x) { return x * x; }

}  // namespace

std::vector<std::size_t> groups_of(std::span<const std::string> values) {
  std::map<std::string, std::size_t> numbers;
  std::vector<std::size_t> groups;
  for (const std::string& value : values)
    groups.push_back(numbers.try_emplace(value, numbers.size()).first->second);
  return groups;
}

std::vector<std::size_t> groups_of(std::span<const double> numbers, std::size_t most) {
  std::map<double, std::size_t> points;  // that have this number
  for (const double number : numbers) ++points[number];
  const bool few = points.size() <= most;
  const std::size_t bins = std::clamp<std::size_t>(numbers.size() / 5, 2, std::max<std::size_t>(most, 2));
  std::map<double, std::size_t> group;
  std::size_t before = 0;  // points in the sorted order; the middle of a number's own decides on its bin
  for (const auto& [number, count] : points) {
    group.emplace(number, few ? group.size() : (2 * before + count) * bins / (2 * numbers.size()));
    before += count;
  }
  std::vector<std::size_t> groups;
  for (const double number : numbers) groups.push_back(group[number]);
  return groups;
}

std::optional<double> main_effect(std::span<const std::size_t> groups, std::span<const double> scores) {
  std::map<std::size_t, ScoreGroup> parts;
  double sum = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    ScoreGroup& part = parts[groups[i]];
    part.sum += scores[i];
    ++part.points;
    sum += scores[i];
  }
  const auto n = static_cast<double>(scores.size()), k = static_cast<double>(parts.size());
  if (k < 2 || n <= k || std::ranges::min(scores) == std::ranges::max(scores)) return {};
  double total = 0, within = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const ScoreGroup& part = parts[groups[i]];
    total += squared(scores[i] - sum / n);
    within += squared(scores[i] - part.sum / static_cast<double>(part.points));
  }
  return std::max(0.0, (total - within - (k - 1) * within / (n - k)) / total);
}

}  // namespace innerloop
