// --backend, --device, --threads and --instructions: options of a command, not of the experiment, as they never change a
// result.
#pragma once

#include <CLI/CLI.hpp>

#include "engine/device/device.h"

namespace innerloop {

/// Adds them to `command`; parsing fills `options`, which has to live until then.
void add_device_flags(CLI::App& command, DeviceOptions& options);

}  // namespace innerloop
