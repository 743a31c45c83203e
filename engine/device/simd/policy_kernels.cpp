// The policy's operations for the instruction set that this file is compiled for.
#include "engine/device/operations.h"

namespace innerloop {

template <>
const HostKernels<PolicyOperations<float>>& policy_kernels<INNERLOOP_ISA>() {
  static constexpr auto kernels = host_kernels_of<SimdTeam<INNERLOOP_ISA>>(PolicyOperations<float>{});
  return kernels;
}

}  // namespace innerloop
