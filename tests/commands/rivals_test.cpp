// `innerloop evaluate --baseline` and `innerloop play`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/commands/command_line_fixture.h"

namespace innerloop {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

class MemoryRunTest : public CommandLineTest {
 protected:
  MemoryRunTest() {
    write_text(path("memory.json"),
               R"({"iterations": 1, "tasks_per_iteration": 8, "envs_per_task": 1, "horizon": 3,
        "at_episode_end": "restart", "environment": {"name": "grid_navigation"}, "policy": {"name": "gru", "hidden": 4},
        "algorithm": {"name": "rl2", "trial_length": 6}, "evaluation": {"tasks": 5, "envs_per_task": 2}})");
  }
  void train_memory() const {
    const Ended ended = run({"train", "memory.json", "--out", "run", "--threads", "1"});
    ASSERT_EQ(ended.exit_code, kExitDone) << ended.err;
  }
  nlohmann::json json(const std::string& name) const { return nlohmann::json::parse(read_text(path(name))); }
  std::string shown(const std::vector<std::string>& arguments) const {
    const Ended ended = run(arguments);
    EXPECT_EQ(ended.exit_code, kExitDone) << ended.err;
    return ended.out;
  }
};

TEST_F(MemoryRunTest, RivalsOfAConfigNeedNoRun) {
  const std::string table = shown({"evaluate", "memory.json", "--baseline", "oracle", "--baseline", "random",
                                   "--json", "numbers.json", "--set", "evaluation.tasks=7"});
  EXPECT_THAT(table, AllOf(HasSubstr("by hand-written learners,\nin 14 trials of 7 held-out tasks:\n"),
                           HasSubstr("episode  oracle              random_actions\n      1"),
                           HasSubstr("\n  trial")));
  const auto report = json("numbers.json");
  EXPECT_EQ(report["algorithm"], "oracle");
  EXPECT_EQ(report["trial_return"]["trials"], 14);
  EXPECT_EQ(report["curve"].size(), 2u);
  EXPECT_EQ(report["baselines"][0]["name"], "random_actions");
}

TEST_F(MemoryRunTest, RivalsStandBesideARun) {
  train_memory();
  const auto before = json("run/evaluation.json");
  EXPECT_THAT(shown({"evaluate", "run", "--baseline", "oracle"}),
              HasSubstr("episode  rl2                 random initialisation   oracle\n"));
  auto after = json("run/evaluation.json");
  EXPECT_EQ(after["baselines"][1]["name"], "oracle");
  after["baselines"].erase(1);
  EXPECT_EQ(after, before);
}

TEST_F(MemoryRunTest, RefusesRivalsThatCannotBe) {
  train_memory();
  EXPECT_EQ(refusal({"evaluate", "run", "--baseline", "orcale"}),
            "innerloop: --baseline: wanted one of environment \"grid_navigation\": random, oracle, bayes, "
            "posterior_sampling (nearest: \"oracle\"), found \"orcale\"");
  EXPECT_THAT(refusal({"evaluate", "memory.json", "--baseline", "thompson"}), HasSubstr("\"thompson\""));
  EXPECT_THAT(refusal({"evaluate", "tiny.json", "--baseline", "random"}),
              StartsWith("innerloop: --baseline: wanted environment \"grid_navigation\", \"bandit\""));
  EXPECT_THAT(refusal({"evaluate", "run", "--baseline", "oracle", "--policy", "policy"}),
              AllOf(HasSubstr("--baseline"), HasSubstr("--policy")));
  EXPECT_EQ(refusal({"evaluate", "run", "run", "--baseline", "oracle"}),
            "innerloop: --baseline: wanted one RUN with it, found 2");
  EXPECT_EQ(
      refusal({"evaluate", "run", "--baseline", "oracle", "--set", "horizon=1"}),
      "innerloop: --set: wanted an option of the evaluation with a run, as in evaluation.horizon=1000, found "
      "\"horizon=1\"");
  EXPECT_THAT(refusal({"evaluate", "memory.json", "--baseline", "oracle", "--steps", "1"}),
              StartsWith("innerloop: --steps: wanted none"));
  EXPECT_THAT(refusal({"evaluate", "memory.json", "--baseline", "oracle", "--task", R"({"goal_x": 1})"}),
              StartsWith("innerloop: --task: /goal_y: wanted "));
  EXPECT_THAT(refusal({"evaluate", "none.json", "--baseline", "oracle"}),
              StartsWith("innerloop: none.json: wanted "));
}

