// `innerloop sweep`, from its file to its results, and whatever comes between.
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>

#include "engine/sweep/sweep_folder.h"
#include "tests/commands/command_line_fixture.h"

namespace innerloop {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class SweepCommandTest : public CommandLineTest {
 protected:
  // A sweep of the tiny config.
  void write_sweep(const std::string& rest, const std::string& name = "s.json") const {
    write_text(path(name), R"({"config": "tiny.json", "set": {"evaluation.every": 0})" +
                               (rest.empty() ? "" : ", " + rest) + "}");
  }
  Ended sweep(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"sweep", "s.json", "--backend", "cpu"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  // results.json without its times.
  json results(const std::string& folder = "sweeps/s") const {
    json all = json::parse(read_text(path(folder) / "results.json"));
    for (json& point : all["points"])
      for (json& each : point["runs"]) each.erase("seconds");
    return all;
  }
};

constexpr auto kGrid = R"("grid": {"algorithm.inner_lr": [0.1, 0.5]}, "seeds": [3, 4])";

TEST_F(SweepCommandTest, ARunIsTheOneThatTrainWouldHaveMade) {
  write_sweep(kGrid);
  const Ended ended = sweep();
  ASSERT_EQ(ended.exit_code, kExitDone) << ended.err;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("2 points × 2 seeds"), HasSubstr("0001-s4 algorithm.inner_lr=0.5: "),
                               HasSubstr("(4 of 4)"), HasSubstr("results: sweeps/s/results.json"),
                               HasSubstr("report: sweeps/s/report.html")));
  train({"--set", "evaluation.every=0", "--set", "algorithm.inner_lr=0.5", "--set", "seed=4"});
  const std::filesystem::path swept = path("sweeps/s/runs/0001-s4");
  for (const char* file :
       {"config.json", "evaluation.json", "evaluation_tasks.json", "checkpoints/6.safetensors"})
    EXPECT_EQ(read_text(swept / file), read_text(path("run") / file)) << file;

  const json all = results();
  ASSERT_EQ(all["points"].size(), 2u);
  EXPECT_EQ(all["points"][1]["values"], (json{{"algorithm.inner_lr", 0.5}}));
  const double metric = json::parse(read_text(path("run/evaluation.json")))["curve"].back()["mean_return"];
  EXPECT_EQ(all["points"][1]["runs"][1]["metric"], metric);
  EXPECT_EQ(all["points"][1]["runs"][1]["status"], "done");
  EXPECT_THAT(read_text(path("sweeps/s/report.html")), HasSubstr("2 points × 2 seeds = 4 runs: 4 done"));
  EXPECT_NEAR(all["points"][1]["mean"].get<double>(),
              (all["points"][1]["runs"][0]["metric"].get<double>() + metric) / 2, 1e-9);
  EXPECT_TRUE(all["points"][1]["interval"].is_null()) << "of two seeds there is none";
  EXPECT_EQ(all["points"][0]["best"].get<bool>() + all["points"][1]["best"].get<bool>(), 1);
}

TEST_F(SweepCommandTest, ItGoesOnToTheSameResultsHoweverOftenItIsKilled) {
  write_sweep(
      R"("set": {"iterations": 60}, "grid": {"algorithm.inner_lr": [0.1, 0.5]}, "seeds": 2, "jobs": 2)");
  write_text(path("s.json"), R"({"config": "tiny.json", "set": {"iterations": 400, "evaluation.every": 0},
                                 "grid": {"algorithm.inner_lr": [0.1, 0.5]}, "seeds": 2, "jobs": 2})");
  ASSERT_EQ(sweep().exit_code, kExitDone);
  const json wanted = results();
  std::minstd_rand random(1);
  int kills = 0;
  for (; kills < 5; ++kills) {
    CommandLine started(path(""), {"sweep", "s.json", "--backend", "cpu", "--out", "killed", "--resume"});
    std::this_thread::sleep_for(std::chrono::milliseconds(30 + random() % 120));
    started.signal(SIGKILL);
    started.wait();
  }
  Ended ended = sweep({"--out", "killed", "--resume"});
  EXPECT_EQ(ended.exit_code, kExitDone) << ended.err;
  EXPECT_EQ(results("killed"), wanted);
}

