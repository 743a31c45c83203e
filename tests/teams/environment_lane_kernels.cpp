#include "tests/teams/lane_kernels.h"

namespace innerloop {

const HostKernels<DrawOperations<float>>& draw_lane_kernels() {
  static constexpr auto kernels = lane_kernels_of(DrawOperations<float>{});
  return kernels;
}
const HostKernels<RolloutOperations<float>>& rollout_lane_kernels() {
  static constexpr auto kernels = lane_kernels_of(RolloutOperations<float>{});
  return kernels;
}

}  // namespace innerloop
