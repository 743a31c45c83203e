// The CUDA device's memory and streams, and what is left of it after an error.
#include "engine/device/launch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/error.h"
#include "tests/cuda/cuda_device.h"
#include "tests/support/device_copies.h"
#include "tests/support/operation_cases.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/trajectories.h"

namespace innerloop {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;

std::vector<float> numbers_of(Device& device, const std::shared_ptr<void>& memory, std::size_t count) {
  return device.read(static_cast<const float*>(memory.get()), static_cast<std::int64_t>(count));
}

void expect_usable(Device& device) {
  const OperationCase any = operation_cases(CaseSize::small).front();
  EXPECT_EQ(first_difference(any.run(host_kernel_sets().back()), any.run_on(device)), "");
}

TEST(CudaDevice, SaysWhatItIs) {
  const Device device(kCuda);
  EXPECT_TRUE(device.is_cuda());
  EXPECT_EQ(device.description(), "cuda (" + device.name() + "), as asked");
  EXPECT_EQ(Device({}).description(), "cuda (" + device.name() + "): it answers");
}

TEST(CudaDevice, SaysHowManyThereAre) {
  EXPECT_THAT(message_of<InputError>([] {
                Device({.backend = Backend::automatic, .threads = 0, .instructions = "", .device = 1000});
              }),
              testing::MatchesRegex(
                  "--device: wanted a number below [0-9]+, of the CUDA devices that answer, found 1000"));
}

TEST(CudaDevice, FreshMemoryIsZero) {
  Device device(kCuda);
  EXPECT_THAT(numbers_of(device, device.allocate(4000), 1000), Each(0.0f));
}

TEST(CudaDevice, CopiesInOrderWithItsOperations) {
  Device device(kCuda);
  constexpr std::size_t kCount = 1000;
  constexpr std::int64_t kBytes = kCount * sizeof(float);
  std::vector<float> numbers(kCount), twice(kCount), four_times(kCount);
  for (std::size_t i = 0; i < kCount; ++i) {
    numbers[i] = static_cast<float>(i + 1);
    twice[i] = 2 * numbers[i];
    four_times[i] = 4 * numbers[i];
  }
  const auto memory = device.allocate(kBytes), copy = device.allocate(kBytes);
  auto* x = static_cast<float*>(memory.get());
  const SumOverTasks<float> double_x{1, kCount, x, 2.0f, nullptr, x};
  device.write(x, numbers);
  device.once(double_x);
  device.copy_on_device(copy.get(), x, kBytes);
  device.once(double_x);
  EXPECT_EQ(numbers_of(device, copy, kCount), twice);
  EXPECT_EQ(numbers_of(device, memory, kCount), four_times);
}

TEST(CudaDevice, KnowsWhatIsLeftOfItsMemory) {
  Device device(kCuda);
  constexpr std::int64_t kBytes = std::int64_t{64} << 20;
  const std::int64_t before = device.available_bytes();
  const auto memory = device.allocate(kBytes);
  EXPECT_LE(device.available_bytes(), before - kBytes);
}

TEST(CudaDevice, RefusesMoreMemoryThanThereIsAndGoesOn) {
  Device device(kCuda);
  constexpr std::int64_t kAbsurd = std::int64_t{1} << 60;
  EXPECT_THAT(message_of<RunError>([&] { device.allocate(kAbsurd); }),
              AllOf(HasSubstr("wanted " + std::to_string(kAbsurd) + " bytes of device memory, found "),
                    HasSubstr(" free")));
  expect_usable(device);
}

TEST(CudaDevice, RefusesAnOperationWithMoreScratchThanThereIsAndGoesOn) {
  Device device(kCuda);
  PolicyGradient<float> op;
  op.shape = policy_of({1 << 14, 1 << 14, 1 << 14}, HeadKind::gaussian);
  alignas(64) float never_read[16];
  op.params = {never_read, 0};
  Batch<float>& batch = op.objective.batch;
  batch.horizon = batch.envs = batch.action_size = 1;
  batch.observation_size = op.shape.inputs();
  batch.row_stride = 16;
  batch.observations = never_read;
  op.inputs = batch.inputs();
  EXPECT_THAT(message_of<RunError>([&] { device.per_task(op, 1 << 24); }),
              HasSubstr("bytes of device memory, found "));
  expect_usable(device);
}

TEST(CudaDevice, RefusesMoreBlocksThanAGridHasAndGoesOn) {
  Device device(kCuda);
  SumOverTasks<float> op;
  op.size = 1 << 30;
  EXPECT_THAT(message_of<RunError>([&] { device.per_task(op, 1 << 10); }),
              HasSubstr("wanted at most 2^31 - 1 blocks, found 4294967296"));
  expect_usable(device);
}

// Each has a stream and scratch memory of its own.
TEST(CudaDevice, TwoInOneProcessDoNotDisturbEachOther) {
  Device first(kCuda), second(kCuda);
  constexpr int kRounds = 5, kTasks = 3;
  Buffers memory(1);
  SumOverTasks<float> op;
  op.tasks = kTasks;
  op.size = 300;
  float* x = memory.normals("x", kTasks * 300);
  op.x = x;
  op.out = x;  // the sum becomes the first task's
  const DeviceCopies on_first(first, memory), on_second(second, memory);
  for (int round = 0; round < kRounds; ++round) {
    first.once(on_first.moved(op));
    second.once(on_second.moved(op));
  }
  on_first.bring_back();
  const auto wanted = memory.content();
  on_second.bring_back();
  EXPECT_EQ(first_difference(wanted, memory.content()), "");
}

}  // namespace
}  // namespace innerloop