TEST_F(SweepCommandTest, AnInterruptStopsAllAfterTheirIteration) {
  write_text(path("s.json"),
             R"({"config": "tiny.json", "seeds": 2, "jobs": 2,
          "set": {"iterations": 1000000000, "evaluation.every": 0, "checkpoint.every": 50}})");
  CommandLine started(path(""), {"sweep", "s.json", "--backend", "cpu"});
  for (int milliseconds = 0;
       list_checkpoints(path("sweeps/s/runs/0000-s2")).size() < 2 && milliseconds < 30000; ++milliseconds)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  started.signal(SIGINT);
  const Ended ended = started.wait();
  EXPECT_EQ(ended.exit_code, kExitInterrupted);
  EXPECT_THAT(ended.out, HasSubstr("Interrupted; to go on: innerloop sweep sweeps/s"));
  for (const char* run : {"sweeps/s/runs/0000-s1", "sweeps/s/runs/0000-s2"}) {
    const auto metrics = read_text(path(run) / "metrics.jsonl");
    EXPECT_EQ(std::ranges::count(metrics, '\n'), list_checkpoints(path(run)).back())
        << "a checkpoint of the last iteration";
  }
}

TEST_F(SweepCommandTest, RunsEndWithTheirDriver) {
  write_text(path("s.json"),
             R"({"config": "tiny.json", "set": {"iterations": 1000000000, "evaluation.every": 0}})");
  CommandLine started(path(""), {"sweep", "s.json", "--backend", "cpu"});
  const auto is_taken = [&] { return RunClaim::is_taken({path("sweeps/s")}, 1); };  // seed 1 of point 0
  const auto wait_until = [&](const auto& holds) {
    for (int milliseconds = 0; !holds() && milliseconds < 30000; ++milliseconds)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return holds();
  };
  ASSERT_TRUE(wait_until([&] { return list_checkpoints(path("sweeps/s/runs/0000-s1")).size() >= 2; }));
  EXPECT_TRUE(is_taken());
  started.signal(SIGKILL);
  started.wait();
  EXPECT_TRUE(wait_until([&] { return !is_taken(); })) << "a run goes on that nobody asks for";
}

TEST_F(SweepCommandTest, TwoDriversShareAFolder) {
  write_text(path("s.json"), R"({"config": "tiny.json", "set": {"iterations": 100, "evaluation.every": 0},
                                 "grid": {"algorithm.inner_lr": [0.1, 0.2, 0.3]}, "seeds": 3, "jobs": 2})");
  ASSERT_EQ(sweep({"--out", "alone"}).exit_code, kExitDone);
  std::filesystem::create_directory(path("a"));
  std::filesystem::create_directory(path("b"));
  const auto other = [&](const std::string& folder) {
    return CommandLine(path(folder),
                       {"sweep", "../s.json", "--backend", "cpu", "--out", "../both", "--resume"});
  };
  CommandLine one = other("a"), two = other("b");
  const Ended first = one.wait(), second = two.wait();
  EXPECT_EQ(first.exit_code, kExitDone) << first.err;
  EXPECT_EQ(second.exit_code, kExitDone) << second.err;
  json both = results("both"), alone = results("alone");
  EXPECT_EQ(both, alone);
}

TEST_F(SweepCommandTest, ShardsAreAllOfIt) {
  write_sweep(R"("grid": {"algorithm.inner_lr": [0.1, 0.2, 0.3]})");
  ASSERT_EQ(sweep({"--out", "whole"}).exit_code, kExitDone);
  ASSERT_EQ(sweep({"--out", "parts", "--resume", "--shard", "2/2"}).exit_code, kExitDone);
  EXPECT_FALSE(std::filesystem::exists(path("parts/runs/0000-s1")));
  EXPECT_TRUE(std::filesystem::exists(path("parts/runs/0001-s1")));
  EXPECT_FALSE(std::filesystem::exists(path("parts/results.json"))) << "a part knows no results";
  ASSERT_EQ(sweep({"--out", "parts", "--resume", "--shard", "1/2"}).exit_code, kExitDone);
  EXPECT_EQ(results("parts"), results("whole"));
}

