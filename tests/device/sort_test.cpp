// Device::sort on the CPU; tests/cuda/sort_test.cpp has the same on CUDA.
#include <gtest/gtest.h>

#include "tests/support/sorted_places.h"

namespace innerloop {
namespace {

TEST(DeviceSort, EqualKeysKeepTheirOrder) {
  Device device({.backend = Backend::cpu, .threads = 2, .instructions = ""});
  EXPECT_EQ(SortedPlaces(device, 1, 6).sort({7, 3, 7, 3, 9, 3}), (std::vector<int>{1, 3, 5, 0, 2, 4}));
}

TEST(DeviceSort, EachRowIsSortedByItself) {
  Device device({.backend = Backend::cpu, .threads = 2, .instructions = ""});
  const auto keys = random_keys(3000, 300);
  EXPECT_EQ(SortedPlaces(device, 3, 1000).sort(keys), places_by_rank(keys, 3));
}

}  // namespace
}  // namespace innerloop
