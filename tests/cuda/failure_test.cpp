// An error on the device in the middle of training. After it CUDA refuses everything: so in a process of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/device/launch.h"
#include "engine/error.h"
#include "tests/cuda/cuda_device.h"
#include "tests/run/resumed_run.h"

namespace innerloop {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// Where a run's progress goes: with the third line an operation writes where there is no memory.
class FailsWithTheThirdLine : public std::stringbuf {
 public:
  explicit FailsWithTheThirdLine(Device& device) : device_(device) {}

 private:
  int sync() override {
    if (++lines_ == 3) device_.once(FmaPeak<float>{1, reinterpret_cast<float*>(64)});
    return 0;
  }
  Device& device_;
  int lines_ = 0;
};

void train_until_the_device_fails() {
  const TemporaryFolder folder;
  const Config config = tiny_config({R"(checkpoint={"every":1,"keep":9})", "evaluation.every=0"});
  const RunFolder run = create_run_folder(folder.path() / "run", to_json(config));
  {
    Device device(kCuda);
    Trainer trainer(config, device);
    FailsWithTheThirdLine lines(device);
    std::ostream progress(&lines);
    EXPECT_THAT(message_of<RunError>([&] { train_into(run, trainer, progress); }),
                AllOf(HasSubstr("CUDA: "), HasSubstr("stream."), HasSubstr("cudaErrorIllegalAddress")));
    EXPECT_THAT(message_of<RunError>([&] { device.allocate(4); }), HasSubstr("cudaErrorIllegalAddress"));
  }
  // The third iteration was done and saved when its line was written; the fourth could not be.
  EXPECT_THAT(list_checkpoints(run.path), ElementsAre(0, 1, 2, 3));
  resume(run.path, 6);
  EXPECT_EQ(newest_checkpoint_bytes(run.path),
            newest_checkpoint_bytes(train_tiny(folder.path() / "whole", config).path));
}

TEST(FailureOfTheDevice, EndsTheRunAndLeavesTheLastGoodCheckpoint) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto in_child = [] {
    train_until_the_device_fails();
    std::exit(testing::Test::HasFailure() ? 1 : 0);
  };
  EXPECT_EXIT(in_child(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace innerloop
