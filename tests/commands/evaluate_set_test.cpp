// `innerloop evaluate RUN --set evaluation.…`: a run measured by other options than its own.
#include <nlohmann/json.hpp>

#include "tests/commands/command_line_fixture.h"

namespace innerloop {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class EvaluateSetTest : public CommandLineTest {
 protected:
  // No car gets over the hill in so few steps, each of which costs 1.
  void train_car() const {
    write_text(path("car.json"),
               R"({"iterations": 1, "tasks_per_iteration": 4, "envs_per_task": 1, "horizon": 5,
                   "at_episode_end": "restart", "environment": {"name": "mountain_car"},
                   "policy": {"name": "mlp", "hidden": [5]}, "algorithm": {"name": "ppo", "rollout_steps": 3},
                   "evaluation": {"tasks": 3, "envs_per_task": 2}})");
    ASSERT_EQ(run({"train", "car.json", "--out", "run", "--threads", "1"}).exit_code, kExitDone);
  }
  nlohmann::json written(const std::string& name) const {
    return nlohmann::json::parse(read_text(path(name)));
  }
  static void expect_length(const nlohmann::json& evaluation, double length) {
    const nlohmann::json& point = evaluation["curve"][0];
    EXPECT_EQ(point["mean_episode_length"], length);
    EXPECT_EQ(point["mean_return"], -length);
  }
};

TEST_F(EvaluateSetTest, EpisodesMayBeLongerOrShorterThanInTraining) {
  train_car();
  const std::string own = read_text(path("run/evaluation.json"));
  expect_length(written("run/evaluation.json"), 5);
  EXPECT_FALSE(written("run/evaluation.json").contains("horizon"));
  for (const int horizon : {12, 2}) {
    const std::string option = "evaluation.horizon=" + std::to_string(horizon);
    ASSERT_EQ(run({"evaluate", "run", "--set", option, "--json", "other.json"}).exit_code, kExitDone);
    expect_length(written("other.json"), horizon);
    EXPECT_EQ(written("other.json")["horizon"], horizon);
    // Without a file to write to, the numbers are shown alone: the run's own evaluation is of its own options.
    ASSERT_EQ(run({"evaluate", "run", "--set", option}).exit_code, kExitDone);
    EXPECT_EQ(read_text(path("run/evaluation.json")), own);
  }
  ASSERT_EQ(run({"evaluate", "run", "--set", "evaluation.tasks=7", "--json", "other.json"}).exit_code,
            kExitDone);
  EXPECT_EQ(written("other.json")["tasks"], 7);
}

TEST_F(EvaluateSetTest, OfPoliciesThatAreAdaptedToo) {
  train();
  ASSERT_EQ(run({"evaluate", "run", "--set", "evaluation.horizon=9", "--set", "environment.end_at_goal=false",
                 "--json", "other.json"})
                .exit_code,
            kExitBadInput);
  ASSERT_EQ(run({"evaluate", "run", "--set", "evaluation.horizon=9", "--json", "other.json"}).exit_code,
            kExitDone);
  for (const auto& point : written("other.json")["curve"]) EXPECT_GT(point["mean_episode_length"], 5);
}

TEST_F(EvaluateSetTest, RefusesOptionsOfAnythingElse) {
  train_car();
  EXPECT_EQ(
      refusal({"evaluate", "run", "--set", "horizon=12"}),
      "innerloop: --set: wanted an option of the evaluation with a run, as in evaluation.horizon=1000, found "
      "\"horizon=12\"");
  EXPECT_THAT(refusal({"evaluate", "run", "--set", "evaluation.horizons=12"}), HasSubstr("horizon"));
  EXPECT_THAT(refusal({"evaluate", "run", "--set", "evaluation.horizon=-1"}),
              StartsWith("innerloop: --set evaluation.horizon=-1: /evaluation/horizon: wanted "));
}

}  // namespace
}  // namespace innerloop
