#include "tests/teams/lane_kernels.h"

namespace innerloop {

const HostKernels<HostTrialOperations<float>>& trial_lane_kernels() {
  static constexpr auto kernels = lane_kernels_of(HostTrialOperations<float>{});
  return kernels;
}

}  // namespace innerloop
