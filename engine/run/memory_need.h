// Everything that a training run will hold in memory, before any of it is there.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"

namespace innerloop {

struct Config;

struct MemoryNeed {
  std::vector<std::pair<std::string, BufferPlan>> parts;  // what for, and its buffers

  std::int64_t total_bytes() const;
};

/// What training and its evaluations need on the device.
/// @throws InputError, beginning with `source`, the config's file, for a buffer of an impossible size.
MemoryNeed memory_need(const Config& config, Device& device, const std::string& source);

/// @throws InputError, beginning with `source`, with the bytes wanted and had where they do not fit.
void check_fits(const MemoryNeed& need, const Device& device, const std::string& source);

}  // namespace innerloop
