// The program as its users run it: exit codes, messages, and what it leaves on the disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/commands/command_line_fixture.h"

namespace innerloop {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

TEST_F(CommandLineTest, BadValuesInTheConfigAreRefused) {
  const std::string at = "innerloop: bad.json: /";
  EXPECT_THAT(config_refusal("\"horizon\"", "\"horizont\""),
              AllOf(StartsWith(at + "horizont: wanted "), HasSubstr("nearest: \"horizon\"")));
  EXPECT_THAT(config_refusal("5,", "\"5\","),
              AllOf(StartsWith(at + "horizon: wanted "), HasSubstr("\"5\" (string)")));
  EXPECT_THAT(config_refusal("0.01", "-0.01"), StartsWith(at + "outer/lr: wanted "));
  EXPECT_THAT(config_refusal("0.01", "NaN"), AllOf(StartsWith("innerloop: bad.json: "), HasSubstr("NaN")));
  EXPECT_THAT(config_refusal("0.01", "1e999"), StartsWith("innerloop: bad.json: "));
  EXPECT_THAT(config_refusal("\"seed\": 7", "\"seed\": 99999999999999999999"),
              StartsWith(at + "seed: wanted "));
  EXPECT_THAT(config_refusal("\"seed\": 7", "\"seed\": 4294967296"), StartsWith(at + "seed: wanted "));
  EXPECT_THAT(config_refusal("\"seed\": 7", "\"seed\": 7, \"seed\": 8"), HasSubstr("seed"));
  EXPECT_THAT(config_refusal("point_navigation", "point_navigatoin"), HasSubstr("\"point_navigation\""));
  EXPECT_THAT(refusal({"train", "none.json"}), StartsWith("innerloop: none.json: wanted "));
}

TEST_F(CommandLineTest, TensorCoresAreWantedOnlyOfAGpu) {
  EXPECT_THAT(refusal({"train", "tiny.json", "--set", "precision=tf32", "--backend", "cpu"}),
              AllOf(StartsWith("innerloop: tiny.json: /precision: wanted \"float32\""),
                    HasSubstr("found \"tf32\" on cpu")));
  EXPECT_THAT(refusal({"train", "tiny.json", "--set", "precision=fp8"}), HasSubstr("\"bf16\""));
}

TEST_F(CommandLineTest, AConfigOfImpossibleSizeIsRefused) {
  const std::string samples = "\"envs_per_task\": 4, \"horizon\": 5";
  EXPECT_THAT(config_refusal(samples, "\"envs_per_task\": 1048576, \"horizon\": 1048576"),
              AllOf(StartsWith("innerloop: bad.json: "), HasSubstr("wanted"), HasSubstr("1099511627776")));
  // Each buffer's size is possible, but no memory is that large.
  const std::string tasks = "\"tasks_per_iteration\": 3, " + samples;
  const std::string huge = "\"tasks_per_iteration\": 10000000, \"envs_per_task\": 1000, \"horizon\": 10000";
  EXPECT_THAT(config_refusal(tasks, huge),
              AllOf(StartsWith("innerloop: bad.json: wanted a config that fits in memory, found one of "),
                    HasSubstr(" PiB) where ")));
  EXPECT_THAT(refusal({"plan", "bad.json"}), StartsWith("innerloop: bad.json: wanted a config that fits"));
}

TEST_F(CommandLineTest, BadArgumentsAreRefused) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {},
           {"trian"},
           {"train"},
           {"train", "tiny.json", "--threads", "0"},
           {"train", "tiny.json", "--backend", "tpu"},
           {"train", "tiny.json", "--set", "iterations"},
           {"train", "tiny.json", "--resume"},
           {"train", "tiny.json", "--dump-iteration", "2"},
           {"train", "tiny.json", "--out", "run", "--dump-batch", "batch", "--dump-iteration", "7"},
           {"train", "tiny.json", "--out", "run", "--dump-batch", "none/batch"},
           {"train", "tiny.json", "--out", "tiny.json/run"},
           {"bench", "rollout", "--json", "none/bench.json"},
           {"evaluate", "none"},
           {"list", "environmnets"},
           {"list", "--markdown", "--schema"}})
    EXPECT_THAT(refusal(arguments), HasSubstr(" ")) << testing::PrintToString(arguments);
  EXPECT_THAT(refusal({"list", "environmnets"}), HasSubstr("\"environments\""));
  EXPECT_THAT(refusal({"trian", "tiny.json"}),
              AllOf(StartsWith("innerloop: wanted a command, one of train, "),
                    testing::EndsWith(R"( (nearest: "train"), found "trian")")));
}

