#include "engine/device/planned_buffers.h"

#include "engine/error.h"

namespace innerloop {

std::shared_ptr<void> allocate_planned(Device& device, BufferPlan& plan, const std::string& whose) {
  const std::int64_t had = device.available_bytes();
  if (plan.total_bytes() > had)
    throw InputError("memory: wanted " + std::to_string(plan.total_bytes()) + " bytes (" +
                     readable_bytes(plan.total_bytes()) + ") for " + whose + ", found " +
                     std::to_string(had) + " (" + readable_bytes(had) + "); see `innerloop plan`");
  std::shared_ptr<void> memory = device.allocate(plan.total_bytes());
  plan.bind(memory.get());
  return memory;
}

}  // namespace innerloop
