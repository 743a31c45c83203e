// Tasks that a config takes from a file: what is read, and what is refused.
#include "engine/config/tasks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "tests/support/temporary_folder.h"

namespace innerloop {
namespace {

using testing::HasSubstr;

class TaskFileTest : public testing::Test {
 protected:
  std::filesystem::path path(const std::string& name = "tasks.json") const { return folder_.path() / name; }
  Config read(const std::string& tasks, const std::string& environment = "point_navigation") const {
    write_text(path(), tasks);
    write_text(path("x.json"), R"({"environment": {"name": ")" + environment +
                                   R"("}, "tasks": {"file": "tasks.json"}, "evaluation": {"tasks": 1}})");
    return read_config(path("x.json"));
  }
  // What is wrong with the tasks, behind the file's name.
  std::string fault(const std::string& tasks, const std::string& environment = "point_navigation") const {
    const std::string message = message_of<InputError>([&] { read(tasks, environment); }),
                      start = path().string() + ": ";
    return message.starts_with(start) ? message.substr(start.size()) : message;
  }

  TemporaryFolder folder_;
};

TEST_F(TaskFileTest, TasksAreListsOrObjectsByName) {
  const Config config =
      read(R"({"held_out": [{"goal_y": -0.4, "goal_x": 0.3}], "train": [[1, 2], [3e0, 4]]})");
  EXPECT_EQ(config.train_tasks, (TaskTable{{1, 2}, {3, 4}}));
  EXPECT_EQ(config.held_out_tasks, (TaskTable{{0.3f, -0.4f}}));
}

TEST_F(TaskFileTest, WithoutAFileTasksAreDrawn) {
  const Config config;
  EXPECT_TRUE(config.train_tasks.empty() && config.held_out_tasks.empty());
  EXPECT_TRUE(evaluation_tasks(config, {}).empty());
  EXPECT_TRUE(seeded_task(config, 3).empty());
  EXPECT_EQ(evaluation_tasks(config, {1, 2}), (TaskTable{{1, 2}}));
}

TEST_F(TaskFileTest, EvaluationsPlayTheFirstHeldOutTasks) {
  Config config = read(R"({"train": [[9, 9]], "held_out": [[1, 2], [3, 4], [5, 6]]})");
  config.evaluation.tasks = 2;
  EXPECT_EQ(evaluation_tasks(config, {}), (TaskTable{{1, 2}, {3, 4}}));
  EXPECT_EQ(evaluation_tasks(config, {7, 8}), (TaskTable{{7, 8}}));
  EXPECT_EQ(seeded_task(config, 1), (std::vector<float>{3, 4}));
  EXPECT_EQ(seeded_task(config, 5), (std::vector<float>{5, 6}));
}

TEST_F(TaskFileTest, AnEvaluationOfMoreTasksThanAreHeldOutIsRefused) {
  write_text(path(), R"({"train": [[1, 2]], "held_out": [[1, 2], [3, 4]]})");
  const std::string config = R"({"tasks": {"file": ")" + path().string() + R"("}})";
  EXPECT_EQ(parse_config(config, "x.json", std::vector<std::string>{"evaluation.tasks=2"}).evaluation.tasks,
            2);
  EXPECT_EQ(message_of<InputError>(
                [&] { parse_config(config, "x.json", std::vector<std::string>{"evaluation.tasks=3"}); }),
            "--set evaluation.tasks=3: /evaluation/tasks: wanted at most the 2 held-out tasks of " +
                path().string() + ", found 3");
}

TEST_F(TaskFileTest, WhatWasReadIsShownWithItsPlaceAndChecksum) {
  const std::string tasks = R"({"train": [[1, 2]], "held_out": [[3, 4]]})";
  const Config config = read(tasks);
  EXPECT_EQ(config.tasks.file, path().string());
  EXPECT_EQ(config.tasks.checksum.size(), 8u);
  // As a run's config.json it lies elsewhere.
  const std::string shown = to_json(config).dump();
  EXPECT_EQ(parse_config(shown, "elsewhere/config.json"), config);
  // One more space, and it is another file.
  write_text(path(), tasks + " ");
  EXPECT_THAT(
      message_of<InputError>([&] { parse_config(shown, "config.json"); }),
      testing::AllOf(testing::StartsWith("config.json: /tasks/checksum: wanted that of " + path().string()),
                     HasSubstr("found \"" + config.tasks.checksum + "\" (string): the file has changed")));
}

TEST_F(TaskFileTest, FilesThatCannotBeReadAreRefused) {
  const auto refused = [&](const std::string& file) {
    return message_of<InputError>(
        [&] { parse_config(R"({"tasks": {"file": ")" + file + R"("}})", "x.json"); });
  };
  EXPECT_EQ(
      refused(path("none.json").string()),
      "x.json: /tasks/file: wanted a file of tasks, found no such file at " + path("none.json").string());
  EXPECT_EQ(refused(folder_.path().string()),
            "x.json: /tasks/file: wanted a file of tasks, found a folder at " + folder_.path().string());
  EXPECT_EQ(message_of<InputError>([&] { parse_config(R"({"tasks": {"file": 3}})", "x.json"); }),
            "x.json: /tasks/file: wanted a string, found 3 (number)");
  EXPECT_EQ(message_of<InputError>([&] { parse_config(R"({"tasks": {"checksum": "0"}})", "x.json"); }),
            "x.json: /tasks/checksum: wanted none without a file, found \"0\" (string)");
}