TEST_F(SweepCommandTest, HalvingGoesOnWithWhatIsGoodToTheSameBits) {
  write_sweep(R"("grid": {"algorithm.inner_lr": [0.1, 0.2, 0.3]}, "halving": {"first": 2, "factor": 3})");
  const Ended ended = sweep();
  ASSERT_EQ(ended.exit_code, kExitDone) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("after 2 iterations"));
  const json all = results();
  int complete = 0;
  for (const json& point : all["points"]) {
    complete += point["complete"].get<bool>();
    EXPECT_EQ(point["iteration"], point["complete"].get<bool>() ? 6 : 2);
    if (!point["complete"].get<bool>()) continue;
    const double inner_lr = point["values"]["algorithm.inner_lr"];
    train({"--set", "evaluation.every=0", "--set", "algorithm.inner_lr=" + std::to_string(inner_lr), "--set",
           "seed=1"});
    const std::filesystem::path swept =
        path("sweeps/s/runs") / ("000" + std::to_string(point["point"].get<int>()) + "-s1");
    EXPECT_EQ(read_text(swept / "checkpoints/6.safetensors"),
              read_text(path("run/checkpoints/6.safetensors")));
    EXPECT_EQ(read_text(swept / "evaluation.json"), read_text(path("run/evaluation.json")));
  }
  EXPECT_EQ(complete, 1);
}

TEST_F(SweepCommandTest, ALongerSweepKeepsWhatThereIs) {
  const std::string random = R"("random": {"algorithm.inner_lr": {"uniform": [0.1, 0.5]}}, "samples": )";
  write_sweep(random + "2");
  ASSERT_EQ(sweep().exit_code, kExitDone);
  const std::string before = read_text(path("sweeps/s/runs/0001-s1/metrics.jsonl"));
  write_sweep(random + "3");
  const Ended longer = sweep({"--resume"});
  ASSERT_EQ(longer.exit_code, kExitDone);
  EXPECT_THAT(longer.out, HasSubstr("(3 of 3)")) << "those that were done count";
  EXPECT_EQ(read_text(path("sweeps/s/runs/0001-s1/metrics.jsonl")), before) << "not trained again";
  EXPECT_EQ(results()["points"].size(), 3u);
}

TEST_F(SweepCommandTest, WhatDivergesComesLast) {
  write_sweep(R"("grid": {"algorithm.inner_lr": [0.1, 1e30]}, "seeds": 2)");
  const Ended ended = sweep();
  EXPECT_EQ(ended.exit_code, kExitDone) << ended.err;
  const json all = results();
  EXPECT_EQ(all["points"][0]["missing"], 0);
  EXPECT_EQ(all["points"][1]["missing"], 2);
  EXPECT_TRUE(all["points"][0]["best"]);
  EXPECT_TRUE(all["points"][1]["mean"].is_null());
  EXPECT_EQ(all["points"][1]["runs"][0]["status"], "diverged");
  EXPECT_THAT(all["points"][1]["runs"][0]["message"].get<std::string>(), HasSubstr("gradient"));
}

TEST_F(SweepCommandTest, WhatFailsIsToldAtTheEndAndStopsNoOther) {
  write_sweep(R"("grid": {"iterations": [1000000000, 6]})");
  CommandLine started(path(""), {"sweep", "s.json", "--backend", "cpu"});
  for (int milliseconds = 0;
       list_checkpoints(path("sweeps/s/runs/0000-s1")).size() < 2 && milliseconds < 30000; ++milliseconds)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const std::string parent = std::to_string(started.process());
  ::kill(std::stoi(read_text("/proc/" + parent + "/task/" + parent + "/children")), SIGKILL);
  const Ended ended = started.wait();
  EXPECT_EQ(ended.exit_code, kExitRunFailed);
  EXPECT_THAT(ended.out, HasSubstr("failed: 0000-s1: its process was ended by signal 9 (Killed)"));
  EXPECT_THAT(ended.err, HasSubstr("found 1 that failed"));
  EXPECT_EQ(results()["points"][0]["runs"][0]["status"], "failed");
  EXPECT_EQ(results()["points"][1]["runs"][0]["status"], "done");
}

