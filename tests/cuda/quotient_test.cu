// Integer division through a reciprocal, on the device, against the exact one.
#include <gtest/gtest.h>
#include <thrust/count.h>
#include <thrust/execution_policy.h>
#include <thrust/iterator/counting_iterator.h>

#include "kernels/lanes/team.h"

namespace innerloop {
namespace {

constexpr int kEnd = 1 << 21;  // of what quotient() takes

// Small numbers: i / 2048 + 1 divides i % 2048.
struct WrongOfSmall {
  __device__ bool operator()(int i) const {
    const int a = i % 2048, b = i / 2048 + 1;
    return quotient(a, b) != a / b;
  }
};

// Where an error shows first: at a multiple of any divisor, and one before it; the largest of both and random ones.
struct WrongAtMultiples {
  __device__ bool operator()(int i) const {
    const unsigned mixed = static_cast<unsigned>(i) * 2654435761u;
    const int bits = i % 21, b = static_cast<int>(mixed >> 11 >> bits) + 1;
    if (b >= kEnd) return false;
    const int most = (kEnd - 1) / b, times = i % 2 == 0 ? most : static_cast<int>(mixed % (most + 1u));
    const int a = times * b;
    return quotient(a, b) != times || (a > 0 && quotient(a - 1, b) != times - 1);
  }
};

template <class Wrong>
long wrong_of(int count) {
  const thrust::counting_iterator<int> first(0);
  return thrust::count_if(thrust::device, first, first + count, Wrong{});
}

TEST(Quotient, IsExact) {
  EXPECT_EQ(wrong_of<WrongOfSmall>(2048 * 300), 0);
  EXPECT_EQ(wrong_of<WrongAtMultiples>(300'000), 0);
}

}  // namespace
}  // namespace innerloop
