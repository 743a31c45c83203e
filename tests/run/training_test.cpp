#include "engine/run/training.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "engine/error.h"
#include "tests/support/tiny_run.h"

namespace innerloop {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(Training, StepsGiveTheBitsAndTheMetricsOfARunWithFiles) {
  const TemporaryFolder folder;
  const RunFolder run = train_tiny(folder.path() / "run", tiny_config());
  Training alone(tiny_config(), "tiny.json", kOneThread);
  std::vector<nlohmann::json> lines;
  while (!alone.trainer().complete()) {
    lines.push_back(nlohmann::json::parse(metrics_json(alone.step()).dump()));
    lines.back().erase("seconds");
    lines.back().erase("env_steps_per_second");
  }
  EXPECT_EQ(lines, timeless_metrics(run.path));
  EXPECT_EQ(alone.trainer().params(),
            TensorFile::read(checkpoint_file(run.path, 6)).values<float>("params", {43}));
  EXPECT_EQ(alone.files(), nullptr);
}

TEST(Training, ClosingLetsGoOfTheFolderAndStepsWriteNoMore) {
  const TemporaryFolder folder;
  Training training(tiny_config(), "tiny.json", kOneThread);
  const RunFolder run = create_run_folder(folder.path() / "run", to_json(tiny_config()));
  training.write_into(run);
  training.step();
  EXPECT_THAT(message_of<InputError>([&] { read_resume(run.path, {}); }),
              HasSubstr("found one that trains it"));
  training.files()->save();
  training.close();
  training.step();
  EXPECT_EQ(timeless_metrics(run.path).size(), 1u);
  EXPECT_THAT(list_checkpoints(run.path), ElementsAre(0, 1));

  Training resumed(read_resume(run.path, {}), kOneThread);
  resumed.write_into(resumed.resumed()->folder);
  EXPECT_THROW(read_resume(run.path, {}), InputError);
  resumed.close();
  EXPECT_EQ(read_resume(run.path, {}).checkpoint.iteration, 1);
}

TEST(Training, AGradientThatIsNotFiniteLeavesTheTrainerAsItWas) {
  const Config config = tiny_config({R"(outer={"name":"sgd","lr":1e30})", "policy.activation=relu",
                                     "evaluation.every=0", R"(algorithm={"name":"promp","epochs":2})"});
  Training training(config, "tiny.json", kOneThread);
  const std::vector<float> before = training.trainer().params();
  for (int i = 0; i < 2; ++i)
    EXPECT_THAT(
        message_of<RunError>([&] { training.step(); }),
        AllOf(HasSubstr("iteration 1: wanted a finite meta-gradient"), Not(HasSubstr("safetensors"))));
  EXPECT_EQ(training.trainer().params(), before);
  EXPECT_EQ(training.trainer().counts().iteration, 0);
}

TEST(Training, InstallsNoSignalHandler) {
  const auto handlers = [] {
    std::vector<void (*)(int)> found;
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
      struct sigaction now {};
      sigaction(number, nullptr, &now);
      found.push_back(now.sa_handler);
    }
    return found;
  };
  const TemporaryFolder folder;
  const auto before = handlers();
  Training training(tiny_config(), "tiny.json", kOneThread);
  training.write_into(create_run_folder(folder.path() / "run", to_json(tiny_config())));
  training.step();
  EXPECT_EQ(handlers(), before);
}

TEST(RunFiles, SaveWritesWhereTheTrainerIsOnce) {
  const TemporaryFolder folder;
  Device device(kOneThread);
  Trainer trainer(tiny_config({"checkpoint.every=0"}), device);
  const RunFolder run = create_run_folder(folder.path() / "run", to_json(trainer.config()));
  RunFiles files(run, trainer);
  files.step();
  EXPECT_THAT(list_checkpoints(run.path), ElementsAre(0));
  files.save();
  const auto written = std::filesystem::last_write_time(checkpoint_file(run.path, 1));
  files.save();
  EXPECT_EQ(std::filesystem::last_write_time(checkpoint_file(run.path, 1)), written);
  EXPECT_THAT(list_checkpoints(run.path), ElementsAre(0, 1));
}

}  // namespace
}  // namespace innerloop
