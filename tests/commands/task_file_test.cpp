// A run whose tasks come from a file: which ones are trained on, and which ones are held out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/commands/command_line_fixture.h"

namespace innerloop {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::Each;
using testing::HasSubstr;

const std::string kTasks =
    R"({"train": [[0.5, 0.25], [-0.5, 0.125]], "held_out": [[0.3, -0.4], [0.1, 0.2]]})";

class TaskFileRunTest : public CommandLineTest {
 protected:
  TaskFileRunTest() { write_text(path("tasks.json"), kTasks); }
  static std::vector<std::string> with_file(std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--set", "tasks.file=tasks.json"});
    return more;
  }
  std::vector<double> curve(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all = {"evaluate", "run", "--json", "out.json"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const Ended ended = run(all);
    EXPECT_EQ(ended.exit_code, kExitDone) << ended.err;
    std::vector<double> returns;
    const json report = json::parse(read_text(path("out.json")));
    for (const json& point : report["curve"]) returns.push_back(point["mean_return"]);
    return returns;
  }
};

TEST_F(TaskFileRunTest, TrainingDrawsItsTrainTasksAlone) {
  train(with_file({"--set", "tasks_per_iteration=40", "--dump-batch", "batch.safetensors"}));
  const auto numbers = TensorFile::read(path("batch.safetensors")).values<float>("tasks", {40, 2});
  std::map<float, int> count;
  for (std::size_t task = 0; task < 40; ++task) {
    ++count[numbers[2 * task]];
    EXPECT_EQ(numbers[2 * task + 1], numbers[2 * task] > 0 ? 0.25f : 0.125f);
  }
  ASSERT_EQ(count.size(), 2u);
  EXPECT_GT(count[0.5f], 10);
  EXPECT_GT(count[-0.5f], 10);
}

TEST_F(TaskFileRunTest, EvaluationsAndAdaptPlayTheHeldOutTasks) {
  train(with_file({"--set", "evaluation.tasks=1"}));
  const std::vector<std::string> first = {"--task", R"({"goal_x": 0.3, "goal_y": -0.4})"};
  EXPECT_EQ(curve({}), curve(first));
  const auto adapted = [&](const std::string& number) {
    const Ended ended =
        run({"adapt", "run", "--task-seed", number, "--steps", "1", "--out", "policy" + number});
    EXPECT_EQ(ended.exit_code, kExitDone) << ended.err;
    return TensorFile::read(path("policy" + number)).metadata("task");
  };
  EXPECT_EQ(adapted("0"), R"({"goal_x":0.3,"goal_y":-0.4})");
  EXPECT_EQ(adapted("3"), R"({"goal_x":0.1,"goal_y":0.2})");
}

// Every arm of a train task pays, and none of a held-out one.
const std::string kArms = R"({"train": [[1, 1]], "held_out": [{"arm_0": 0, "arm_1": 0}, [0, 0]]})";
const std::vector<std::string> kBandit = {"--set", R"(environment={"name": "bandit", "arms": 2})"};

TEST_F(TaskFileRunTest, BothPartsAreInThePlaceOfDrawnTasks) {
  write_text(path("tasks.json"), kArms);
  train(with_file(kBandit));
  for (const json& line : timeless_metrics(path("run"))) {
    EXPECT_THAT(line["returns"].get<std::vector<double>>(), Each(1.0));
    if (line.contains("evaluation_returns")) {
      EXPECT_THAT(line["evaluation_returns"].get<std::vector<double>>(), Each(0.0));
    }
  }
  EXPECT_THAT(curve({}), Each(0.0));
}

TEST_F(TaskFileRunTest, AgentsWithAMemoryAndHandWrittenOnesPlayThemToo) {
  write_text(path("tasks.json"), kArms);
  write_text(path("tiny.json"), R"({
    "iterations": 1, "tasks_per_iteration": 3, "envs_per_task": 2, "horizon": 1, "at_episode_end": "restart",
    "environment": {"name": "bandit", "arms": 2}, "tasks": {"file": "tasks.json"},
    "policy": {"name": "gru", "hidden": 4}, "algorithm": {"name": "rl2", "trial_length": 3, "minibatches": 1},
    "evaluation": {"tasks": 2, "envs_per_task": 2}})");
  train();
  EXPECT_THAT(timeless_metrics(path("run"))[0]["returns"].get<std::vector<double>>(), Each(1.0));
  EXPECT_THAT(curve({"--baseline", "random"}), Each(0.0));
  const json report = json::parse(read_text(path("out.json")));
  for (const json& baseline : report["baselines"]) EXPECT_EQ(baseline["trial_return"]["mean"], 0.0);
  EXPECT_THAT(run({"play", "run"}).out,
              AllOf(HasSubstr("arm_0 = 0"), HasSubstr("return of the trial: 0.00")));
}

TEST_F(TaskFileRunTest, ARunKnowsItsFileAgain) {
  train(with_file({"--set", "iterations=2"}));
  const std::vector<std::string> resume = {"train", "--resume", "--out", "run", "--set", "iterations=4"};
  ASSERT_EQ(run(resume).exit_code, kExitDone);
  write_text(path("tasks.json"), kArms);
  for (const auto& arguments : {resume, std::vector<std::string>{"evaluate", "run"}})
    EXPECT_THAT(refusal(arguments), AllOf(HasSubstr("run/config.json: /tasks/checksum: wanted that of "),
                                          HasSubstr("tasks.json"), HasSubstr("the file has changed")));
  // What says the same is the same file, wherever it lies.
  std::filesystem::rename(path("tasks.json"), path("away.json"));
  EXPECT_THAT(refusal(resume), HasSubstr("/tasks/file: wanted a file of tasks, found no such file at "));
  write_text(path("tasks.json"), kTasks);
  EXPECT_EQ(run({"evaluate", "run"}).exit_code, kExitDone);
}

TEST_F(TaskFileRunTest, ResumedGivesTheBitsOfAnUninterruptedRun) {
  train(with_file({"--set", "iterations=2"}), "parts");
  ASSERT_EQ(run({"train", "--resume", "--out", "parts", "--set", "iterations=4"}).exit_code, kExitDone);
  train(with_file({"--set", "iterations=4"}), "whole");
  EXPECT_EQ(newest_checkpoint_bytes(path("parts")), newest_checkpoint_bytes(path("whole")));
}

TEST_F(TaskFileRunTest, RunsOfOtherHeldOutTasksAreNotCompared) {
  train(with_file());
  train({}, "drawn");
  EXPECT_THAT(refusal({"evaluate", "run", "drawn"}),
              HasSubstr("drawn/config.json: /tasks/file: wanted the held-out tasks of run/config.json"));
}

}  // namespace
}  // namespace innerloop
