// Which point of a sweep is trained next, and how far.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "engine/sweep/sweep.h"

namespace innerloop {

/// The iterations after which points stop, ascending; the last one is the end of all: first, first·factor, … below
/// `iterations`, then that. Without halving the end alone.
std::vector<int> stops_of(const Halving& halving, int iterations);

/// A point as the scheduler sees it.
struct PointProgress {
  std::vector<double> scores;  // at each stop that it has come to, more being better; NaN counts as worst
  std::size_t asked = 0;       // stops that it has been sent to
};

struct Errand {
  std::size_t point;
  std::size_t stop;  // the place in stops_of
};

/// Asynchronous successive halving: of the points that have come to a stop, the best ⌊n / factor⌋ may go on, without waiting
/// for those that have yet to come. New points come first, as all that there are is known from the start: where instead whoever
/// is best so far goes on at once, a grid in ascending order sends nearly all of its points on. Then comes the highest stop at
/// which one waits that may. Equal scores: the point with the smaller number. None where nobody may go anywhere, at least until
/// another point comes to its stop.
std::optional<Errand> next_errand(const std::vector<PointProgress>& points, std::size_t stops, int factor);

}  // namespace innerloop
