#include "engine/files/atomic_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "engine/error.h"
#include "tests/support/full_disk.h"
#include "tests/support/temporary_folder.h"

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

TEST(AtomicFile, APlaceThatCouldNotHoldAFileIsRefused) {
  const TemporaryFolder folder;
  const std::string path = folder.path().string();
  EXPECT_EQ(message_of<InputError>([&] { check_file_place(path); }),
            path + ": wanted the name of a file to write, found a folder");
  EXPECT_EQ(message_of<InputError>([&] { check_file_place(path + "/no/file"); }),
            path + "/no/file: wanted the name of a file to write, found no folder " + path + "/no");
  check_file_place(path + "/file");
  check_file_place("file");
  EXPECT_EQ(count_entries(folder.path()), 0u);
}

TEST(AtomicFile, RemovesTemporaryFilesAndNothingElse) {
  const TemporaryFolder folder;
  write_text(folder.path() / "12.safetensors.tmp-345", "half");
  for (const char* kept : {"12.safetensors", "notes.tmp-mine", "notes.tmp-", ".tmp-1"})
    write_text(folder.path() / kept, "");
  remove_temporary_files(folder.path());
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "12.safetensors.tmp-345"));
  EXPECT_EQ(count_entries(folder.path()), 4u);
  remove_temporary_files(folder.path() / "none");
}

TEST(AtomicFile, ALinkStaysAndWhatItLeadsToIsWritten) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "there");
  write_text(folder.path() / "there" / "file", "old");
  std::filesystem::create_symlink("there/file", folder.path() / "near");
  std::filesystem::create_symlink(folder.path() / "near", folder.path() / "far");
  std::filesystem::create_symlink("there/new", folder.path() / "to_nothing");
  std::filesystem::create_symlink("no/folder", folder.path() / "to_no_folder");
  EXPECT_THAT(message_of<InputError>([&] { check_file_place(folder.path() / "to_no_folder"); }),
              HasSubstr("found no folder"));
  write_file_atomically(folder.path() / "far", "new");
  write_file_atomically(folder.path() / "to_nothing", "first");
  for (const char* link : {"near", "far", "to_nothing"})
    EXPECT_TRUE(std::filesystem::is_symlink(folder.path() / link)) << link;
  EXPECT_EQ(read_text(folder.path() / "there" / "file"), "new");
  EXPECT_EQ(read_text(folder.path() / "there" / "new"), "first");
}

TEST(AtomicFile, APipeTakesTheBytesAndStays) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  write_file_atomically(path, "text");
  char text[5] = {};
  EXPECT_EQ(::read(reader, text, 4), 4);
  ::close(reader);
  EXPECT_STREQ(text, "text");
  EXPECT_TRUE(std::filesystem::is_fifo(path));
}

TEST(AtomicFile, TheLongestNamesCanBeWritten) {
  const TemporaryFolder folder;
  for (const std::size_t length : {240u, 247u, 255u}) {
    const auto path = folder.path() / std::string(length, 'n');
    check_file_place(path);
    write_file_atomically(path, "text");
    EXPECT_EQ(read_text(path), "text");
  }
  EXPECT_EQ(count_entries(folder.path()), 3u);
  EXPECT_THAT(message_of<InputError>([&] { check_file_place(folder.path() / std::string(256, 'n')); }),
              HasSubstr("found \"File name too long\""));
}

}  // namespace
}  // namespace innerloop
