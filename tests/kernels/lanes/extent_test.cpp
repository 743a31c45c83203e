// From the smallest to the largest of numbers that are taken one by one, or extent by extent.
#include "kernels/lanes/extent.h"

#include <gtest/gtest.h>

namespace innerloop {
namespace {

TEST(Extent, OfNothingChangesNoOther) {
  Extent<double> extent;
  extent.take(Extent<double>{});
  EXPECT_FALSE(extent.has_spread());
  extent.take(2);
  extent.take(Extent<double>{});
  EXPECT_EQ(extent.smallest, 2);
  EXPECT_EQ(extent.largest, 2);
  EXPECT_FALSE(extent.has_spread());
  extent.take(Extent<double>{-1, 1.5});
  EXPECT_EQ(extent.smallest, -1);
  EXPECT_EQ(extent.largest, 2);
  EXPECT_TRUE(extent.has_spread());
}

TEST(Extent, HasNoSpreadWhereRoundingsAloneDiffer) {
  Extent<float> extent;
  extent.take(1000.0f);
  extent.take(1000.0f + 1e-3f);
  EXPECT_FALSE(extent.has_spread());
  extent.take(1000.1f);
  EXPECT_TRUE(extent.has_spread());
}

}  // namespace
}  // namespace innerloop
