// An action as the ring keeps it: as a policy takes it in a step later.
#include "kernels/beliefs/ring.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace innerloop {
namespace {

using One = Pack<double, 1>;

std::vector<double> taken_in(const PolicyShape& actor, int count, const std::vector<double>& kept) {
  std::vector<double> numbers;
  for (int i = 0; i < count; ++i)
    numbers.push_back(
        action_input<One>(actor, i, [&](int k) { return kept[static_cast<std::size_t>(k)]; }).get(0));
  return numbers;
}

TEST(ActionInput, IsWhatTheEnvironmentWasHanded) {
  PolicyShape actor;
  EXPECT_EQ(taken_in(actor, 2, {0.3, -2}), (std::vector<double>{0.3, -2}));
  actor.squash = 0.5f;
  EXPECT_NEAR(taken_in(actor, 1, {-2})[0], 0.5 * std::tanh(-2.0), 1e-12);
}

TEST(ActionInput, IsOneAtEachGroupsChoice) {
  PolicyShape actor;
  actor.head = HeadKind::categorical;
  EXPECT_EQ(taken_in(actor, 4, {2}), (std::vector<double>{0, 0, 1, 0}));
  actor.head = HeadKind::grouped;
  actor.groups = 3;
  actor.group_size[0] = 2;
  actor.group_size[1] = 3;
  actor.group_size[2] = 1;
  EXPECT_EQ(taken_in(actor, 6, {1, 0, 0}), (std::vector<double>{0, 1, 1, 0, 0, 1}));
}

}  // namespace
}  // namespace innerloop
