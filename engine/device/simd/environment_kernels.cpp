// The environments' operations for the instruction set that this file is compiled for.
#include "engine/device/operations.h"

namespace innerloop {

template <>
const HostKernels<DrawOperations<float>>& draw_kernels<INNERLOOP_ISA>() {
  static constexpr auto kernels = host_kernels_of<SimdTeam<INNERLOOP_ISA>>(DrawOperations<float>{});
  return kernels;
}
template <>
const HostKernels<RolloutOperations<float>>& rollout_kernels<INNERLOOP_ISA>() {
  static constexpr auto kernels = host_kernels_of<SimdTeam<INNERLOOP_ISA>>(RolloutOperations<float>{});
  return kernels;
}

}  // namespace innerloop
