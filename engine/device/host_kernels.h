// How the host's processors run operations: a table of kernels for each instruction set.
#pragma once

#include <vector>

#include "engine/device/kernel_table.h"
#include "engine/device/operation.h"
#include "kernels/lanes/team.h"

namespace innerloop {

// How one kind of team runs one operation.
template <class Op>
struct HostKernel {
  void (*run)(const Op&, const Place&, void* scratch);
  long (*scratch_bytes)(const Op&);
};
template <class List>
using HostKernels = KernelTable<HostKernel, List>;

/// The kernels of a list of operations on one kind of team. Each list is compiled in a file of its own, which CMake makes
/// (cmake/kernel_files.cmake).
template <class Team, class List>
HostKernels<List> host_kernels();

}  // namespace innerloop
