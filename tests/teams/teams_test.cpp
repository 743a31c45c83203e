// Every operation computes the same bits on every team, and without races where ThreadSanitizer watches.
#include <gtest/gtest.h>

#include <set>
#include <typeindex>

#include "tests/support/operation_cases.h"
#include "tests/teams/fiber_crew.h"
#include "tests/teams/kernel_sets.h"
#include "tests/teams/thread_crew.h"

namespace innerloop {
namespace {

class EveryOperation : public testing::TestWithParam<OperationCase> {
 protected:
  void expect_the_same_bits_on(Crew& crew) {
    EXPECT_EQ(first_difference(GetParam().run(simd_kernels()), GetParam().run(lane_kernels(crew))), "");
  }
};

TEST_P(EveryOperation, EqualsTheSimdTeamOn8Fibers) {
  FiberCrew crew(8);
  expect_the_same_bits_on(crew);
}
TEST_P(EveryOperation, EqualsTheSimdTeamOn32FibersInAnyOrder) {
  FiberCrew crew(32, FiberCrew::Order::random);
  expect_the_same_bits_on(crew);
}
TEST_P(EveryOperation, EqualsTheSimdTeamOn3Threads) {
  ThreadCrew crew(3);
  expect_the_same_bits_on(crew);
}

// FmaPeak alone has none: its numbers are the team's width and how many lanes it has, and so differ from team to team.
TEST(OperationCases, AreOfEveryOperation) {
  std::set<std::type_index> covered{typeid(FmaPeak<float>)};
  for (const OperationCase& operation : operation_cases(CaseSize::small)) covered.insert(operation.operation);
  for_each_type(HostOperations{}, [&]<class Op>() {
    EXPECT_TRUE(covered.contains(typeid(Op))) << "no case of " << typeid(Op).name();
  });
}

INSTANTIATE_TEST_SUITE_P(, EveryOperation, testing::ValuesIn(operation_cases(CaseSize::full)),
                         [](const auto& test) { return test.param.name(); });

class EveryOperationInBlocks : public testing::TestWithParam<OperationCase> {};

// A GPU takes as many rows at once as suit it.
TEST_P(EveryOperationInBlocks, IsTheSameForEveryNumberOfRowsABlock) {
  const auto wanted = GetParam().run(simd_kernels());
  for (const int rows : {16, 32, 128})
    EXPECT_EQ(first_difference(wanted, GetParam().run_in_blocks(simd_kernels(), rows)), "")
        << rows << " rows";
}

std::vector<OperationCase> operations_in_blocks() {
  std::vector<OperationCase> all = operation_cases(CaseSize::full);
  std::erase_if(all, [](const OperationCase& operation) { return !operation.run_in_blocks; });
  return all;
}
INSTANTIATE_TEST_SUITE_P(, EveryOperationInBlocks, testing::ValuesIn(operations_in_blocks()),
                         [](const auto& test) { return test.param.name(); });

// The crew itself: every lane passes a sync before any goes on, and a sum built with syncs is right.
TEST(FiberCrew, LanesWaitForEachOther) {
  for (const auto order : {FiberCrew::Order::fixed, FiberCrew::Order::random}) {
    FiberCrew crew(5, order);
    std::vector<int> met(4, 0);
    std::vector<int> seen(5, 0);
    crew.run([&](int lane) {
      const LaneTeam<float> team(crew, lane);
      for (int& count : met) {
        for (int turn = 0; turn < team.size(); ++turn) {
          if (turn == lane) ++count;
          team.sync();
        }
        seen[static_cast<std::size_t>(lane)] += count;
      }
    });
    EXPECT_EQ(met, std::vector<int>(4, 5));
    EXPECT_EQ(seen, std::vector<int>(5, 20));
  }
}

TEST(FiberCrew, RefusesASyncThatNotAllLanesReach) {
  FiberCrew crew(4);
  EXPECT_THROW(crew.run([&](int lane) {
    const LaneTeam<float> team(crew, lane);
    if (lane != 2) team.sync();
  }),
               std::runtime_error);
}

}  // namespace
}  // namespace innerloop
