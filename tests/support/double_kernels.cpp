// The policy's operations in double, compiled once for all tests.
#include "engine/device/simd/kernels.h"
#include "tests/support/kernels.h"

namespace innerloop {

const HostKernels<PolicyOperations<double>>& double_kernels() {
  static constexpr auto kernels = host_kernels_of<SimdTeam<Portable, double>>(PolicyOperations<double>{});
  return kernels;
}

}  // namespace innerloop
