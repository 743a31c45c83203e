// evaluation_tasks.json: what each held-out task brought is what the means are of.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/config/tasks.h"
#include "engine/evaluation/played_trial.h"
#include "engine/evaluation/report.h"
#include "engine/learned/create.h"
#include "engine/stages/trial_loop.h"
#include "engine/statistics/estimates.h"
#include "tests/support/tiny_run.h"

namespace innerloop {
namespace {

using Json = nlohmann::ordered_json;

const std::vector<std::string> kRl2 = {
    "at_episode_end=restart", R"(policy={"name":"gru","hidden":4})",
    R"(algorithm={"name":"rl2","trial_length":10,"minibatches":1,"epochs":1})"};

std::vector<std::string> with(std::vector<std::string> overrides, const std::vector<std::string>& more) {
  overrides.insert(overrides.end(), more.begin(), more.end());
  return overrides;
}

Evaluation evaluation_of(const Config& config, const std::vector<float>& task = {}) {
  Device device(kOneThread);
  return evaluation_of(config, device, create_learned(config).initial(config.seed), 0, task);
}

class ByTask : public testing::TestWithParam<std::vector<std::string>> {};
INSTANTIATE_TEST_SUITE_P(Agents, ByTask, testing::Values(std::vector<std::string>{}, kRl2),
                         [](const auto& of) { return of.param.empty() ? "Maml" : "Rl2"; });

TEST_P(ByTask, TheMeansOfTheReturnsAreTheCurve) {
  const Evaluation evaluation =
      evaluation_of(tiny_config(with(GetParam(), {"evaluation.tasks=9", "evaluation.envs_per_task=3"})));
  const Json& returns = evaluation.by_task["returns"];
  ASSERT_EQ(returns.size(), 9u);
  const Json& curve = evaluation.report["curve"];
  ASSERT_GT(curve.size(), 1u);
  for (std::size_t point = 0; point < curve.size(); ++point) {
    std::vector<double> of_task;
    for (const Json& task : returns) of_task.push_back(task.at(point));
    EXPECT_EQ(mean_of(of_task).mean, curve[point]["mean_return"]);
    EXPECT_EQ(mean_of(of_task).ci95, curve[point]["ci95"]);
  }
  EXPECT_EQ(returns[0].size(), curve.size());
}

// Without sampling, what happens before a gradient step follows from the task alone.
TEST_P(ByTask, EachReturnIsThatOfTheTaskInItsPlace) {
  const Config config = tiny_config(with(
      GetParam(), {"evaluation.tasks=7", "evaluation.envs_per_task=3", "evaluation.deterministic=true"}));
  const Json by_task = evaluation_of(config).by_task;
  EXPECT_EQ(by_task["task_names"], Json(task_names(config)));
  ASSERT_EQ(by_task["tasks"].size(), 7u);
  std::set<double> different;
  for (std::size_t i = 0; i < 7; ++i) {
    const auto task = by_task["tasks"][i].get<std::vector<float>>();
    const Json alone = evaluation_of(config, task).report["curve"][0]["mean_return"];
    EXPECT_FLOAT_EQ(by_task["returns"][i][0].get<float>(), alone.get<float>());
    different.insert(by_task["returns"][i][0].get<double>());
  }
  EXPECT_EQ(different.size(), 7u);
}

TEST(ByTaskOfMany, TheFirstTasksAreListed) {
  const Evaluation evaluation =
      evaluation_of(tiny_config({"evaluation.tasks=1003", "evaluation.envs_per_task=1"}));
  EXPECT_EQ(evaluation.report["tasks"], 1003);
  EXPECT_EQ(evaluation.by_task["tasks"].size(), 1000u);
  EXPECT_EQ(evaluation.by_task["returns"].size(), 1000u);
}

TEST(ByTaskOfMany, NumbersOfTasksThatHaveMoreThanEightAreLeftOut) {
  const auto by_task = [](const char* environment) {
    return evaluation_of(tiny_config({environment})).by_task;
  };
  const Json large = by_task(R"(environment={"name":"tabular_mdp"})"),
             eight = by_task(R"(environment={"name":"bandit","arms":8})"),
             nine = by_task(R"(environment={"name":"bandit","arms":9})");
  for (const Json& found : {large, nine}) {
    EXPECT_FALSE(found.contains("tasks") || found.contains("task_names"));
    EXPECT_EQ(found["returns"].size(), 2u);
  }
  EXPECT_EQ(eight["tasks"][1].size(), 8u);
  EXPECT_EQ(eight["task_names"].size(), 8u);
}

// As evaluation.json.
TEST(ByTaskOfMany, AReturnThatIsNotFiniteIsNull) {
  const Config config = tiny_config({"algorithm.inner_lr=1e30"});
  Device device(kOneThread);
  const Evaluation evaluation = evaluation_of(
      config, device, std::vector<float>(static_cast<std::size_t>(create_learned(config).size()), 1e30f), 0);
  EXPECT_EQ(nlohmann::json::parse(evaluation.by_task.dump())["returns"][0][1], nullptr);
}

const std::vector<std::string> kVaribad = {
    "at_episode_end=restart", R"(policy={"name":"belief","latent":3,"encoder":7,"hidden":[6]})",
    R"(algorithm={"name":"varibad","trial_length":15,"minibatches":1,"epochs":1,"belief_trials":4})"};
const std::vector<std::string> kPearl = {
    "at_episode_end=restart", "at_time_limit=bootstrap", R"(policy={"name":"mlp","hidden":[6],"squash":1})",
    R"(algorithm={"name":"pearl","trial_length":15,"train_tasks":6,"latent":3,"encoder_hidden":[9],)"
    R"("context":15})"};

class BeliefsByTask : public testing::TestWithParam<std::vector<std::string>> {};
INSTANTIATE_TEST_SUITE_P(Agents, BeliefsByTask, testing::Values(kVaribad, kPearl),
                         [](const auto& of) { return of.param == kVaribad ? "Varibad" : "Pearl"; });

// Those of the trials that `play` shows, of the same seed.
TEST_P(BeliefsByTask, AreThoseOfTheTrials) {
  const Config config = tiny_config(with(GetParam(), {"evaluation.tasks=7", "evaluation.envs_per_task=1"}));
  const Json by_task = evaluation_of(config).by_task;
  Device device(kOneThread);
  const auto trials = play_trials(config, device, create_learned(config).initial(config.seed));
  const Json& means = by_task["belief_means"];
  ASSERT_EQ(means.size(), 7u);
  std::vector<double> deviations(4);
  for (std::size_t task = 0; task < 7; ++task) {
    const std::vector<PlayedStep>& steps = trials[task].steps;
    ASSERT_EQ(means[task].size(), 2u);
    EXPECT_EQ(means[task][0].get<std::vector<float>>(), steps[4].belief_means);
    EXPECT_EQ(means[task][1].get<std::vector<float>>(), steps[14].belief_means);
    EXPECT_NE(means[task][0], means[task][1]);
    EXPECT_EQ(steps[0].belief_means, trials[0].steps[0].belief_means);  // the prior
    for (std::size_t point = 0; point < 4; ++point)
      for (const float deviation : steps[point == 0 ? 0 : 5 * point - 1].belief_deviations)
        deviations[point] += deviation / (7 * 3.0);
  }
  EXPECT_NE(means[0], means[1]);
  for (std::size_t point = 0; point < 4; ++point)
    EXPECT_NEAR(by_task["belief_deviations"].at(point).get<double>(), deviations[point], 1e-6);
  EXPECT_EQ(by_task["belief_deviations"].size(), 4u);
  ASSERT_EQ(by_task["belief_path"].size(), 15u);
  for (std::size_t step = 0; step < 15; ++step) {
    auto point = by_task["belief_path"][step].get<std::vector<float>>();
    EXPECT_EQ(point[0], 1 + static_cast<int>(step) / 5);
    point.erase(point.begin());
    EXPECT_EQ(point, trials[0].steps[step].belief_means);
  }
}

// A task's is that of its first trial.
TEST_P(BeliefsByTask, OfSeveralTrialsTheFirstIsTold) {
  const Config several = tiny_config(with(GetParam(), {"evaluation.tasks=3", "evaluation.envs_per_task=4"}));
  const Json means = evaluation_of(several).by_task["belief_means"];
  ASSERT_EQ(means.size(), 3u);
  const Config one = tiny_config(with(GetParam(), {"evaluation.tasks=3", "evaluation.envs_per_task=1"}));
  EXPECT_EQ(means, evaluation_of(one).by_task["belief_means"]);
}

// [step][env][mean, log variance][number]
TEST(Beliefs, ADeviationIsTheRootOfItsVariance) {
  const float log4 = std::log(4.0f);
  const TrialLoop::Beliefs beliefs{2, 2, {1, 2, 0, log4, 3, 4, -log4, 0, 5, 6, log4, log4, 7, 8, 0, 0}};
  EXPECT_EQ(beliefs.mean(0, 1, 1), 4);
  EXPECT_EQ(beliefs.mean(1, 0, 0), 5);
  EXPECT_NEAR(beliefs.deviation(0, 0, 1), 2, 1e-6);
  EXPECT_NEAR(beliefs.deviation(0, 1, 0), 0.5, 1e-6);
  EXPECT_EQ(beliefs.deviation(1, 1, 1), 1);
}

TEST(ByTaskOfMany, AgentsWithoutBeliefsTellNone) {
  EXPECT_FALSE(evaluation_of(tiny_config(kRl2)).by_task.contains("belief_means"));
}

// A trial of one episode has no end of a first one before its own.
TEST(ByTaskOfMany, OneEpisodeHasOneBelief) {
  const Json by_task = evaluation_of(tiny_config(with(kVaribad, {"algorithm.trial_length=5"}))).by_task;
  EXPECT_EQ(by_task["belief_means"][0].size(), 1u);
  EXPECT_EQ(by_task["belief_deviations"].size(), 2u);
}

}  // namespace
}  // namespace innerloop
