// The kernels of all operations, for each instruction set of the host.
#pragma once

#include <vector>

#include "engine/device/host_kernels.h"
#include "engine/device/operations.h"

namespace innerloop {

/// The kernels of one instruction set.
struct HostKernelSet : HostKernels<HostOperations> {
  const char* name;  // "portable", "avx2", "avx512"
};

/// Put together from the lists.
template <class Team>
HostKernelSet host_kernel_set(const char* name) {
  HostKernelSet set;
  set.name = name;
  for_each_type(HostOperationLists{}, [&]<class List>() { set.put(host_kernels<Team, List>()); });
  return set;
}

/// Those that this processor can run, the fastest last.
std::vector<HostKernelSet> host_kernel_sets();

}  // namespace innerloop
