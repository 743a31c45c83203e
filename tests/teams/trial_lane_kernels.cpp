#include "tests/teams/lane_kernels.h"

namespace innerloop {

const HostKernels<TrialOperations<float>>& trial_lane_kernels() {
  static constexpr auto kernels = lane_kernels_of(TrialOperations<float>{});
  return kernels;
}

}  // namespace innerloop
