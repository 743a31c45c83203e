#include "engine/device/host_kernel_set.h"

namespace innerloop {

std::vector<HostKernelSet> host_kernel_sets() {
  std::vector<HostKernelSet> sets = {host_kernel_set<SimdTeam<Portable>>(Portable::name)};
#if defined(__x86_64__) && !defined(INNERLOOP_PORTABLE_ONLY)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    sets.push_back(host_kernel_set<SimdTeam<Avx2>>(Avx2::name));
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512cd"))
    sets.push_back(host_kernel_set<SimdTeam<Avx512>>(Avx512::name));
#endif
  return sets;
}

}  // namespace innerloop
