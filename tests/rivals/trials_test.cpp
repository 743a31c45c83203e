// Hand-written learners in trials: the same ones as an agent's, and returns that are known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "engine/evaluation/played_trial.h"
#include "engine/evaluation/report.h"
#include "engine/learned/create.h"
#include "engine/rivals/bandit_rules.h"
#include "engine/rivals/report.h"
#include "engine/rivals/trials.h"
#include "engine/statistics/estimates.h"
#include "tests/support/played_trials.h"
#include "tests/support/tiny_run.h"

namespace innerloop {
namespace {

using testing::HasSubstr;

// Pulls of arms, an episode each.
Config bandit_trials(int arms, int pulls, int trials, const std::string& reward = "bernoulli") {
  return trial_config({R"(environment={"name": "bandit", "arms": )" + std::to_string(arms) +
                           R"(, "reward": ")" + reward + "\"}",
                       "horizon=1", "algorithm.trial_length=" + std::to_string(pulls),
                       "evaluation={\"tasks\": " + std::to_string(trials) + ", \"envs_per_task\": 1}"});
}

TrialLoop::Returns play(const std::string& name, const Config& config, int threads = 2,
                        const std::vector<float>& task = {}) {
  return play_rival(prepare_rivals(config, {name})[0].learner, config, threads, task);
}

// Five standard errors about what is exact.
void expect_mean(const std::vector<float>& sample, double exact, const std::string& of) {
  const Estimate found = mean_of(sample);
  EXPECT_NEAR(found.mean, exact, 5 * found.ci95 / 1.96) << of;
}

// Does what it is told.
class Repeating : public TrialLearner {
 public:
  explicit Repeating(const std::vector<PlayedStep>& steps) : steps_(steps) {}
  int act(const Situation&, Draws&) override { return static_cast<int>(steps_[next_++].did[0]); }
  void control(const Situation&, Draws&, std::span<float> action) override {
    std::ranges::copy(steps_[next_++].did, action.begin());
  }