TEST_F(MemoryRunTest, PlayShowsATrialStepByStep) {
  train_memory();
  const std::string story = shown({"play", "run", "--task", R"({"goal_x": 4, "goal_y": 2})"});
  EXPECT_THAT(story, StartsWith("rl2 after 1 iterations, one trial with stochastic actions\n"
                                "task goal_x = 4, goal_y = 2\n"
                                "episode  step  saw     did"));
  // Six steps, the goal too far away for any of them.
  std::istringstream lines(story);
  std::vector<std::string> line;
  for (std::string text; std::getline(lines, text);) line.push_back(text);
  ASSERT_EQ(line.size(), 11u);
  const auto step = [](const char* start, const char* end) {
    return MatchesRegex(std::string(start) + "  \\([01234], [01234]\\)  (stay|up|right|down|left) *" + end);
  };
  EXPECT_THAT(line[3], step("      1     1", "-0.10     -0.10     -0.10"));
  EXPECT_THAT(line[3], HasSubstr("(0, 0)"));
  EXPECT_THAT(line[5], step("      1     3", "-0.10     -0.30     -0.30"));
  EXPECT_THAT(line[6], step("      2     1", "-0.10     -0.10     -0.40"));
  EXPECT_THAT(line[6], HasSubstr("(0, 0)"));
  EXPECT_THAT(line[8], step("      2     3", "-0.10     -0.30     -0.60"));
  EXPECT_EQ(line[9], "return of each episode: -0.30 -0.30");
  EXPECT_EQ(line[10], "return of the trial: -0.60");
}

TEST_F(MemoryRunTest, PlaySeesWhatEvaluationMeasures) {
  train_memory();
  const std::string seeded = shown({"play", "run", "--task-seed", "9"});
  EXPECT_EQ(shown({"play", "run", "--task-seed", "9"}), seeded);
  EXPECT_NE(shown({"play", "run", "--task-seed", "10"}), seeded);
  EXPECT_NE(shown({"play", "run"}), seeded);
}

TEST_F(MemoryRunTest, PlayRefusesWhatItCannotShow) {
  train_memory();
  train({}, "gradient");
  EXPECT_EQ(
      refusal({"play", "gradient"}),
      "innerloop: gradient/config.json: /algorithm: play wants an algorithm that plays trials, \"rl2\", "
      "\"varibad\", \"prompt_tuning\", \"ppo\", \"sac\" or \"pearl\", found \"maml\"");
  EXPECT_THAT(refusal({"play", "none"}), HasSubstr("none"));
  EXPECT_THAT(refusal({"play", "run", "--task", "goal"}), StartsWith("innerloop: --task: "));
  EXPECT_THAT(refusal({"play", "run", "--task", R"({"goal_x": 5, "goal_y": 0})"}),
              StartsWith("innerloop: --task: /goal_x: wanted "));
  EXPECT_THAT(refusal({"play", "run", "--task", R"({"gaol_x": 1, "goal_y": 0})"}),
              HasSubstr("nearest: \"goal_x\""));
  EXPECT_THAT(refusal({"play", "run", "--task-seed", "x"}), HasSubstr("--task-seed"));
  EXPECT_THAT(refusal({"play", "run", "--task-seed", "1", "--task", "{}"}), HasSubstr("--task"));
}

}  // namespace
}  // namespace innerloop
