// What a sweep will need, before it starts.
#pragma once

#include <cstdint>
#include <string>

#include "engine/device/device.h"
#include "engine/sweep/points.h"
#include "engine/sweep/sweep.h"

namespace innerloop {

/// @throws InputError naming the point whose run does not fit into memory, or so many side by side as there are jobs; and
/// where halving is asked for and points have different `iterations`, or the budget is below the runs of one point. Looks at
/// devices in a process of its own, so that this one keeps nothing on a GPU while the runs want it.
void check_sweep(const Sweep& sweep, const Points& points, const DeviceOptions& device);

struct SweepNeed {
  std::size_t points = 0, runs = 0;
  std::int64_t largest_bytes = 0;  // of one run in memory
  double hours = 0;  // of this machine, all jobs busy; of halving: every point trained to its end
};

/// Trains each cell of the grid for some iterations, about half a second each, without writing anything.
/// @throws as check_sweep
SweepNeed estimate(const Sweep& sweep, const Points& points, const DeviceOptions& device);

}  // namespace innerloop
