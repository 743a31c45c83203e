// The learner's state as it was before an iteration, on the device.
#pragma once

#include <vector>

#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"
#include "engine/device/state_tensor.h"

namespace innerloop {

/// An iteration whose gradient is not finite may have updated a part of the state (an epoch of ProMP's). With this copy
/// the last good state can still be saved; taking it costs no transfer to the host.
class StateCopy {
 public:
  /// Declares room for `state`; its data need not be there yet.
  explicit StateCopy(const std::vector<StateTensor>& state) : copy_(state) {
    for (StateTensor& tensor : copy_) {
      auto** data = reinterpret_cast<std::byte**>(&tensor.data);
      plan_.add(data, "last." + tensor.name, "[byte]", {tensor.bytes});
    }
  }
  StateCopy(const StateCopy&) = delete;
  StateCopy& operator=(const StateCopy&) = delete;

  const BufferPlan& plan() const { return plan_; }
  void allocate(Device& device) {
    memory_ = device.allocate(plan_.total_bytes());
    plan_.bind(memory_.get());
  }
  void take(Device& device, const std::vector<StateTensor>& state) {
    for (std::size_t i = 0; i < state.size(); ++i)
      device.copy_on_device(copy_[i].data, state[i].data, state[i].bytes);
  }
  void put_back(Device& device, const std::vector<StateTensor>& state) const {
    for (std::size_t i = 0; i < state.size(); ++i)
      device.copy_on_device(state[i].data, copy_[i].data, state[i].bytes);
  }

 private:
  std::vector<StateTensor> copy_;
  BufferPlan plan_;
  std::shared_ptr<void> memory_;
};

}  // namespace innerloop
