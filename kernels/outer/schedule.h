// How the outer step shrinks as the iterations go by.
#pragma once

#include "kernels/lanes/random.h"

namespace innerloop {

template <class T>
struct Schedule {
  const RandomKey* key = nullptr;  // [1]  holds the number of the iteration
  T decay = 0;  // of the step's length in each iteration: 1/iterations ends at zero; 0: constant

  // What the length of this iteration's step is multiplied with: 1 in the first one.
  FN T factor() const { return decay > T(0) ? T(1) - T(key->iteration) * decay : T(1); }
};

}  // namespace innerloop