TEST_F(CommandLineTest, ShowPrintsAConfigThatReadsBackEqual) {
  const Ended ended = run({"show", "tiny.json", "--set", "seed=9", "--set", "policy.hidden=[4]"});
  EXPECT_EQ(ended.exit_code, kExitDone);
  EXPECT_EQ(parse_config(ended.out, "shown"), tiny_config({"seed=9", "policy.hidden=[4]"}));
}

TEST_F(CommandLineTest, HelpVersionListAndPlanPrintAndSucceed) {
  for (const auto& [arguments, text] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"--version"}, "innerloop 0."},
           {{"--help"}, "evaluate"},
           {{"train", "--help"}, "--dump-batch"},
           {{"list"}, "point_navigation"},
           {{"list", "algorithms"}, "promp"},
           {{"list", "--markdown"}, "inner_lr"},
           {{"list", "--schema"}, "$schema"},
           {{"plan", "tiny.json"}, "inner.2.params"}}) {
    const Ended ended = run(arguments);
    EXPECT_EQ(ended.exit_code, kExitDone) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr(text));
    EXPECT_EQ(ended.err, "");
  }
}

TEST_F(CommandLineTest, ATrainedRunHasEveryFile) {
  train();
  EXPECT_EQ(parse_config(read_text(path("run/config.json")), "config.json"), tiny_config());
  const auto machine = nlohmann::json::parse(read_text(path("run/machine.json")));
  EXPECT_EQ(machine["backend"], "cpu");
  EXPECT_EQ(machine["threads"], 1);
  EXPECT_EQ(timeless_metrics(path("run")).size(), 6u);
  const auto evaluation = nlohmann::json::parse(read_text(path("run/evaluation.json")));
  EXPECT_EQ(evaluation["algorithm"], "maml");
  EXPECT_EQ(evaluation["environment"], "point_navigation");
  EXPECT_EQ(evaluation["iteration"], 6);
  EXPECT_EQ(evaluation["seed"], 7);
  EXPECT_EQ(evaluation["tasks"], 2);
  EXPECT_EQ(evaluation["episodes_per_task"], 2);
  EXPECT_EQ(evaluation["deterministic"], false);
  EXPECT_EQ(evaluation["baselines"][0]["name"], "random");
  for (const auto& curve : {evaluation["curve"], evaluation["baselines"][0]["curve"]}) {
    ASSERT_EQ(curve.size(), 2u);
    for (int step = 0; step < 2; ++step) {
      EXPECT_EQ(curve[step]["step"], step);
      EXPECT_LT(curve[step]["mean_return"], 0);
      EXPECT_GT(curve[step]["ci95"], 0);
      EXPECT_EQ(curve[step]["mean_episode_length"], 5);
    }
  }
  // What `evaluate` writes is what the training did.
  const std::string tasks = read_text(path("run/evaluation_tasks.json"));
  EXPECT_EQ(nlohmann::json::parse(tasks)["returns"].size(), 2u);
  std::filesystem::remove(path("run/evaluation.json"));
  std::filesystem::remove(path("run/evaluation_tasks.json"));
  EXPECT_EQ(run({"evaluate", "run"}).exit_code, kExitDone);
  EXPECT_EQ(nlohmann::json::parse(read_text(path("run/evaluation.json"))), evaluation);
  EXPECT_EQ(read_text(path("run/evaluation_tasks.json")), tasks);
}

