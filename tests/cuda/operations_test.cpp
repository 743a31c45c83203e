// Every operation computes on the CUDA device the bits of the host's kernels.
#include <gtest/gtest.h>

#include "tests/cuda/cuda_device.h"
#include "tests/support/operation_cases.h"

namespace innerloop {
namespace {

class EveryOperationOnCuda : public testing::TestWithParam<OperationCase> {};

TEST_P(EveryOperationOnCuda, EqualsTheHostsKernels) {
  if (!GetParam().run_on) GTEST_SKIP() << "only the host has kernels of it";
  Device device(kCuda);
  EXPECT_EQ(first_difference(GetParam().run(host_kernel_sets().back()), GetParam().run_on(device)), "");
}

INSTANTIATE_TEST_SUITE_P(, EveryOperationOnCuda, testing::ValuesIn(operation_cases(CaseSize::full)),
                         [](const auto& test) { return test.param.name(); });

}  // namespace
}  // namespace innerloop
