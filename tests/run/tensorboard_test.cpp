#include "engine/run/tensorboard.h"

#include <gmock/gmock.h>

#include <array>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "engine/error.h"
#include "tests/support/full_disk.h"
#include "tests/support/temporary_folder.h"

namespace innerloop {
namespace {

using namespace std::string_literals;

std::filesystem::path only_file(const std::filesystem::path& folder) {
  EXPECT_EQ(count_entries(folder), 1u);
  return std::filesystem::directory_iterator(folder)->path();
}

// The events of a file of records.
std::vector<std::string> events_of(const std::string& file) {
  std::vector<std::string> events;
  for (std::size_t at = 0; at < file.size();) {
    std::uint64_t size = 0;
    std::memcpy(&size, file.data() + at, 8);
    events.push_back(file.substr(at + 12, size));
    EXPECT_EQ(tensorboard_record(events.back()), file.substr(at, size + 16));
    at += size + 16;
  }
  return events;
}

TEST(TensorBoard, AnEventHasTheBytesOfItsProtocolBuffer) {
  const std::array scalars = {Scalar{"ab", 1.5}};
  EXPECT_EQ(scalar_event(2.0, 300, scalars),
            "\x09\0\0\0\0\0\0\0\x40"  // wall_time = 2
            "\x10\xac\x02"            // step = 300
            "\x2a\x0b"                // summary, 11 bytes
            "\x0a\x09"                // value, 9 bytes
            "\x0a\x02"
            "ab"                   // tag
            "\x15\0\0\xc0\x3f"s);  // simple_value = 1.5
}

// The checksums are those that TensorBoard's own code computes.
TEST(TensorBoard, ARecordHasItsLengthAndBothChecksums) {
  const std::string event =
      "\x09\0\0\0\0\0\0\0\0\x1a\x0d"
      "brain.Event:2"s;
  EXPECT_EQ(tensorboard_record(event), "\x18\0\0\0\0\0\0\0\xa3\x7f\x4b\x22"s + event + "\xee\xdf\x28\xa3"s);
}

TEST(TensorBoard, AFileBeginsWithItsVersionAndTheRestartsStep) {
  const TemporaryFolder folder;
  TensorBoardLog(folder.path(), 7);
  const auto path = only_file(folder.path());
  EXPECT_THAT(path.filename().string(), testing::StartsWith("events.out.tfevents."));
  const auto events = events_of(read_text(path));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].substr(9),
            "\x10\0\x1a\x0d"s
            "brain.Event:2");
  EXPECT_EQ(events[1].substr(9), "\x10\x07\x3a\x02\x08\x01"s);
}

TEST(TensorBoard, TheNumbersOfTheMetricsAreScalars) {
  const TemporaryFolder folder;
  TensorBoardLog log(folder.path(), 0);
  log.write({{"iteration", 5},
             {"returns", {-2.0, nullptr, -1.0}},
             {"kl", nullptr},
             {"note", "x"},
             {"env_steps", 3}});
  const auto events = events_of(read_text(only_file(folder.path())));
  ASSERT_EQ(events.size(), 3u);
  const std::array scalars = {Scalar{"returns/0", -2.0}, Scalar{"returns/2", -1.0}, Scalar{"env_steps", 3.0}};
  EXPECT_EQ(events[2].substr(9), scalar_event(0, 5, scalars).substr(9));
}

TEST(TensorBoard, EachRunWritesAFileOfItsOwn) {
  const TemporaryFolder folder;
  const TensorBoardLog first(folder.path(), 0), second(folder.path(), 1);
  EXPECT_EQ(count_entries(folder.path()), 2u);
}

TEST(TensorBoard, AFullDiskIsAnError) {
  const TemporaryFolder folder;
  TensorBoardLog log(folder.path(), 0);
  const FullDisk full(100);
  EXPECT_THROW(
      log.write({{"iteration", 1}, {"a_rather_long_name_for_a_number_of_a_run_that_fills_the_disk", 1.0}}),
      RunError);
}

}  // namespace
}  // namespace innerloop
