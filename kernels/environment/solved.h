// Whether episodes of an environment are solved or not: what reports tell of it, and no kernel has to know.
#pragma once

namespace innerloop {

/// True where the environment says `static constexpr bool solved_when_paid = true`: an episode is then solved if its last step
/// pays more than 0.
template <class E>
inline constexpr bool kSolvedWhenPaid = requires {
  requires E::solved_when_paid;
};

}  // namespace innerloop
