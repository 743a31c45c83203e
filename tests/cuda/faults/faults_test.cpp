// The test of the CUDA tests: cuda-on-cpu reports each kind of fault in our own operations.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "engine/error.h"
#include "tests/cuda/cuda_device.h"
#include "tests/cuda/faults/fault.h"
#include "tests/support/operation_cases.h"

namespace innerloop {
namespace {

enum Found : int { kNothing, kReport, kWrongNumbers };

OperationCase case_named(const std::string& name) {
  for (const OperationCase& operation : operation_cases(CaseSize::small))
    if (operation.name() == name) return operation;
  throw std::invalid_argument("no case " + name);
}

Found run(const OperationCase& operation, const Fault& wrong) {
  fault = wrong;
  try {
    Device device(kCuda);
    const bool right =
        first_difference(operation.run(host_kernel_sets().back()), operation.run_on(device)) == "";
    return right ? kNothing : kWrongNumbers;
  } catch (const RunError& error) {
    std::cerr << error.what() << "\n";
    return kReport;
  }
}

// Ends the process with what is found.
void run_faulty(const std::string& name, const Fault& wrong) { std::exit(run(case_named(name), wrong)); }

// Without each sync in turn, until a report. Not every sync is needed: some stand beside another.
void run_without_a_sync(const std::string& name) {
  const OperationCase operation = case_named(name);
  for (int sync = 0; sync < 20; ++sync)
    if (run(operation, {.skipped_sync = sync}) == kReport) std::exit(kReport);
  std::exit(kNothing);
}

// A report makes the device unusable, so each run is a process of its own, with the checks that it needs.
class SeededFault : public testing::Test {
 protected:
  void SetUp() override {
    if (!is_emulated())
      GTEST_SKIP() << "hardware lets this pass: wanted cuda-on-cpu, found " << Device(kCuda).name();
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    for (const char* check : {"INIT", "RACE_GLOBAL", "LAZY"})
      setenv((std::string("CUDA_ON_CPU_") + check).c_str(), "1", 1);
  }
};

TEST_F(SeededFault, NoneIsFoundWithoutOne) {
  EXPECT_EXIT(run_faulty("OuterStep_adam", {}), testing::ExitedWithCode(kNothing), "");
  EXPECT_EXIT(run_faulty("OuterStep_adam", {.in_global = true}), testing::ExitedWithCode(kNothing), "");
  EXPECT_EXIT(run_faulty("Rollout_point_navigation_square_stop", {}), testing::ExitedWithCode(kNothing), "");
}

TEST_F(SeededFault, AMissingSyncIsReported) {
  for (const char* name : {"OuterStep_adam", "ConjugateGradientStep_one", "StartLineSearch_one",
                           "Advantages_linear_normalised", "Rollout_point_navigation_square_stop"})
    EXPECT_EXIT(run_without_a_sync(name), testing::ExitedWithCode(kReport), "Data race|Read of uninitialised")
        << name;
}

TEST_F(SeededFault, AMissingSyncBetweenAccessesToDeviceMemoryIsReported) {
  EXPECT_EXIT(run_faulty("OuterStep_adam", {.skipped_sync = 2}), testing::ExitedWithCode(kReport),
              "Data race in global memory");
}

TEST_F(SeededFault, AWriteOneNumberTooFarIsReported) {
  EXPECT_EXIT(run_faulty("OuterStep_adam", {.short_scratch = true}), testing::ExitedWithCode(kReport),
              "Shared access out of bounds|Invalid global write");
  EXPECT_EXIT(run_faulty("OuterStep_adam", {.short_scratch = true, .in_global = true}),
              testing::ExitedWithCode(kReport), "Invalid global write");
}

TEST_F(SeededFault, AReadOfWhatNobodyWroteIsReported) {
  for (const char* name : {"OuterStep_adam", "Rollout_point_navigation_square_stop"})
    EXPECT_EXIT(run_faulty(name, {.absent_thread = true}), testing::ExitedWithCode(kReport),
                "Read of uninitialised shared memory")
        << name;
}

TEST_F(SeededFault, AMissingDependencyOfStreamsGivesWrongNumbers) {
  EXPECT_EXIT(run_faulty("OuterStep_adam", {.other_stream = true}), testing::ExitedWithCode(kWrongNumbers),
              "");
}

}  // namespace
}  // namespace innerloop
