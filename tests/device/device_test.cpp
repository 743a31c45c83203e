// A device's memory, and what is said of one that is not there.
#include "engine/device/device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/error.h"
#include "tests/support/temporary_folder.h"

namespace innerloop {
namespace {

TEST(Device, ReadsWhatWasWritten) {
  Device device({.backend = Backend::cpu, .threads = 1, .instructions = ""});
  const auto memory = device.allocate(4 * sizeof(double));
  auto* const numbers = static_cast<double*>(memory.get());
  device.write(numbers, std::vector<double>{1, 2, 3});
  device.write(numbers + 1, 5.0);
  EXPECT_EQ(device.read(numbers, 4), (std::vector<double>{1, 5, 3, 0}));
  EXPECT_EQ(device.read(numbers + 2), 3);
  double last[2];
  device.read(numbers + 1, last);
  EXPECT_THAT(last, testing::ElementsAre(5, 3));
}

// Whether or not there is a GPU, there are not a thousand.
TEST(Device, AskedForByANumberThatThereIsNotIsRefused) {
  EXPECT_THAT(message_of<InputError>([] {
                Device({.backend = Backend::automatic, .threads = 1, .instructions = "", .device = 1000});
              }),
              testing::StartsWith("--device: wanted a "));
  EXPECT_EQ(message_of<InputError>(
                [] { Device({.backend = Backend::cpu, .threads = 1, .instructions = "", .device = 3}); }),
            "--device: wanted none with backend \"cpu\", as it is the number of a GPU, found 3");
}

}  // namespace
}  // namespace innerloop
