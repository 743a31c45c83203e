// The operations of policies with a memory for CUDA.
#include "kernels/cuda/stream.h"

namespace innerloop::cuda {

const Launchers<TrialOperations<float>>& trial_launchers() {
  static const auto launchers = launchers_of(TrialOperations<float>{});
  return launchers;
}

}  // namespace innerloop::cuda
