// The device that these tests are about.
#pragma once

#include "engine/device.h"

namespace innerloop {

inline const DeviceOptions kCuda = {.backend = Backend::cuda, .threads = 0, .instructions = ""};

/// Whether that is cuda-on-cpu, which runs CUDA programs without a GPU and reports what hardware lets pass.
inline bool is_emulated() { return Device(kCuda).name().starts_with("cuda-on-cpu"); }

}  // namespace innerloop
