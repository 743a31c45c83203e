// A device that Python's threads share.
#pragma once

#include <mutex>
#include <optional>

#include "bindings/exports.h"
#include "engine/device/cuda/backend.h"
#include "engine/device/device.h"
#include "engine/error.h"

namespace innerloop {

/// Gives the calling thread back the GPU that it worked on before: other libraries go by that.
class CallersGpu {
 public:
  /// `is_cuda`: whether there is one at all.
  /// @throws RunError where CUDA does not answer any more, as in a process that was forked.
  explicit CallersGpu(bool is_cuda) {
    if (!is_cuda) return;
    try {
      before_ = cuda::current_device();
    } catch (const cuda::Error& error) {
      throw RunError(error.what());
    }
  }
  ~CallersGpu() {
    if (before_) cuda::use_device(*before_);
  }
  CallersGpu(const CallersGpu&) = delete;
  CallersGpu& operator=(const CallersGpu&) = delete;

 private:
  std::optional<int> before_;
};

/// One thing at a time, whichever thread asks for it.
struct SharedDevice {
  Device device;
  std::mutex mutex;

  explicit SharedDevice(const DeviceOptions& options) : device(options) {}

  template <class Call>
  auto alone(const Call& call) {
    const nb::gil_scoped_release released;
    const std::lock_guard lock(mutex);
    const CallersGpu kept(device.is_cuda());
    return call();
  }
};

}  // namespace innerloop
