// The kernels are in objects of their own: whoever included their definitions would compile them all once more.
#include "tests/teams/kernel_sets.h"

namespace innerloop {

std::vector<HostKernelSet> host_kernel_sets() {
  return {host_kernel_set<SimdTeam<Portable>>(Portable::name)};
}

HostKernelSet lane_kernels(Crew& crew) {
  lane_crew = &crew;
  return host_kernel_set<LaneTeam<float>>("lanes");
}

}  // namespace innerloop
