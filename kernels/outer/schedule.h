// How the outer step shrinks as the iterations go by.
#pragma once

#include "kernels/lanes/random.h"

namespace innerloop {

template <class T>
struct Schedule {
  const RandomKey* key = nullptr;  // [1]  holds the number of the iteration
  T decay = 0;  // what an iteration takes off the step's length: 1/iterations ends at zero; 0: constant

  // The factor of this iteration's step; the first one's is 1.
  FN T factor() const { return decay > T(0) ? T(1) - T(key->iteration) * decay : T(1); }
};

}  // namespace innerloop
