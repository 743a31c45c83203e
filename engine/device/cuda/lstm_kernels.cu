// The operations of policies with an LSTM for CUDA.
#include "engine/device/cuda/memory_launchers.h"

namespace innerloop::cuda {

template <>
Launchers<MemoryOperations<Lstm>> memory_launchers<Lstm>() {
  return launchers_of(MemoryOperations<Lstm>{});
}

}  // namespace innerloop::cuda
