// Arrays in a GPU's memory, which other libraries take without a copy.
#pragma once

#include <nanobind/ndarray.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "bindings/shared_device.h"

namespace innerloop {

/// What Python sees is DLPack's protocol and CUDA's array interface: whoever takes it says on which stream, and that stream
/// then waits for the device's.
struct DeviceArray {
  std::shared_ptr<SharedDevice> on;
  std::shared_ptr<void> memory;  // in which it lies
  const void* data = nullptr;
  nb::dlpack::dtype type = {};
  std::vector<std::size_t> shape;  // rows of the last one lie one after the other

  std::size_t bytes() const;
};

}  // namespace innerloop