TEST_F(CommandLineTest, OneGivenTaskCanBeEvaluated) {
  train();
  const auto mean_return = [&](const std::string& task) {
    const Ended ended = run({"evaluate", "run", "--task", task, "--steps", "2", "--json", "one.json"});
    EXPECT_EQ(ended.exit_code, kExitDone) << ended.err;
    const auto report = nlohmann::json::parse(read_text(path("one.json")));
    EXPECT_EQ(report["tasks"], 1);
    EXPECT_EQ(report["curve"].size(), 3u);
    EXPECT_EQ(report["task"]["goal_y"], 0);
    return report["curve"][0]["mean_return"].get<double>();
  };
  // Five steps of at most 0.1 an axis: the goal is never nearer than this.
  EXPECT_LT(mean_return(R"({"goal_y": 0, "goal_x": 100})"), -5 * 99.0);
  EXPECT_GT(mean_return(R"({"goal_x": 0, "goal_y": 0})"), -5.0);

  EXPECT_THAT(refusal({"evaluate", "run", "--task", R"({"goal_x": 1, "gaol_y": 0})"}),
              AllOf(HasSubstr("--task: /gaol_y: wanted "), HasSubstr("nearest: \"goal_y\"")));
  EXPECT_THAT(refusal({"evaluate", "run", "--task", R"({"goal_x": 1})"}),
              HasSubstr("--task: /goal_y: wanted a number"));
  EXPECT_THAT(refusal({"evaluate", "run", "--task", R"({"goal_x": "a", "goal_y": 0})"}),
              HasSubstr("\"a\" (string)"));
  EXPECT_THAT(refusal({"evaluate", "run", "--task", R"({"goal_x": 1e39, "goal_y": 0})"}),
              HasSubstr("wanted a number that 32 bits can hold"));
  EXPECT_THAT(refusal({"evaluate", "run", "--task", "[1, 2]"}), HasSubstr("wanted a JSON object"));
}

TEST_F(CommandLineTest, TheRunsOwnEvaluationIsNotOverwrittenByOthers) {
  train();
  const std::string own = read_text(path("run/evaluation.json")),
                    tasks = read_text(path("run/evaluation_tasks.json"));
  const std::string task = R"({"goal_x": 0.5, "goal_y": 0.25})";
  EXPECT_EQ(run({"evaluate", "run", "--task", task}).exit_code, kExitDone);
  EXPECT_EQ(read_text(path("run/evaluation.json")), own);
  ASSERT_EQ(run({"adapt", "run", "--task", task, "--steps", "1", "--out", "p.safetensors"}).exit_code,
            kExitDone);
  EXPECT_EQ(run({"evaluate", "run", "--policy", "p.safetensors"}).exit_code, kExitDone);
  EXPECT_EQ(read_text(path("run/evaluation.json")), own);
  EXPECT_EQ(run({"evaluate", "run", "--policy", "p.safetensors", "--json", "other.json"}).exit_code,
            kExitDone);
  EXPECT_EQ(nlohmann::json::parse(read_text(path("other.json")))["policy"], "p.safetensors");
  EXPECT_EQ(read_text(path("run/evaluation_tasks.json")), tasks);
}

TEST_F(CommandLineTest, AResultIsShownBeforeItsFileFails) {
  train();
  std::filesystem::remove(path("run/evaluation.json"));
  std::filesystem::create_directory(path("run/evaluation.json"));  // in the file's place
  const auto shows_the_table_and_fails = [&](const std::vector<std::string>& arguments) {
    const Ended ended = run(arguments);
    EXPECT_EQ(ended.exit_code, kExitRunFailed) << ended.err;
    EXPECT_THAT(ended.out,
                HasSubstr("Mean return ± 95 % confidence interval over tasks, after 6 iterations"));
    EXPECT_THAT(ended.err, StartsWith("innerloop: run/evaluation.json: wanted to write "));
  };
  shows_the_table_and_fails({"evaluate", "run"});
  shows_the_table_and_fails({"train", "--resume", "--out", "run"});
}

TEST_F(CommandLineTest, AFolderWhoseNameIsNoUtf8IsComparedAndNamed) {
  train({}, "run\xff");
  train({}, "other");
  const Ended ended = run({"evaluate", "run\xff", "other", "--json", "both.json"});
  EXPECT_EQ(ended.exit_code, kExitDone) << ended.err;
  EXPECT_EQ(nlohmann::json::parse(read_text(path("both.json")))["runs"].size(), 2u);
}

TEST_F(CommandLineTest, EmptyTextsAreNoAbsentOptions) {
  train();
  for (const char* option : {"--task", "--policy", "--json", "--baseline", "--set"})
    EXPECT_THAT(refusal({"evaluate", "run", option, ""}),
                AllOf(HasSubstr(option), HasSubstr(R"(wanted a value, found "")")));
  for (const char* option : {"--out", "--dump-batch", "--set"})
    EXPECT_THAT(refusal({"train", "tiny.json", option, ""}),
                AllOf(HasSubstr(option), HasSubstr(R"(wanted a value, found "")")));
  EXPECT_THAT(refusal({"evaluate", ""}), HasSubstr(R"(RUN: wanted a value, found "")"));
}

