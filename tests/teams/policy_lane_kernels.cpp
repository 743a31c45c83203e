#include "tests/teams/lane_kernels.h"

namespace innerloop {

const HostKernels<PolicyOperations<float>>& policy_lane_kernels() {
  static constexpr auto kernels = lane_kernels_of(PolicyOperations<float>{});
  return kernels;
}

}  // namespace innerloop
