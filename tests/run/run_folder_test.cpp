#include "engine/run/run_folder.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "tests/support/full_disk.h"
#include "tests/support/temporary_folder.h"

namespace innerloop {
namespace {

using testing::HasSubstr;

TEST(RunFolder, HoldsTheConfigAndRoomForCheckpoints) {
  const TemporaryFolder folder;
  const RunFolder run = create_run_folder(folder.path() / "runs" / "a", {{"seed", 1}, {"iterations", 2}});
  EXPECT_EQ(read_text(run.config()), "{\n  \"seed\": 1,\n  \"iterations\": 2\n}\n");
  EXPECT_TRUE(std::filesystem::is_directory(run.path / "checkpoints"));
  EXPECT_EQ(count_entries(run.path), 2u);
  EXPECT_EQ(open_run_folder(run.path).path, run.path);
}

TEST(RunFolder, TakesASlashAtTheEnd) {
  const TemporaryFolder folder;
  EXPECT_EQ(create_run_folder(folder.path() / "a" / "", {}).path, folder.path() / "a");
}

TEST(RunFolder, WhatExistsIsRefusedAndNotTouched) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a";
  const std::string wanted =
      path.string() + ": wanted a folder that does not exist yet, found one (--resume goes on with it)";

  std::filesystem::create_directory(path);
  EXPECT_EQ(message_of<InputError>([&] { create_run_folder(path, {}); }), wanted);
  EXPECT_EQ(count_entries(path), 0u);

  std::filesystem::remove(path);
  write_text(path, "a file");
  EXPECT_EQ(message_of<InputError>([&] { create_run_folder(path, {}); }),
            path.string() + ": wanted a folder that does not exist yet, found a file");
  EXPECT_EQ(read_text(path), "a file");

  std::filesystem::remove(path);
  std::filesystem::create_symlink(folder.path() / "nowhere", path);
  EXPECT_THAT(message_of<InputError>([&] { create_run_folder(path, {}); }),
              HasSubstr("found a link to nothing"));
  EXPECT_EQ(count_entries(folder.path()), 1u);

  std::filesystem::create_directory(folder.path() / "nowhere");
  EXPECT_EQ(message_of<InputError>([&] { create_run_folder(path, {}); }), wanted);
}

TEST(RunFolder, APlaceWhereNoneCanBeMadeIsRefused) {
  const TemporaryFolder folder;
  write_text(folder.path() / "file", "");
  const auto refusal = [&](const std::filesystem::path& path) {
    return message_of<InputError>([&] { create_run_folder(path, {}); });
  };
  EXPECT_EQ(refusal(folder.path() / "file" / "a"),
            (folder.path() / "file" / "a").string() +
                ": wanted a place where a folder can be made, found \"Not a directory\"");
  EXPECT_THAT(refusal(folder.path() / std::string(300, 'a')), HasSubstr("found \"File name too long\""));
  EXPECT_EQ(count_entries(folder.path()), 1u);
}

TEST(RunFolder, AFullDiskLeavesNothing) {
  const TemporaryFolder folder;
  const FullDisk full(1);
  EXPECT_THROW(create_run_folder(folder.path() / "a", {{"seed", 1}}), RunError);
  EXPECT_EQ(count_entries(folder.path()), 0u);
}

TEST(RunFolder, OpensOnlyWhatIsOne) {
  const TemporaryFolder folder;
  const std::string path = folder.path().string();
  EXPECT_EQ(message_of<InputError>([&] { open_run_folder(path + "/no"); }),
            path + "/no: wanted a run folder, found none");
  EXPECT_EQ(message_of<InputError>([&] { open_run_folder(path); }),
            path + ": wanted a run folder, found no config.json in it");
  std::filesystem::create_symlink("loop", folder.path() / "loop");
  EXPECT_THAT(message_of<InputError>([&] { open_run_folder(folder.path() / "loop"); }),
              HasSubstr("wanted a place that can be looked into"));
}

TEST(RunFolder, IsCalledAfterTheConfigAndTheTime) {
  const char* zone = std::getenv("TZ");
  const std::string before = zone == nullptr ? "" : zone;
  ::setenv("TZ", "UTC", 1);
  EXPECT_EQ(default_run_folder("configs/point.v2.json", 86399), "runs/point.v2-19700101-235959");
  zone == nullptr ? ::unsetenv("TZ") : ::setenv("TZ", before.c_str(), 1);
}

}  // namespace
}  // namespace innerloop
