// The policy's operations for CUDA.
#include "engine/device/cuda/stream.h"

namespace innerloop::cuda {

const Launchers<PolicyOperations<float>>& policy_launchers() {
  static const auto launchers = launchers_of(PolicyOperations<float>{});
  return launchers;
}

}  // namespace innerloop::cuda