TEST_F(CommandLineTest, RunsThatStartInTheSameSecondGetFoldersOfTheirOwn) {
  const std::vector<std::string> arguments = {"train", "tiny.json", "--threads", "1"};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(run(arguments).exit_code, kExitDone);
  const std::filesystem::directory_iterator runs(path("runs"));
  EXPECT_EQ(std::distance(begin(runs), end(runs)), 4);
}

TEST_F(CommandLineTest, ACheckpointOfAnotherRunWithEqualShapesIsRefused) {
  train();
  train({"--set", R"(environment={"name":"wind_navigation"})"}, "wind");
  train({"--set", "algorithm.name=fomaml"}, "fomaml");
  for (const std::string other : {"wind", "fomaml"}) {
    const auto copy = path("run/checkpoints/8.safetensors");
    std::filesystem::copy_file(path(other) / "checkpoints/6.safetensors", copy);
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"evaluate", "run"},
          {"train", "--resume", "--out", "run", "--set", "iterations=9"}})
      EXPECT_THAT(refusal(arguments),
                  HasSubstr("8.safetensors: wanted the checkpoint of iteration 8, found that of 6"));
    std::filesystem::remove(copy);
    std::filesystem::copy_file(path(other) / "checkpoints/6.safetensors",
                               path("run/checkpoints/6.safetensors"),
                               std::filesystem::copy_options::overwrite_existing);
    EXPECT_THAT(refusal({"evaluate", "run"}), HasSubstr("6.safetensors: metadata \"config\": /"));
  }
}

TEST_F(CommandLineTest, AClosedTerminalEndsTrainingWithACheckpoint) {
  CommandLine training(path("."), {"train", "tiny.json", "--out", "run", "--threads", "1", "--set",
                                   "iterations=1000000", "--set", "checkpoint.every=500"});
  wait_for_checkpoint(500);
  training.signal(SIGHUP);
  training.signal(SIGHUP);
  EXPECT_EQ(training.wait().exit_code, kExitInterrupted);
}

TEST_F(CommandLineTest, TheHintToGoOnIsAShellsWords) {
  CommandLine training(path("."), {"train", "tiny.json", "--out", "Ann's run", "--threads", "1", "--set",
                                   "iterations=1000000", "--set", "checkpoint.every=500"});
  while (list_checkpoints(path("Ann's run")).empty())
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  training.signal(SIGTERM);
  const Ended ended = training.wait();
  EXPECT_EQ(ended.exit_code, kExitInterrupted);
  EXPECT_THAT(ended.out, HasSubstr(R"(--out 'Ann'\''s run')"));
}

TEST_F(CommandLineTest, AnOutputThatNobodyReadsDoesNotEndTraining) {
  const std::string command =
      "cd '" + path(".").string() + "' && { '" + (binary_folder() / "innerloop").string() +
      "' train tiny.json --out run --set iterations=2000 2>err; echo $? >code; } | true";
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(read_text(path("code")), "1\n");
  EXPECT_THAT(read_text(path("err")), HasSubstr("standard output: wanted to write to it"));
  EXPECT_TRUE(std::filesystem::exists(path("run/evaluation.json")));
}

