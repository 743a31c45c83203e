// How CUDA runs operations: a table of launchers.
#pragma once

#include "engine/device/kernel_table.h"
#include "engine/device/operation.h"

namespace innerloop::cuda {

struct Stream;

// How an operation is enqueued: a block for each of its parts of each task; then, where it has an `out`, its follower.
template <class Op>
struct Launcher {
  void (*launch)(Stream&, const Op&, int tasks, const Follower<Op>&);
};
template <class List>
using Launchers = KernelTable<Launcher, List>;

/// The launchers of a list of operations. Each list is compiled in a file of its own, which CMake makes
/// (cmake/kernel_files.cmake).
template <class List>
Launchers<List> launchers();

}  // namespace innerloop::cuda
