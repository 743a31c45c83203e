// Who cannot look must not say that nothing is there.
#include "engine/files/file_status.h"

#include <gmock/gmock.h>

#include "engine/error.h"
#include "engine/files/text_file.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/unprivileged.h"

namespace innerloop {
namespace {

using testing::HasSubstr;

TEST(FileStatus, TellsWhatIsThereAndThatNothingIs) {
  const TemporaryFolder folder;
  write_text(folder.path() / "file", "");
  EXPECT_TRUE(std::filesystem::is_directory(status_of(folder.path())));
  EXPECT_TRUE(std::filesystem::is_regular_file(status_of(folder.path() / "file")));
  EXPECT_FALSE(std::filesystem::exists(status_of(folder.path() / "none")));
  EXPECT_FALSE(std::filesystem::exists(status_of(folder.path() / "file" / "none")));
  EXPECT_EQ(hindrance_to_read(folder.path() / "file"), "");
}

TEST(FileStatus, WhatCannotBeToldIsNoAbsence) {
  const TemporaryFolder folder;
  const auto loop = folder.path() / "loop", closed = folder.path() / "closed", file = folder.path() / "file";
  std::filesystem::create_symlink(loop, loop);
  EXPECT_EQ(message_of<InputError>([&] { status_of(loop); }),
            loop.string() +
                ": wanted a place that can be looked into, found \"Too many levels of symbolic links\"");
  std::filesystem::create_directory(closed);
  write_text(closed / "file", "");
  write_text(file, "{}");
  const Unprivileged user(folder.path());
  std::filesystem::permissions(closed, std::filesystem::perms::none);
  std::filesystem::permissions(file, std::filesystem::perms::none);
  EXPECT_THAT(message_of<InputError>([&] { status_of(closed / "file"); }),
              HasSubstr("\"Permission denied\""));
  EXPECT_EQ(hindrance_to_read(file), "\"Permission denied\"");
  std::string found;
  EXPECT_ANY_THROW(read_text_file(file, 100, [&](const std::string& what) {
    found = what;
    throw InputError(what);
  }));
  EXPECT_EQ(found, "a file that cannot be opened, \"Permission denied\"");
  std::filesystem::permissions(closed, std::filesystem::perms::owner_all);
}

}  // namespace
}  // namespace innerloop
