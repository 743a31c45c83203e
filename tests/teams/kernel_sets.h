// The kernels of the teams that these tests compare.
#pragma once

#include "engine/device/host_kernel_set.h"
#include "tests/teams/lane_team.h"

namespace innerloop {

/// The engine's own: the portable ones, which are the only ones in this program.
inline HostKernelSet simd_kernels() { return host_kernel_sets().back(); }

/// The lanes' kernels, on `crew` from now on.
HostKernelSet lane_kernels(Crew& crew);

}  // namespace innerloop
