// Every operation on a team of lanes, in the form that the engine's devices run.
#pragma once

#include "engine/device/simd/kernels.h"
#include "tests/teams/lane_team.h"

namespace innerloop {

template <class Op>
struct TeamRun<LaneTeam<float>, Op> {
  static void run(const Op& op, const Place& place, void* scratch) {
    Crew& crew = *lane_crew;
    crew.run([&](int lane) { op(LaneTeam<float>(crew, lane), place, Scratch(scratch)); });
  }
};

}  // namespace innerloop
