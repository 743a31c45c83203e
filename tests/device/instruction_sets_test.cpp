// Every instruction set computes the bits of the portable kernels.
#include <gtest/gtest.h>

#include "tests/support/operation_cases.h"

namespace innerloop {
namespace {

class EveryOperationOnEachInstructionSet : public testing::TestWithParam<OperationCase> {};

TEST_P(EveryOperationOnEachInstructionSet, EqualsThePortableKernels) {
  const auto sets = host_kernel_sets();
  const auto wanted = GetParam().run(sets.front());
  for (const HostKernelSet& set : sets)
    EXPECT_EQ(first_difference(wanted, GetParam().run(set)), "") << set.name;
}

INSTANTIATE_TEST_SUITE_P(, EveryOperationOnEachInstructionSet,
                         testing::ValuesIn(operation_cases(CaseSize::full)),
                         [](const auto& test) { return test.param.name(); });

}  // namespace
}  // namespace innerloop