TEST_F(SweepCommandTest, WhatFailedIsTriedAgainUnlessThatIsRefused) {
  write_sweep("");
  ASSERT_EQ(sweep().exit_code, kExitDone);
  const std::filesystem::path outcome = path("sweeps/s/runs/0000-s1/outcome.json");
  write_text(outcome, R"({"status": "failed", "iteration": 2, "message": "out of memory", "stops": []})");
  ASSERT_EQ(sweep({"--resume", "--no-retry"}).exit_code, kExitDone);
  EXPECT_EQ(results()["points"][0]["runs"][0]["status"], "failed");
  ASSERT_EQ(sweep({"--resume"}).exit_code, kExitDone);
  EXPECT_EQ(results()["points"][0]["runs"][0]["status"], "done");
}

TEST_F(SweepCommandTest, ResultsOfWhatIsThereAreWrittenWithoutTraining) {
  write_sweep(kGrid);
  ASSERT_EQ(sweep({"--results"}).exit_code, kExitDone);
  EXPECT_EQ(results()["points"].size(), 0u);
  EXPECT_TRUE(std::filesystem::is_empty(path("sweeps/s/runs")));
  ASSERT_EQ(sweep({"--resume", "--shard", "2/2"}).exit_code, kExitDone);
  const Ended ended = run({"sweep", "sweeps/s", "--results"});
  EXPECT_EQ(ended.exit_code, kExitDone) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("results: sweeps/s/results.json"));
  EXPECT_EQ(results()["points"].size(), 1u);
  EXPECT_EQ(results()["points"][0]["point"], 1);
}

TEST_F(SweepCommandTest, WhatRayStartsArePartsOfIt) {
  write_sweep(kGrid + std::string(R"(, "engine": {"name": "ray"})"));
  EXPECT_THAT(refusal({"sweep", "s.json", "--backend", "cpu"}), HasSubstr("/engine/name: wanted \"local\""));
  ASSERT_EQ(sweep({"--results"}).exit_code, kExitDone);
  ASSERT_EQ(sweep({"--resume", "--shard", "1/2", "--until", "2"}).exit_code, kExitDone);
  ASSERT_EQ(sweep({"--resume", "--results"}).exit_code, kExitDone);
  EXPECT_EQ(results()["points"][0]["iteration"], 2);
}

TEST_F(SweepCommandTest, WhatFailedAtItsVeryEndIsTriedAgain) {
  write_sweep("");
  ASSERT_EQ(sweep().exit_code, kExitDone);
  const json wanted = results();
  std::filesystem::remove(path("sweeps/s/runs/0000-s1/evaluation.json"));
  write_text(path("sweeps/s/runs/0000-s1/outcome.json"),
             R"({"status": "failed", "iteration": 6, "message": "the disk was full", "stops": []})");
  ASSERT_EQ(sweep({"--resume"}).exit_code, kExitDone);
  EXPECT_EQ(results(), wanted);
}

TEST_F(SweepCommandTest, NothingOfOthersIsDeleted) {
  write_sweep("");
  std::filesystem::create_directories(path("t/runs"));
  write_text(path("t/runs/0000-s1"), "in the way");
  const Ended ended = sweep({"--out", "t", "--resume"});
  EXPECT_EQ(ended.exit_code, kExitBadInput);
  EXPECT_THAT(ended.err,
              HasSubstr("t/runs/0000-s1: wanted a place for a run's folder, found something else"));
  EXPECT_EQ(read_text(path("t/runs/0000-s1")), "in the way");
}