TEST_F(CommandLineTest, ARunWithAMemoryIsTrainedAndEvaluatedByEpisodes) {
  write_text(path("memory.json"),
             R"({"iterations": 2, "tasks_per_iteration": 8, "envs_per_task": 1, "horizon": 1,
      "at_episode_end": "restart", "environment": {"name": "bandit", "arms": 2}, "policy": {"name": "gru", "hidden": 4},
      "algorithm": {"name": "rl2", "trial_length": 3}, "evaluation": {"tasks": 5, "envs_per_task": 2}})");
  const Ended ended = run({"train", "memory.json", "--out", "run"});
  EXPECT_EQ(ended.exit_code, kExitDone) << ended.err;
  const auto evaluation = nlohmann::json::parse(read_text(path("run/evaluation.json")));
  EXPECT_EQ(evaluation["curve"].size(), 3u);
  EXPECT_EQ(evaluation["curve"][2]["episode"], 3);
  EXPECT_EQ(evaluation["trial_return"]["trials"], 10);
  std::filesystem::remove(path("run/evaluation.json"));
  EXPECT_EQ(run({"evaluate", "run"}).exit_code, kExitDone);
  EXPECT_EQ(nlohmann::json::parse(read_text(path("run/evaluation.json"))), evaluation);

  EXPECT_EQ(refusal({"evaluate", "run", "--steps", "2"}),
            "innerloop: --steps: wanted none for a run of \"rl2\", which takes no gradient steps, found 2");
  EXPECT_EQ(
      refusal({"train", "memory.json", "--out", "other", "--dump-batch", "batch"}),
      "innerloop: --dump-batch: wanted an algorithm that learns a task by gradient steps, found \"rl2\"");
  const std::string wants = " wants an algorithm that learns a task by gradient steps, found \"rl2\"";
  EXPECT_EQ(refusal({"adapt", "run", "--task-seed", "1", "--steps", "1", "--out", "policy"}),
            "innerloop: run/config.json: /algorithm: adapt" + wants);
  EXPECT_EQ(refusal({"evaluate", "run", "run"}),
            "innerloop: run/config.json: /algorithm: the comparison of runs" + wants);
  EXPECT_EQ(refusal({"evaluate", "run", "--policy", "policy"}),
            "innerloop: run/config.json: /algorithm: --policy" + wants);
}

TEST_F(CommandLineTest, AFolderThatExistsIsNotOverwritten) {
  train();
  EXPECT_THAT(refusal({"train", "tiny.json", "--out", "run"}),
              HasSubstr("run: wanted a folder that does not exist"));
}

TEST_F(CommandLineTest, ARunThatIsBeingTrainedIsLeftAlone) {
  CommandLine training(path("."), {"train", "tiny.json", "--out", "run", "--set", "iterations=1000000000"});
  wait_for_checkpoint(2);
  const Ended second = run({"train", "--resume", "--out", "run"});
  EXPECT_EQ(second.exit_code, kExitBadInput);
  EXPECT_EQ(second.err, "innerloop: run: wanted a run that no process trains, found one that trains it\n");
}

TEST_F(CommandLineTest, AnInterruptedEvaluationEndsAtOnceAndCanBeDoneLater) {
  CommandLine training(path("."),
                       {"train", "tiny.json", "--out", "run", "--set", "evaluation.inner_steps=255", "--set",
                        "evaluation.every=0", "--set", "evaluation.tasks=10000"});
  wait_for_checkpoint(6);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  training.signal(SIGINT);
  EXPECT_EQ(training.wait().killed_by, SIGINT);
  EXPECT_FALSE(std::filesystem::exists(path("run/evaluation.json")));
  EXPECT_EQ(run({"evaluate", "run", "--steps", "1"}).exit_code, kExitDone);
}

TEST_F(CommandLineTest, DamagedCheckpointsAreRefused) {
  train();
  const std::string file = newest_checkpoint(), good = read_text(file);
  const auto refused = [&](const std::string& bytes) {
    write_text(file, bytes);
    const std::string evaluate = refusal({"evaluate", "run"});
    EXPECT_EQ(refusal({"train", "--resume", "--out", "run"}), evaluate);
    EXPECT_THAT(evaluate, HasSubstr("6.safetensors: "));
    return evaluate;
  };
  EXPECT_THAT(refused(good.substr(0, good.size() - 9)), HasSubstr("wanted"));
  EXPECT_THAT(refused(good.substr(0, 5)), HasSubstr("wanted"));
  std::string flipped = good;
  flipped[good.size() - 3] ^= 0x10;
  EXPECT_THAT(refused(flipped), HasSubstr("wanted the checksum that its header states"));
  EXPECT_THAT(refused(std::string("\0\0\0\0\0\0\0\x40", 8) + good.substr(8)),
              HasSubstr("4611686018427387904"));
  std::filesystem::remove_all(path("run/checkpoints"));
  EXPECT_THAT(refusal({"evaluate", "run"}), HasSubstr("checkpoints: wanted a checkpoint"));
}

