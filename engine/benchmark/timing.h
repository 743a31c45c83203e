// How long work takes.
#pragma once

#include <functional>

namespace innerloop {

/// The median of at least five repetitions in seconds, after one that does not count: of as many as half a second has room
/// for, up to a hundred.
double median_seconds(const std::function<void()>& work);

}  // namespace innerloop
