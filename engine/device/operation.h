// What the run side reads of an operation: a struct of plain data (shapes, pointers, numbers) with a call operator over
// the team. What an operation does not say has a default.
#pragma once

#include "kernels/lanes/fn.h"

namespace innerloop {

/// Into how many parts the work on a task falls: `op.parts()`, or 1. Parts may run side by side.
template <class Op>
FN int parts_of(const Op& op) {
  if constexpr (requires { op.parts(); })
    return op.parts();
  else
    return 1;
}

/// Bytes of scratch memory that a team needs: `op.scratch_bytes<Team>()`, or 0.
template <class Team, class Op>
FN long scratch_bytes_of(const Op& op) {
  if constexpr (requires { op.template scratch_bytes<Team>(); })
    return op.template scratch_bytes<Team>();
  else
    return 0;
}

/// A number in the device's memory that switches the operation off where it is 0: `op.enabled`. Null: always on.
template <class Op>
FN const int* enabled_of(const Op& op) {
  if constexpr (requires { op.enabled; })
    return op.enabled;
  else
    return nullptr;
}

// What follows an operation task by task, once all parts of a task are done: `Op::Follower`. Where the operation is not
// enabled, nothing does. A GPU does both in one launch.
struct Nothing {};
template <class Op>
struct FollowerOf {
  using type = Nothing;
};
template <class Op>
requires requires { typename Op::Follower; }
struct FollowerOf<Op> {
  using type = typename Op::Follower;
};
template <class Op>
using Follower = typename FollowerOf<Op>::type;
template <class Op>
inline constexpr bool kHasFollower = requires {
  typename Op::Follower;
};

}  // namespace innerloop
