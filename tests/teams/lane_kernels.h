// Every operation on a team of lanes, in the form that the engine's devices run.
#pragma once

#include "engine/device/device.h"
#include "tests/teams/lane_team.h"

namespace innerloop {

const HostKernels<PolicyOperations<float>>& policy_lane_kernels();
const HostKernels<DrawOperations<float>>& draw_lane_kernels();
const HostKernels<RolloutOperations<float>>& rollout_lane_kernels();
const HostKernels<HostTrialOperations<float>>& trial_lane_kernels();

/// The crew that these kernels run on.
inline Crew* lane_crew = nullptr;

/// The kernels, on `crew` from now on.
inline HostKernelSet lane_kernels(Crew& crew) {
  lane_crew = &crew;
  return {"lanes", &policy_lane_kernels(), &draw_lane_kernels(), &rollout_lane_kernels(),
          &trial_lane_kernels()};
}

template <class Op>
void run_on_lanes(const Op& op, const Place& place, void* scratch) {
  Crew& crew = *lane_crew;
  crew.run([&](int lane) { op(LaneTeam<float>(crew, lane), place, Scratch(scratch)); });
}
template <class... Ops>
constexpr HostKernels<TypeList<Ops...>> lane_kernels_of(TypeList<Ops...>) {
  return {HostKernel<Ops>{&run_on_lanes<Ops>, &scratch_on_team<LaneTeam<float>, Ops>}...};
}

}  // namespace innerloop
