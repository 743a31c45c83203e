// The operations of policies without a memory, in trials, for CUDA.
#include "engine/device/cuda/memory_launchers.h"

namespace innerloop::cuda {

template <>
Launchers<MemoryOperations<Feedforward>> memory_launchers<Feedforward>() {
  return launchers_of(MemoryOperations<Feedforward>{});
}

}  // namespace innerloop::cuda