TEST_F(CommandLineTest, ACheckpointOfAnotherArchitectureIsRefused) {
  train();
  write_text(path("run/config.json"), to_json(tiny_config({"policy.hidden=[5,4]"})).dump());
  const std::string message = refusal({"evaluate", "run"});
  EXPECT_THAT(message, AllOf(HasSubstr("6.safetensors: "), HasSubstr("\"params\""), HasSubstr("[51]"),
                             HasSubstr("[43]")));
  EXPECT_EQ(refusal({"train", "--resume", "--out", "run"}), message);
}

TEST_F(CommandLineTest, ResumingTakesNoOtherOptions) {
  train();
  EXPECT_THAT(refusal({"train", "tiny.json", "--resume", "--out", "run", "--set", "outer.lr=1"}),
              HasSubstr("--set outer.lr=1: wanted iterations=N"));
  EXPECT_THAT(refusal({"train", "tiny.json", "--resume", "--out", "run", "--set", "iterations=5"}),
              HasSubstr("wanted at least the 6 iterations"));
  EXPECT_THAT(refusal({"train", "tiny.json", "--resume", "--out", "none"}),
              HasSubstr("none: wanted a run folder"));
}

TEST_F(CommandLineTest, AFullDiskEndsTheRunAndLeavesTheLastCheckpoint) {
  // Room for a checkpoint, not for the metrics of so many iterations.
  const std::vector<std::string> arguments = {"train", "tiny.json", "--out",
                                              "run",   "--set",     "iterations=400"};
  const Ended ended = run(arguments, 16384);
  EXPECT_EQ(ended.exit_code, kExitRunFailed);
  EXPECT_THAT(ended.err, AllOf(StartsWith("innerloop: run/"), HasSubstr("File too large")));
  EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << ended.err;
  EXPECT_EQ(TensorFile::read(newest_checkpoint()).metadata("iteration"),
            std::to_string(list_checkpoints(path("run")).back()));
  EXPECT_EQ(run({"train", "--resume", "--out", "run"}).exit_code, kExitDone);
  EXPECT_EQ(timeless_metrics(path("run")).size(), 400u);
  // No room for a config even: nothing is left.
  EXPECT_EQ(run({"train", "tiny.json", "--out", "other"}, 100).exit_code, kExitRunFailed);
  EXPECT_FALSE(std::filesystem::exists(path("other")));
}

TEST_F(CommandLineTest, KilledAndInterruptedAndResumedItGivesTheBitsOfAnUninterruptedRun) {
  const std::vector<std::string> fresh = {
      "train", "tiny.json",           "--out", "run", "--threads", "1", "--set", "iterations=10000",
      "--set", "checkpoint.every=500"};
  const std::vector<std::string> resumed = {"train", "--resume", "--out", "run", "--threads", "1"};
  {
    CommandLine process(path("."), fresh);
    wait_for_checkpoint(500);
    process.signal(SIGKILL);
    EXPECT_EQ(process.wait().killed_by, SIGKILL);
  }
  const std::int64_t killed_at = list_checkpoints(path("run")).back();
  EXPECT_LT(killed_at, 10000);
  write_text(path("run/config.json.tmp-1"), "half");  // as if killed in the middle of writing it
  {
    CommandLine process(path("."), resumed);
    wait_for_checkpoint(killed_at + 500);
    process.signal(SIGINT);
    const Ended ended = process.wait();
    EXPECT_EQ(ended.exit_code, kExitInterrupted) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("--resume --out run"));
    EXPECT_FALSE(std::filesystem::exists(path("run/evaluation.json")));
  }
  EXPECT_FALSE(std::filesystem::exists(path("run/config.json.tmp-1")));
  EXPECT_EQ(timeless_metrics(path("run")).size(),
            static_cast<std::size_t>(list_checkpoints(path("run")).back()));
  EXPECT_EQ(run(resumed).exit_code, kExitDone);
  std::filesystem::rename(path("run"), path("parts"));
  EXPECT_EQ(run(fresh).exit_code, kExitDone);
  EXPECT_EQ(newest_checkpoint_bytes(path("parts")), newest_checkpoint_bytes(path("run")));
  EXPECT_EQ(timeless_metrics(path("parts")), timeless_metrics(path("run")));
  EXPECT_EQ(read_text(path("parts/config.json")), read_text(path("run/config.json")));
  EXPECT_EQ(read_text(path("parts/evaluation.json")), read_text(path("run/evaluation.json")));
}

}  // namespace
}  // namespace innerloop
