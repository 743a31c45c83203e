// From the smallest to the largest of some numbers, and whether they differ by more than what rounding makes of equal ones.
//
// What is divided by its own spread must have one: of equal numbers the mean may be off by a rounding or, of many, by several,
// and that error over its own size would be as large as anything.
#pragma once

#include <limits>

#include "kernels/lanes/fn.h"

namespace innerloop {

template <class T>
inline constexpr T kLowest = -std::numeric_limits<T>::infinity();

template <class T>
struct Extent {
  T smallest = -kLowest<T>, largest = kLowest<T>;

  FN void take(T x) { take(Extent{x, x}); }
  FN void take(const Extent& other) {
    smallest = other.smallest < smallest ? other.smallest : smallest;
    largest = other.largest > largest ? other.largest : largest;
  }
  // Whether the numbers differ by more than 16 roundings of their size.
  FN bool has_spread() const {
    constexpr T kRoundings = 16 * std::numeric_limits<T>::epsilon();
    const T size = -smallest > largest ? -smallest : largest;
    return largest - smallest > kRoundings * size;
  }
};

}  // namespace innerloop
