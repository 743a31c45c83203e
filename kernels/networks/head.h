// What the policy's head makes of its outputs, chosen by its kind.
#pragma once

#include "kernels/networks/categorical_head.h"
#include "kernels/networks/gaussian_head.h"

namespace innerloop {

// Calls f with the head's type. One choice is one group, to the same bits: what is compiled for each head is large.
template <class F>
FN void with_head(HeadKind kind, const F& f) {
  if (kind == HeadKind::gaussian)
    f(GaussianHead{});
  else
    f(GroupedHead{});
}

}  // namespace innerloop
