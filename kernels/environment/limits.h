// What of a plant is not to be passed: what reports tell of it, and no kernel has to know.
#pragma once

#include <concepts>
#include <span>

namespace innerloop {

/// Environments that have limits say when what is seen is beyond one, as an operator's alarm would:
/// `static bool beyond_limits(const Options&, std::span<const float> seen)`, on the host; `seen` are the observation's numbers.
template <class E>
concept HasLimits = requires(const typename E::Options& options, std::span<const float> seen) {
  { E::beyond_limits(options, seen) } -> std::same_as<bool>;
};

}  // namespace innerloop