TEST_F(TaskFileTest, EveryFaultIsNamedWithItsTaskAndNumber) {
  EXPECT_THAT(fault("{"), HasSubstr("line 1"));
  EXPECT_EQ(fault("[1]"), "wanted an object of \"train\" and \"held_out\", found [1] (list)");
  EXPECT_EQ(fault(R"({"train": [[1, 2]]})"), "/held_out: wanted a list of 1 to 16777216 tasks, found none");
  EXPECT_EQ(fault(R"({"train": [], "held_out": [[1, 2]]})"),
            "/train: wanted a list of 1 to 16777216 tasks, found [] (list)");
  EXPECT_EQ(fault(R"({"train": {}, "held_out": [[1, 2]]})"),
            "/train: wanted a list of 1 to 16777216 tasks, found {} (object)");
  EXPECT_EQ(fault(R"({"train": [[1, 2]], "held_out": [[1, 2]], "test": 3})"),
            "/test: wanted \"train\" or \"held_out\", found \"test\" (string)");
  const auto train = [&](const std::string& tasks, const std::string& environment = "point_navigation") {
    return fault(R"({"train": [)" + tasks + R"(], "held_out": [[1, 2]]})", environment);
  };
  EXPECT_EQ(train("[1, 2], [3]"), "/train/1: wanted 2 numbers, found 1, [3] (list)");
  EXPECT_EQ(train("[1, 2], 3"), "/train/1: wanted a JSON object, found 3 (number)");
  EXPECT_EQ(train(R"([1, "2"])"), "/train/0/goal_y: wanted a number, found \"2\" (string)");
  EXPECT_EQ(train("[1e60, 2]"),
            "/train/0/goal_x: wanted a number that 32 bits can hold, found 1e+60 (number)");
  EXPECT_EQ(train(R"({"goal_x": 1})"), "/train/0/goal_y: wanted a number, found none");
  EXPECT_EQ(train(R"({"goal_x": 1, "goal_z": 1})"),
            "/train/0/goal_z: wanted a number of a task of point_navigation (nearest: \"goal_x\"), found "
            "\"goal_z\"");
  EXPECT_EQ(train("[1, 2], [1.5, 2]", "grid_navigation"),
            "/train/1/goal_x: wanted an integer from 0 to 4, found 1.5 (number)");
}

// A white pyramid to the right of an orange goal; the things of the second one have none.
TEST_F(TaskFileTest, RulesetsThatNobodyCanFulfilAreRefused) {
  const auto held_out = [&](const std::string& task) {
    return fault(R"({"train": [[8, 80, 69, 80, 69, 94, 46, 146]], "held_out": [)" + task + "]}", "xland");
  };
  EXPECT_EQ(read(R"({"train": [[8, 80, 69, 80, 69, 94, 46, 146]], "held_out": [[1, 94, 0, 94, 0, 0, 0, 0]]})",
                 "xland")
                .train_tasks[0]
                .size(),
            8u);
  EXPECT_EQ(
      held_out("[8, 80, 69, 80, 94, 46, 146, 0]"),
      "/held_out/0/goal_b: wanted a tile that lies about or that rules can make, found 69 (white pyramid)");
  EXPECT_EQ(held_out("[15, 80, 69, 80, 69, 94, 46, 146]"),
            "/held_out/0/goal: wanted an integer from 1 to 14, found 15 (number)");
  EXPECT_EQ(held_out("[6, 80, 69, 80, 69, 94, 46, 146]"),
            "/held_out/0/goal: wanted 1, 3, 4 or 7 to 14, the goals of the benchmarks, found 6");
  EXPECT_EQ(held_out("[8, 80, 69]"), "/held_out/0: wanted 8 numbers, found 3, [8,80,69] (list)");
}

TEST_F(TaskFileTest, NumbersThatDoNotFitEachOtherAreRefused) {
  const Config config =
      parse_config(R"({"environment": {"name": "tabular_mdp", "states": 2, "actions": 2}})", "x");
  const auto task = [&](const std::string& p_1_0_0, const std::string& p_1_0_1) {
    return R"({"p_0_0_0": 1, "p_0_0_1": 0, "p_0_1_0": 0.333, "p_0_1_1": 0.666, "p_1_0_0": )" + p_1_0_0 +
           R"(, "p_1_0_1": )" + p_1_0_1 +
           R"(, "p_1_1_0": 0.5, "p_1_1_1": 0.5, "reward_0_0": 1, "reward_0_1": 2, "reward_1_0": 3, "reward_1_1": 4})";
  };
  EXPECT_EQ(parse_task(task("0.25", "0.75"), config).size(), 12u);
  const std::string wanted = "/p_1_0_0: wanted p_1_0_0 to p_1_0_1 that sum to 1, to 0.001, found a sum of ";
  using Sum = std::array<const char*, 3>;
  for (const auto& [first, second, sum] : {Sum{"1", "1", "2"}, Sum{"0.2", "0.2", "0.4"}, Sum{"0", "0", "0"}})
    EXPECT_EQ(message_of<InputError>([&] { parse_task(task(first, second), config); }),
              "--task: " + wanted + sum);
  write_text(path(),
             R"({"train": [[1, 0, 1, 0, 1, 1, 1, 0, 1, 2, 3, 4]], "held_out": [)" + task("1", "0") + "]}");
  EXPECT_EQ(
      message_of<InputError>([&] {
        parse_config(
            R"({"environment": {"name": "tabular_mdp", "states": 2, "actions": 2}, "tasks": {"file": ")" +
                path().string() + R"("}})",
            "x.json");
      }),
      path().string() + ": /train/0" + wanted + "2");
}

}  // namespace
}  // namespace innerloop
