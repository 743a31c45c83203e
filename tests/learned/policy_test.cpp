// The parameters of a policy as named blocks (engine/learned/policy.h) and as the kernels find them (kernels/networks/shape.h).
#include "engine/learned/policy.h"

#include <gtest/gtest.h>

namespace innerloop {
namespace {

TEST(PolicyBlocks, LieWhereTheKernelsLookForThem) {
  PolicyShape shape;
  shape.layers = 3;
  shape.width[0] = 2;
  shape.width[1] = 5;
  shape.width[2] = 4;
  shape.width[3] = 3;
  shape.symbols = 6;
  shape.kinds = 7;
  shape.context = 2;
  Learned learned;
  learned.add("", policy_blocks(shape, -0.5));
  const auto offset = [&](const char* name) { return learned.find(name)->offset; };
  EXPECT_EQ(offset("layer0.weight"), shape.weight_offset(0));
  EXPECT_EQ(offset("layer0.bias"), shape.bias_offset(0));
  EXPECT_EQ(offset("layer0.symbols"), shape.symbol_offset());
  EXPECT_EQ(learned.find("layer0.symbols")->shape, (std::vector<std::int64_t>{6, 7, 5}));
  EXPECT_EQ(offset("layer1.weight"), shape.weight_offset(1));
  EXPECT_EQ(offset("layer2.bias"), shape.bias_offset(2));
  EXPECT_EQ(offset("log_std"), shape.log_std_offset());
  EXPECT_EQ(offset("context_weight"), shape.context_weight_offset(0));
  EXPECT_EQ(offset("context"), shape.context_offset());
  EXPECT_EQ(learned.size(), shape.parameters());
  EXPECT_EQ(learned.find("layer1.symbols"), nullptr);
}

}  // namespace
}  // namespace innerloop
