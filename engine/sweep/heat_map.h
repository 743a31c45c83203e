// Two numeric keys of a sweep against each other.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/report/frame.h"
#include "engine/sweep/shown.h"

namespace innerloop {

/// Of `keys` the two in which the points differ by numbers alone; where there are more than two, those with the largest main
/// effects on the scores (statistics/importance.h), in the order of `keys`. Empty where there are not two.
std::vector<std::string> keys_of_heat_map(const Metric& metric, const std::vector<std::string>& keys,
                                          const std::vector<const PointResult*>& points);

/// The metric over two keys: each cell is the mean over the points with these values, whatever else they differ in, and says so
/// under the pointer. More than eight values of a key are put into bins of nearly equally many points.
/// @pre there are points, and all have numbers at both keys.
Figure heat_map(const Metric& metric, const std::string& x_key, const std::string& y_key,
                const std::vector<const PointResult*>& points);

}  // namespace innerloop
