// The order that the device's stream keeps with those of other libraries. cuda-on-cpu with CUDA_ON_CPU_LAZY has streams wait
// for nothing that they were not told to.
#include <cuda_runtime_api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/device/launch.h"
#include "tests/cuda/cuda_device.h"

namespace innerloop {
namespace {

using testing::Each;

constexpr std::int64_t kCount = 1000, kBytes = kCount * 4;
constexpr int kRounds = 3, kDoublings = 5;

// Numbers in a device's memory that its operations double.
struct Doubled {
  explicit Doubled(Device& device) : device(device), memory(device.allocate(kBytes)) {
    device.write(x(), std::vector<float>(kCount, 1.0f));
  }
  float* x() const { return static_cast<float*>(memory.get()); }
  void enqueue() const {
    for (int i = 0; i < kDoublings; ++i) device.once(SumOverTasks<float>{1, kCount, x(), 2.0f, nullptr, x()});
  }
  static float after(int rounds) { return std::exp2(static_cast<float>(rounds * kDoublings)); }

  Device& device;
  std::shared_ptr<void> memory;
};

cudaStream_t stream_of(std::uintptr_t number) { return reinterpret_cast<cudaStream_t>(number); }

// Copies by CUDA itself, as another library does.
std::vector<float> copied_on(std::uintptr_t stream, const float* from) {
  std::vector<float> numbers(kCount);
  EXPECT_EQ(cudaMemcpyAsync(numbers.data(), from, kBytes, cudaMemcpyDeviceToHost, stream_of(stream)),
            cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream_of(stream)), cudaSuccess);
  return numbers;
}

// Of a device the number is the handle itself; CUDA has numbers for streams that nobody made.
constexpr std::uintptr_t kLegacyDefault = 1, kPerThread = 2;

TEST(CudaStreams, AreNumberedAsCudaDoes) {
  EXPECT_EQ(cudaStreamLegacy, stream_of(kLegacyDefault));
  EXPECT_EQ(cudaStreamPerThread, stream_of(kPerThread));
  const Device device(kCuda);
  EXPECT_EQ(device.number(), 0);
  unsigned flags = 0;
  EXPECT_EQ(cudaStreamGetFlags(stream_of(device.stream()), &flags), cudaSuccess);
  EXPECT_EQ(flags, cudaStreamNonBlocking);
}

TEST(CudaStreams, OursWaitsForAnother) {
  Device theirs(kCuda), ours(kCuda);
  const Doubled doubled(theirs);
  const auto copy = ours.allocate(kBytes);
  for (int round = 1; round <= kRounds; ++round) {
    doubled.enqueue();
    ours.wait_for(theirs.stream());
    ours.copy_on_device(copy.get(), doubled.x(), kBytes);
    EXPECT_THAT(ours.read(static_cast<const float*>(copy.get()), kCount), Each(Doubled::after(round)));
  }
}

TEST(CudaStreams, OursWaitsForTheThreadsOwn) {
  Device ours(kCuda);
  const auto memory = ours.allocate(kBytes), copy = ours.allocate(kBytes);
  ours.finish();
  ASSERT_EQ(cudaMemsetAsync(memory.get(), 0x3f, kBytes, stream_of(kPerThread)), cudaSuccess);
  ours.wait_for(kPerThread);
  ours.copy_on_device(copy.get(), memory.get(), kBytes);
  EXPECT_THAT(ours.read(static_cast<const unsigned char*>(copy.get()), kBytes), Each(0x3f));
}

class CudaStreamsThatWait : public testing::TestWithParam<std::uintptr_t> {};

TEST_P(CudaStreamsThatWait, SeeWhatOursHasDone) {
  Device ours(kCuda);
  const Doubled doubled(ours);
  for (int round = 1; round <= kRounds; ++round) {
    doubled.enqueue();
    ours.hold_back(GetParam());
    EXPECT_THAT(copied_on(GetParam(), doubled.x()), Each(Doubled::after(round)));
  }
}

INSTANTIATE_TEST_SUITE_P(ByNumber, CudaStreamsThatWait, testing::Values(kLegacyDefault, kPerThread),
                         [](const auto& of) {
                           return of.param == kPerThread ? "PerThread" : "LegacyDefault";
                         });

TEST(CudaStreams, AnotherWaitsForOurs) {
  Device ours(kCuda), theirs(kCuda);
  const Doubled doubled(ours);
  for (int round = 1; round <= kRounds; ++round) {
    doubled.enqueue();
    ours.hold_back(theirs.stream());
    EXPECT_THAT(copied_on(theirs.stream(), doubled.x()), Each(Doubled::after(round)));
  }
}

}  // namespace
}  // namespace innerloop
