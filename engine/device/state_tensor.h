// A tensor of a learner's state, where it lies on the device.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/files/dtype.h"

namespace innerloop {

struct StateTensor {
  std::string name;  // "params", "adam.first_moment", …
  DType dtype;
  std::vector<std::int64_t> shape;
  void* data;  // device memory
  std::int64_t bytes;
};

}  // namespace innerloop