TEST_F(SweepCommandTest, AFullDiskLosesNothing) {
  write_sweep(kGrid);
  const Ended full = run({"sweep", "s.json", "--backend", "cpu"}, 2000);
  EXPECT_NE(full.exit_code, kExitDone);
  EXPECT_FALSE(full.err.empty() && full.out.empty());
  const Ended again = sweep({"--resume"});
  EXPECT_EQ(again.exit_code, kExitDone) << again.err;
  for (const json& point : results()["points"])
    for (const json& each : point["runs"]) EXPECT_EQ(each["status"], "done");
}

TEST_F(SweepCommandTest, ADryRunTellsAndTrainsNothing) {
  write_sweep(kGrid);
  const auto before = files();
  const Ended ended = sweep({"--dry-run"});
  EXPECT_EQ(ended.exit_code, kExitDone) << ended.err;
  EXPECT_THAT(ended.out,
              AllOf(HasSubstr("point  algorithm.inner_lr\n    0  0.1\n    1  0.5\n"),
                    HasSubstr("2 points × 2 seeds = 4 runs, each of up to "), HasSubstr("about ")));
  EXPECT_TRUE(files() == before);
}

TEST_F(SweepCommandTest, TablesComeInFourForms) {
  write_sweep(kGrid);
  ASSERT_EQ(sweep().exit_code, kExitDone);
  EXPECT_THAT(run({"sweep", "sweeps/s", "--table", "csv"}).out, StartsWith("algorithm.inner_lr,"));
  EXPECT_THAT(run({"sweep", "sweeps/s", "--table", "markdown"}).out, StartsWith("| algorithm.inner\\_lr |"));
  EXPECT_THAT(run({"sweep", "sweeps/s", "--table", "latex"}).out, HasSubstr("\\toprule"));
  EXPECT_THAT(run({"sweep", "sweeps/s", "--table", "terminal"}).out, StartsWith("algorithm.inner_lr"));
}

TEST_F(SweepCommandTest, WhatCannotBeIsRefusedBeforeAnythingIsDone) {
  write_sweep(R"("grid": {"algorithm.inner_lr": [0.1, -1]})");
  EXPECT_EQ(refusal({"sweep", "s.json"}),
            "innerloop: s.json: point 1 (algorithm.inner_lr=-1): algorithm.inner_lr=-1: /algorithm/inner_lr: "
            "wanted a number above 0, or a list of 1 to 255 numbers, found -1 (number)");
  write_sweep(R"("metric": {"path": "returns.0"})");
  EXPECT_THAT(refusal({"sweep", "s.json"}),
              HasSubstr("/metric/path: wanted a number of evaluation.json or metrics.jsonl"));
  write_sweep(R"("seeds": 3, "budget": {"runs": 2})");
  EXPECT_THAT(refusal({"sweep", "s.json", "--backend", "cpu"}),
              HasSubstr("/budget/runs: wanted at least the 3 runs of one point"));
  write_sweep(R"("halving": {"first": 6})");
  EXPECT_THAT(refusal({"sweep", "s.json", "--backend", "cpu"}),
              HasSubstr("/halving/first: wanted fewer than the points' 6 iterations"));
  write_sweep(R"("grid": {"iterations": [5, 6]}, "halving": {"first": 2})");
  EXPECT_THAT(refusal({"sweep", "s.json", "--backend", "cpu"}),
              HasSubstr("point 1 (iterations=6): wanted the 5 iterations"));
  write_sweep(
      R"("grid": {"tasks_per_iteration": [3, 1000000]}, "set": {"envs_per_task": 1000, "horizon": 1000})");
  write_sweep(R"("search": {"name": "tpe"})");
  EXPECT_THAT(refusal({"sweep", "s.json"}),
              HasSubstr("/search/name: wanted \"random\", or the command of the Python package"));
  EXPECT_THAT(refusal({"sweep", "none.json"}),
              HasSubstr("none.json: wanted a sweep's file, found no such file"));
  write_sweep("");
  ASSERT_EQ(sweep().exit_code, kExitDone);
  EXPECT_THAT(refusal({"sweep", "s.json"}),
              HasSubstr("sweeps/s: wanted a folder that does not exist yet, found one"));
  write_text(path("s.json"), R"({"config": "tiny.json", "set": {"evaluation.every": 0, "horizon": 6}})");
  EXPECT_THAT(refusal({"sweep", "s.json", "--resume", "--backend", "cpu"}),
              HasSubstr("wanted a folder of this very sweep"));
}

