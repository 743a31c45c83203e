// The launchers of all operations.
#pragma once

#include "engine/device/cuda/launchers.h"
#include "engine/device/operations.h"

namespace innerloop::cuda {

/// Put together from the lists. @throws Error in a build without the CUDA side.
const Launchers<Operations>& all_launchers();

}  // namespace innerloop::cuda
