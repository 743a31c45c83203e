// The environments' operations for CUDA.
#include "engine/device/cuda/stream.h"

namespace innerloop::cuda {

const Launchers<DrawOperations<float>>& draw_launchers() {
  static const auto launchers = launchers_of(DrawOperations<float>{});
  return launchers;
}
const Launchers<RolloutOperations<float>>& rollout_launchers() {
  static const auto launchers = launchers_of(RolloutOperations<float>{});
  return launchers;
}

}  // namespace innerloop::cuda
