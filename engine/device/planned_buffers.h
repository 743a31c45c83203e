// The one allocation of a memory plan.
#pragma once

#include <memory>
#include <string>

#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"

namespace innerloop {

/// Allocates what the plan says, all 0, and lets its pointers point there; `whose` is what the message names: "this
/// config". @throws InputError with the bytes wanted and had, where they do not fit.
std::shared_ptr<void> allocate_planned(Device& device, BufferPlan& plan, const std::string& whose);

}  // namespace innerloop
