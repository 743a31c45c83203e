#include "engine/run/checkpoint_files.h"

#include <gmock/gmock.h>

#include <array>

#include "engine/error.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/unprivileged.h"

namespace innerloop {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class CheckpointFiles : public testing::Test {
 protected:
  CheckpointFiles() { std::filesystem::create_directory(run / "checkpoints"); }

  void write(std::int64_t iteration) const {
    const std::array<std::int64_t, 1> value = {iteration};
    const std::array tensors = {Tensor::of<std::int64_t>("iteration", {1}, value)};
    write_safetensors(checkpoint_file(run, iteration), tensors, {});
  }

  TemporaryFolder folder;
  std::filesystem::path run = folder.path();
};

TEST_F(CheckpointFiles, AreNamedByTheirIteration) {
  EXPECT_EQ(checkpoint_file("runs/a", 50), "runs/a/checkpoints/50.safetensors");
}

TEST_F(CheckpointFiles, AreListedByNumberNotByName) {
  for (const int iteration : {100, 9, 50, 0}) write(iteration);
  EXPECT_THAT(list_checkpoints(run), ElementsAre(0, 9, 50, 100));
}

TEST_F(CheckpointFiles, OtherNamesAreSkipped) {
  write(5);
  for (const char* name : {"60.safetensors.tmp-12", "best.safetensors", "007.safetensors", "-7.safetensors",
                           "8", "9.safetensors.old", "99999999999999999999.safetensors"}) {
    write_text(run / "checkpoints" / name, "");
  }
  EXPECT_THAT(list_checkpoints(run), ElementsAre(5));
}

TEST_F(CheckpointFiles, TheNewestIsRead) {
  for (const int iteration : {9, 100, 50}) write(iteration);
  const Checkpoint newest = read_newest_checkpoint(run);
  EXPECT_EQ(newest.iteration, 100);
  EXPECT_EQ(newest.file.values<std::int64_t>("iteration", {1})[0], 100);
}

TEST_F(CheckpointFiles, NoneIsAnError) {
  const std::string wanted = ": wanted a checkpoint, ITERATION.safetensors, found none";
  EXPECT_EQ(message_of<InputError>([&] { read_newest_checkpoint(run); }),
            (run / "checkpoints").string() + wanted);
  EXPECT_EQ(message_of<InputError>([&] { read_newest_checkpoint(run / "no"); }),
            (run / "no" / "checkpoints").string() + wanted);
}

TEST_F(CheckpointFiles, ADamagedNewestIsNotPassedOver) {
  write(50);
  write(100);
  const auto newest = checkpoint_file(run, 100);
  std::filesystem::resize_file(newest, std::filesystem::file_size(newest) - 1);
  EXPECT_THAT(
      message_of<InputError>([&] { read_newest_checkpoint(run); }),
      AllOf(HasSubstr(newest.string() + ": wanted 8 bytes of data, found 7 bytes"),
            HasSubstr("to go on from " + checkpoint_file(run, 50).string() + ", delete the damaged file")));
  std::filesystem::remove(checkpoint_file(run, 50));
  EXPECT_THAT(message_of<InputError>([&] { read_newest_checkpoint(run); }),
              AllOf(HasSubstr("it is the only checkpoint"), Not(HasSubstr("delete"))));
}

TEST_F(CheckpointFiles, PruningKeepsTheNewestAndWhatIsNotOurs) {
  for (const int iteration : {9, 100, 50, 150}) write(iteration);
  write_text(run / "checkpoints" / "best.safetensors", "");
  write_text(run / "checkpoints" / "200.safetensors.tmp-12", "");
  prune_checkpoints(run, 2);
  EXPECT_THAT(list_checkpoints(run), ElementsAre(100, 150));
  EXPECT_EQ(count_entries(run / "checkpoints"), 3u);
  EXPECT_TRUE(std::filesystem::exists(run / "checkpoints" / "best.safetensors"));
  prune_checkpoints(run, 5);
  EXPECT_THAT(list_checkpoints(run), ElementsAre(100, 150));
}

TEST_F(CheckpointFiles, OneThatCannotBeReadIsNotCalledDamaged) {
  for (const int iteration : {50, 100}) write(iteration);
  const Unprivileged user(run);
  std::filesystem::permissions(checkpoint_file(run, 100), std::filesystem::perms::none);
  EXPECT_EQ(
      message_of<InputError>([&] { read_newest_checkpoint(run); }),
      checkpoint_file(run, 100).string() + ": wanted a file that can be read, found \"Permission denied\"");
}

TEST_F(CheckpointFiles, AFolderThatCannotBeReadIsNotCalledEmpty) {
  write(50);
  const Unprivileged user(run);
  std::filesystem::permissions(run / "checkpoints", std::filesystem::perms::none);
  EXPECT_EQ(
      message_of<InputError>([&] { read_newest_checkpoint(run); }),
      (run / "checkpoints").string() + ": wanted a folder that can be read, found \"Permission denied\"");
  std::filesystem::permissions(run / "checkpoints", std::filesystem::perms::owner_all);
}

}  // namespace
}  // namespace innerloop
