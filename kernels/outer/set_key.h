// Puts the key of the random numbers into device memory, without the host having to wait.
#pragma once

#include "kernels/lanes/random.h"
#include "kernels/lanes/team.h"

namespace innerloop {

template <class T>
struct SetKey {
  RandomKey key;
  RandomKey* to = nullptr;  // [1]

  template <class Team>
  TEAM_FN void operator()(const Team& team, const Place&, Scratch) const {
    if (team.rank() == 0) *to = key;
  }
};

}  // namespace innerloop
