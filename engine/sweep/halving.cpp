#include "engine/sweep/halving.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace innerloop {

std::vector<int> stops_of(const Halving& halving, int iterations) {
  std::vector<int> stops;
  if (halving.first > 0)
    for (std::int64_t stop = halving.first; stop < iterations; stop *= halving.factor)
      stops.push_back(static_cast<int>(stop));
  stops.push_back(iterations);
  return stops;
}

std::optional<Errand> next_errand(const std::vector<PointProgress>& points, std::size_t stops, int factor) {
  for (std::size_t i = 0; i < points.size(); ++i)
    if (points[i].asked == 0) return Errand{i, 0};
  for (std::size_t stop = stops - 1; stop-- > 0;) {
    std::vector<std::size_t> there;
    for (std::size_t i = 0; i < points.size(); ++i)
      if (points[i].scores.size() > stop) there.push_back(i);
    const auto worth = [&](std::size_t i) {
      const double score = points[i].scores[stop];
      return std::isnan(score) ? -INFINITY : score;
    };
    std::ranges::stable_sort(there, [&](std::size_t a, std::size_t b) { return worth(a) > worth(b); });
    there.resize(there.size() / static_cast<std::size_t>(factor));
    for (const std::size_t i : there)
      if (points[i].asked == stop + 1) return Errand{i, stop + 1};
  }
  return std::nullopt;
}

}  // namespace innerloop
