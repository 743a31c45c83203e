// A fixed number of items; std::array for code that also runs on a device.
#pragma once

#include "kernels/lanes/fn.h"

namespace innerloop {

template <class T, int N>
struct Array {
  T items[N > 0 ? N : 1];
  static constexpr int size = N;

  FN T& operator[](int i) { return items[i]; }
  FN const T& operator[](int i) const { return items[i]; }
};

}  // namespace innerloop
