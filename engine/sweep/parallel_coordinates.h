// All keys of a sweep beside each other.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/report/frame.h"
#include "engine/sweep/shown.h"

namespace innerloop {

/// How many keys a drawing has room for.
inline constexpr std::size_t kMostAxes = 8;

/// A line a point through its values on an upright axis for each key, up to the metric, the best of it above: the better, the
/// darker (lighter on a dark page), the best in another colour. Few values of a key are spaced evenly; many numbers are on a
/// line, by their logarithms where the largest is ten times the least or more. What a point does not have is "–", below.
/// @pre there are points, and 2 to kMostAxes keys.
Figure parallel_coordinates(const Metric& metric, const std::vector<std::string>& keys,
                            const std::vector<const PointResult*>& points);

}  // namespace innerloop
