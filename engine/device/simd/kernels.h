// Compiles the kernels of a list of operations. Only the files that CMake makes of kernels.cpp.in, and tests, include this.
#pragma once

#include "engine/device/host_kernels.h"

namespace innerloop {

/// How a team of one thread runs `Op`. Tests specialise it for teams of several.
template <class Team, class Op>
struct TeamRun {
  static void run(const Op& op, const Place& place, void* scratch) { op(Team{}, place, Scratch(scratch)); }
};

template <class Team, class... Ops>
constexpr HostKernels<TypeList<Ops...>> host_kernels_of(TypeList<Ops...>) {
  return {HostKernel<Ops>{&TeamRun<Team, Ops>::run, &scratch_bytes_of<Team, Ops>}...};
}

template <class Team, class List>
HostKernels<List> host_kernels() {
  return host_kernels_of<Team>(List{});
}

}  // namespace innerloop
