// The trials' operations in double, compiled once for all tests.
#include "engine/device/simd/kernels.h"
#include "tests/support/trial_problem.h"

namespace innerloop {

const HostKernels<TrialPasses<double>>& double_trial_kernels() {
  static constexpr auto kernels = host_kernels_of<SimdTeam<Portable, double>>(TrialPasses<double>{});
  return kernels;
}

}  // namespace innerloop