 private:
  const std::vector<PlayedStep>& steps_;
  std::size_t next_ = 0;
};

// Who repeats an agent's actions meets the agent's task, and gets its rewards to the last bit.
TEST(RivalTrials, AreTheAgents) {
  for (const char* environment :
       {R"({"name": "grid_navigation"})", R"({"name": "tabular_mdp", "states": 4, "actions": 3})",
        R"({"name": "bandit"})", R"({"name": "bandit", "arms": 3, "reward": "gaussian"})",
        R"({"name": "t_maze", "corridor": 3})", R"({"name": "key_door", "size": 2, "attempt_steps": 3})",
        R"({"name": "dark_room"})", R"({"name": "barcode_bandit"})", R"({"name": "episodic_two_step"})",
        R"({"name": "contextual_choice", "guesses": 4, "noise_steps": 2})",
        R"({"name": "cstr", "clock": "trial", "catalyst_decay": [0.01, 0.1]})", R"({"name": "four_tank"})",
        R"({"name": "dc_drive"})", R"({"name": "distillation"})",
        R"({"name": "tool_calls", "change_until": 3})", R"({"name": "alchemy"})",
        R"({"name": "maze_navigation"})", R"({"name": "xland"})"}) {
    const Config config = trial_config(
        {std::string("environment=") + environment, "evaluation={\"tasks\": 1, \"envs_per_task\": 1}"});
    Device device(kOneThread);
    const PlayedTrial agents = play_trial(config, device, create_learned(config).initial(config.seed));
    std::vector<float> task;
    const TrialLoop::Returns found = play_rival(
        [&](const std::vector<float>& known) {
          task = known;
          return std::make_unique<Repeating>(agents.steps);
        },
        config, 1);
    EXPECT_EQ(task, agents.task) << environment;
    double all = 0, sum = 0;
    std::vector<double> sums;
    for (const PlayedStep& step : agents.steps) {
      all += step.got;
      sum += step.got;
      if (!step.ended) continue;
      sums.push_back(sum);
      sum = 0;
    }
    EXPECT_EQ(found.of_trial[0], static_cast<float>(all)) << environment;
    ASSERT_EQ(found.of_episode.size(), 4u);
    for (std::size_t episode = 0; episode < 4; ++episode)
      EXPECT_EQ(found.of_episode[episode][0], static_cast<float>(sums[episode])) << environment;
  }
}

TEST(RivalTrials, DoNotDependOnTheThreads) {
  const Config bandit = bandit_trials(4, 12, 2000);  // enough for each thread to get some
  EXPECT_EQ(play("thompson", bandit, 1).of_trial, play("thompson", bandit, 3).of_trial);
  const Config mdp = trial_config({R"(environment={"name": "tabular_mdp", "states": 3, "actions": 2})",
                                   "evaluation={\"tasks\": 500, \"envs_per_task\": 2}"});
  EXPECT_EQ(play("psrl", mdp, 1).of_trial, play("psrl", mdp, 3).of_trial);
}

TEST(RivalTrials, DifferBetweenTasksAndEnvironments) {
  const auto returns = [](int tasks, int envs) {
    return play("thompson",
                trial_config({R"(environment={"name": "bandit", "reward": "bernoulli"})", "horizon=1",
                              "evaluation={\"tasks\": " + std::to_string(tasks) +
                                  ", \"envs_per_task\": " + std::to_string(envs) + "}"}),
                1)
        .of_trial;
  };
  for (const std::vector<float>& of : {returns(20, 1), returns(1, 20)})
    EXPECT_GT(mean_of(of).ci95, 0.3);  // as of 20 different ones, and not of one
}

// k arms uniform in [0, 1]: the best one's mean is k/(k + 1).
TEST(RivalReturns, OfRandomPullsAndTheBestArmAreKnown) {
  for (const char* reward : {"bernoulli", "gaussian"}) {
    const Config config = bandit_trials(5, 10, 4000, reward);
    expect_mean(play("random", config).of_trial, 5, reward);
    expect_mean(play("oracle", config).of_trial, 10 * 5.0 / 6, reward);
  }
}

// As the intervals promise: of eight times 120 tasks, with 40 trials each, about all hold what is exact.
TEST(RivalReturns, AreWithinTheirIntervals) {
  int held = 0;
  for (int seed = 1; seed <= 8; ++seed) {
    const Config config = trial_config(
        {R"(environment={"name": "bandit", "arms": 5})", "horizon=1", "algorithm.trial_length=10",
         "evaluation={\"tasks\": 120, \"envs_per_task\": 40, \"seed\": " + std::to_string(seed) + "}"});
    const auto found = rivals_report(config, prepare_rivals(config, {"random"}), 2)["trial_return"];
    held += std::abs(found["mean"].get<double>() - 5) < found["ci95"].get<double>() ? 1 : 0;
  }
  EXPECT_GE(held, 6) << held;
}

// One arm in four pays.
TEST(RivalReturns, OfRandomPullsAreThoseOfEachArmAsOften) {
  const Config config = trial_config({R"(environment={"name": "bandit", "arms": 4})", "horizon=1",
                                      "evaluation={\"tasks\": 1, \"envs_per_task\": 2000}"});
  for (const std::vector<float>& task : {std::vector<float>{1, 0, 0, 0}, {0, 0, 0, 1}})
    expect_mean(play("random", config, 2, task).of_trial, 5, "random");
}

// Two arms, two pulls. The better rules stay after a success and change after a failure: 1/2 + 1/2·2/3 + 1/2·1/2.
// Thompson's stays with an arm with probability 22/35 after a success, 13/35 after a failure.
TEST(RivalReturns, OfTwoPullsAreWorkedOut) {
  const Config config = bandit_trials(2, 2, 20000);
  for (const char* name : {"greedy", "ucb1", "gittins"})
    expect_mean(play(name, config).of_trial, 13.0 / 12, name);
  const double p = 22.0 / 35;
  expect_mean(play("thompson", config).of_trial,
              0.5 + 0.5 * (p * 2 / 3 + (1 - p) / 2) + 0.5 * (p / 2 + (1 - p) / 3), "thompson");
  // ε/2 of the pulls go to the other arm.
  const double other = kEpsilon / 2;
  expect_mean(play("epsilon_greedy", config).of_trial,
              0.5 + (1 - other) * (7.0 / 12) + other * (0.5 * 0.5 + 0.5 / 3), "epsilon_greedy");
}

TEST(RivalReturns, OfProcessesBeforeAnythingIsLearnedAreTheMeanRewards) {
  const Config config = trial_config({R"(environment={"name": "tabular_mdp", "states": 5, "actions": 3})",
                                      "evaluation={\"tasks\": 1500, \"envs_per_task\": 1}"});
  expect_mean(play("random", config).of_trial, 20, "random");
  double before = 0;
  for (const char* name : {"psrl", "opsrl", "oracle"}) {
    const TrialLoop::Returns returns = play(name, config);
    const Estimate last = mean_of(returns.of_episode[3]);
    EXPECT_GT(last.mean - last.ci95, before) << name;
    before = last.mean;
    if (std::string(name) == "oracle") continue;
    expect_mean(returns.of_episode[0], 5, name);
    EXPECT_GT(last.mean, 6) << name;
  }
}

// What a known process brings is what it promises.
TEST(RivalReturns, OfTheOracleAreTheValueOfTheProcess) {
  const Config config =
      trial_config({R"(environment={"name": "tabular_mdp", "states": 2, "actions": 2})", "horizon=2",
                    "algorithm.trial_length=2", "evaluation={\"tasks\": 1, \"envs_per_task\": 4000}"});
  // State 0: stay for 1, or go for 0 with probability 3/4; state 1: stay for 3. The best is 0.25·1 + 0.75·3.
  const std::vector<float> task = {1, 0, 0.25, 0.75, 0, 1, 0.75, 0.25, 1, 0, 3, 0};
  expect_mean(play("oracle", config, 2, task).of_trial, 2.5, "oracle");
}

// d steps to the goal: −0.1 for all but the last of them, then 1 for each.
TEST(RivalReturns, OfTheGridsOracleAreTheShortestWays) {
  const Config config = trial_config(
      {"horizon=15", "algorithm.trial_length=30", "evaluation={\"tasks\": 1, \"envs_per_task\": 1}"});
  double mean = 0;
  for (int x = 0; x < 5; ++x)
    for (int y = 0; y < 5; ++y) {
      if (x < 2 && y < 2) continue;
      const auto returns =
          play("oracle", config, 1, {static_cast<float>(x), static_cast<float>(y)}).of_episode;
      const int steps = x + y;
      for (const auto& of_episode : returns)
        EXPECT_NEAR(of_episode[0], -0.1 * (steps - 1) + 15 - steps + 1, 1e-5) << x << ", " << y;
      mean += returns[0][0] / 21.0;
    }
  EXPECT_NEAR(mean, 11.07, 0.005);
}

TEST(RivalsReport, HasTheLayoutOfAnAgents) {
  const Config config = bandit_trials(3, 6, 50);
  const auto learners = prepare_rivals(config, {"thompson", "random"});
  const auto report = rivals_report(config, learners, 1);
  Device device(kOneThread);
  auto agents = evaluation_of(config, device, create_learned(config).initial(config.seed), 7).report;
  for (const auto& [key, value] : agents.items()) EXPECT_TRUE(report.contains(key)) << key;
  EXPECT_EQ(report["algorithm"], "thompson");
  EXPECT_EQ(report["curve"].size(), 6u);
  for (const auto& [key, value] : agents["curve"][0].items())
    EXPECT_TRUE(report["curve"][0].contains(key)) << key;
  EXPECT_EQ(report["trial_return"]["trials"], 50);
  EXPECT_EQ(report["baselines"][0]["name"], "random_actions");

  add_rivals(agents, config, learners, 1);
  ASSERT_EQ(agents["baselines"].size(), 3u);
  EXPECT_EQ(agents["baselines"][0]["name"], "random");
  EXPECT_EQ(agents["baselines"][1]["name"], "thompson");
  EXPECT_EQ(agents["baselines"][1]["trial_return"], report["trial_return"]);
  EXPECT_THAT(evaluation_table(agents),
              HasSubstr("episode  rl2                 random initialisation   thompson            "
                        "random_actions\n"));
}

TEST(RivalsReport, OfOneTaskPlaysThatOneAlone) {
  const Config config =
      trial_config({R"(environment={"name": "bandit", "arms": 3})", "horizon=1", "algorithm.trial_length=4",
                    "evaluation={\"tasks\": 2, \"envs_per_task\": 30}"});
  const auto report = rivals_report(config, prepare_rivals(config, {"greedy"}), 1, {1, 1, 1});
  EXPECT_EQ(report["trial_return"]["mean"], 4);
  EXPECT_EQ(report["task"]["arm_2"], 1);
  EXPECT_EQ(report["tasks"], 1);
  EXPECT_EQ(report["trial_return"]["trials"], 30);
}

std::string refusal_of(const Config& config, const std::string& name) {
  try {
    prepare_rivals(config, {name});
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(RivalNames, ThatDoNotFitAreRefused) {
  EXPECT_EQ(refusal_of(bandit_trials(3, 4, 5), "tompson"),
            "--baseline: wanted one of environment \"bandit\": random, oracle, thompson, ucb1, "
            "epsilon_greedy, greedy, gittins (nearest: \"thompson\"), found \"tompson\"");
  EXPECT_EQ(refusal_of(trial_config(), "thompson"),
            "--baseline: wanted one of environment \"grid_navigation\": random, oracle, bayes, "
            "posterior_sampling, found \"thompson\"");
  EXPECT_EQ(
      refusal_of(trial_config({R"(environment={"name": "cartpole"})"}), "random"),
      "--baseline: wanted environment \"grid_navigation\", \"bandit\", \"tabular_mdp\", \"t_maze\", "
      "\"key_door\", \"dark_room\", \"barcode_bandit\", \"episodic_two_step\", \"contextual_choice\", "
      "\"cstr\", \"four_tank\", \"dc_drive\", \"distillation\", \"tool_calls\", \"alchemy\", "
      "\"maze_navigation\" or \"xland\", which have hand-written learners, found environment \"cartpole\"");
  for (const char* name : {"thompson", "gittins"})
    EXPECT_EQ(refusal_of(bandit_trials(3, 4, 5, "gaussian"), name),
              std::string("/environment/reward: wanted \"bernoulli\" with --baseline ") + name +
                  ", which counts successes, found \"gaussian\"");
  EXPECT_THAT(refusal_of(bandit_trials(3, 3000, 5), "gittins"),
              HasSubstr("/algorithm/trial_length: wanted at most 2000 with --baseline gittins"));
  EXPECT_EQ(refusal_of(tiny_config({R"(environment={"name": "bandit"})"}), "random"),
            "--baseline: wanted algorithm \"rl2\", whose trials the hand-written learners play, found "
            "\"maml\"");
}

}  // namespace
}  // namespace innerloop
