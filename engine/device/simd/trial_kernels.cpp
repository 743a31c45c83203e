// The operations of policies with a memory for the instruction set that this file is compiled for.
#include "engine/device/operations.h"

namespace innerloop {

template <>
const HostKernels<HostTrialOperations<float>>& trial_kernels<INNERLOOP_ISA>() {
  static constexpr auto kernels = host_kernels_of<SimdTeam<INNERLOOP_ISA>>(HostTrialOperations<float>{});
  return kernels;
}

}  // namespace innerloop