TEST_F(SweepCommandTest, ARunThatTheSweepDoesNotHaveIsRefused) {
  write_sweep("");
  EXPECT_THAT(
      refusal({"sweep", "s.json", "--run", "5", "--seed", "1", "--until", "3"}),
      HasSubstr("--run: wanted a point below 1 with one of the sweep's seeds, found point 5 with seed 1"));
  EXPECT_THAT(refusal({"sweep", "s.json", "--run", "0", "--seed", "9", "--until", "3"}),
              HasSubstr("found point 0 with seed 9"));
  EXPECT_THAT(refusal({"sweep", "s.json", "--run", "0", "--seed", "1"}),
              HasSubstr("--run: wanted --seed and --until with it"));
  EXPECT_THAT(refusal({"sweep", "s.json", "--seed", "1"}),
              HasSubstr("--run: wanted --seed and --until with it"));
  EXPECT_THAT(refusal({"sweep", "s.json", "--out", "tiny.json"}),
              HasSubstr("tiny.json: wanted a place for the sweep's folder, found something else"));
}

TEST_F(SweepCommandTest, AMetricThatNoRunHasEndsItWithWhatThereIs) {
  write_sweep(R"("metric": {"path": "evaluation.curve.1.mean_retrun"}, "seeds": 3)");
  const Ended ended = sweep();
  EXPECT_EQ(ended.exit_code, kExitBadInput);
  EXPECT_THAT(ended.err,
              AllOf(HasSubstr("metric: wanted a number at evaluation.curve.1.mean_retrun, found in "),
                    HasSubstr(R"((nearest: "mean_return"))")));
  EXPECT_FALSE(std::filesystem::exists(path("sweeps/s/runs/0000-s2"))) << "and not run after run";
  write_sweep(R"("metric": {"path": "metrics.returns.-1", "over": "area"}, "seeds": 3)");
  EXPECT_EQ(sweep({"--resume"}).exit_code, kExitDone);
}

TEST_F(SweepCommandTest, ABudgetEndsItEarlier) {
  write_sweep(R"("grid": {"algorithm.inner_lr": [0.1, 0.2, 0.3]}, "seeds": 2, "budget": {"runs": 4})");
  const Ended ended = sweep();
  EXPECT_EQ(ended.exit_code, kExitDone) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("not trained to their end: 2 runs"));
  EXPECT_EQ(results()["points"].size(), 2u);
  EXPECT_THAT(sweep({"--resume"}).out, HasSubstr("not trained to their end: 2 runs")) << "earlier runs count";
}

TEST_F(SweepCommandTest, ARunOfAnotherConfigIsNotGoneOnWith) {
  write_sweep("");
  ASSERT_EQ(sweep().exit_code, kExitDone);
  std::filesystem::remove(path("sweeps/s/runs/0000-s1/outcome.json"));
  const std::filesystem::path config = path("sweeps/s/runs/0000-s1/config.json");
  std::string text = read_text(config);
  text.replace(text.find("\"horizon\": 5"), 12, "\"horizon\": 6");
  write_text(config, text);
  const Ended ended = sweep({"--resume"});
  EXPECT_EQ(ended.exit_code, kExitBadInput);
  EXPECT_THAT(ended.err, HasSubstr("wanted a run of this point, found one of another config"));
  EXPECT_TRUE(std::filesystem::exists(path("sweeps/s/runs/0000-s1/checkpoints/6.safetensors")));
}

}  // namespace
}  // namespace innerloop
