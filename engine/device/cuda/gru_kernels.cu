// The operations of policies with a GRU for CUDA.
#include "engine/device/cuda/memory_launchers.h"

namespace innerloop::cuda {

template <>
Launchers<MemoryOperations<Gru>> memory_launchers<Gru>() {
  return launchers_of(MemoryOperations<Gru>{});
}

}  // namespace innerloop::cuda
