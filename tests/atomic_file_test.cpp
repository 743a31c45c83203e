#include "engine/atomic_file.h"

#include <gmock/gmock.h>

#include <array>

#include "engine/error.h"
#include "tests/full_disk.h"
#include "tests/temporary_folder.h"

namespace innerloop {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(AtomicFile, HoldsThePiecesInOrder) {
  const TemporaryFolder folder;
  const std::string first = "one ", second = "two";
  const std::array pieces = {std::as_bytes(std::span(first)), std::as_bytes(std::span(second))};
  write_file_atomically(folder.path() / "file", std::span<const std::span<const std::byte>>(pieces));
  EXPECT_EQ(read_text(folder.path() / "file"), "one two");
}

TEST(AtomicFile, ReplacesTheOldFileAndLeavesNothingBeside) {
  const TemporaryFolder folder;
  write_text(folder.path() / "file", "the old and longer text");
  write_file_atomically(folder.path() / "file", "new");
  EXPECT_EQ(read_text(folder.path() / "file"), "new");
  EXPECT_EQ(count_entries(folder.path()), 1u);
}

TEST(AtomicFile, TakesARelativePathWithoutAFolder) {
  const TemporaryFolder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  write_file_atomically("file", "text");
  std::filesystem::current_path(before);
  EXPECT_EQ(read_text(folder.path() / "file"), "text");
}

TEST(AtomicFile, AFullDiskLeavesTheOldFileAndNoTemporaryOne) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "file";
  write_text(path, "old");
  const std::string message = message_of<RunError>([&] {
    const FullDisk full(100);
    write_file_atomically(path, std::string(1000, 'x'));
  });
  EXPECT_THAT(message, AllOf(HasSubstr(path.string()),
                             HasSubstr("wanted to write 1000 bytes, found \"File too large\"")));
  EXPECT_EQ(read_text(path), "old");
  EXPECT_EQ(count_entries(folder.path()), 1u);
}

TEST(AtomicFile, AFolderInItsPlaceStaysAndNoTemporaryFileIsLeft) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "file");
  const std::string message =
      message_of<RunError>([&] { write_file_atomically(folder.path() / "file", "text"); });
  EXPECT_THAT(message, HasSubstr("wanted to write 4 bytes, found \"Is a directory\""));
  EXPECT_EQ(count_entries(folder.path()), 1u);
}

TEST(AtomicFile, AMissingFolderIsNamed) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "no" / "file";
  EXPECT_THAT(message_of<RunError>([&] { write_file_atomically(path, "text"); }),
              AllOf(HasSubstr(path.string()), HasSubstr("No such file or directory")));
}

TEST(AtomicFile, KnowsItsTemporaryNames) {
  EXPECT_TRUE(is_temporary_file_name("12.safetensors.tmp-345"));
  EXPECT_FALSE(is_temporary_file_name("12.safetensors"));
  EXPECT_FALSE(is_temporary_file_name("notes.tmp-mine"));
  EXPECT_FALSE(is_temporary_file_name("notes.tmp-"));
  EXPECT_FALSE(is_temporary_file_name(".tmp-1"));
}

}  // namespace
}  // namespace innerloop
