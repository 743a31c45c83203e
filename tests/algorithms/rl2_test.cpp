// PPO's learner on trials as a whole, of RL² and without a memory: what it hands to its optimiser, and that it learns.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "engine/algorithms/ppo.h"
#include "engine/evaluation/report.h"
#include "engine/evaluation/trial_evaluator.h"
#include "engine/learned/create.h"
#include "engine/learned/trial_policy.h"
#include "tests/support/plain_outer.h"
#include "tests/support/played_trials.h"
#include "tests/support/tiny_run.h"
#include "tests/support/trial_learning.h"

namespace innerloop {
namespace {

using testing::HasSubstr;
using testing::Not;

// One epoch of one minibatch: all trials, at the parameters that drew them.
TEST(Rl2, ClimbsPposObjectiveOnItsTrials) {
  const std::vector<std::vector<std::string>> families = {
      {R"(environment={"name": "grid_navigation"})"},
      {R"(environment={"name": "tabular_mdp"})"},
      {R"(environment={"name": "point_navigation"})"},
      {R"(environment={"name": "tabular_mdp"})", R"(policy={"name": "lstm", "hidden": 5})"},
      {R"(environment={"name": "grid_navigation"})", "algorithm.window=4"},
      {R"(environment={"name": "grid_navigation"})", "policy.layer_norm=true"},
      {R"(environment={"name": "grid_navigation"})", "algorithm.value_network=separate"},
      {R"(environment={"name": "grid_navigation"})", R"(policy={"name": "gru", "hidden": 257})",
       "algorithm.window=4"},
      {R"(environment={"name": "point_navigation"})", R"(policy={"name": "lstm", "hidden": 272})",
       "algorithm.value_network=separate"},
      {R"(environment={"name": "bandit"})", "horizon=1", "algorithm.trial_length=3",
       R"(policy={"name": "gru", "hidden": 272})", "envs_per_task=15"},
      {R"(environment={"name": "grid_navigation"})",
       R"(policy={"name": "transformer", "hidden": 272, "heads": 17, "layers": 1, "feedforward": 32})"},
      {R"(environment={"name": "point_navigation"})", "algorithm.value_network=separate",
       "algorithm.trial_length=10",
       R"(policy={"name": "transformer", "hidden": 288, "heads": 9, "layers": 1, "feedforward": 16, "gated": true})"},
      {R"(environment={"name": "cartpole"})", "horizon=30", R"(algorithm={"name": "ppo"})",
       R"(policy={"name": "mlp", "hidden": [8, 6]})"}};
  for (std::vector<std::string> overrides : families) {
    const std::string environment = overrides[0];
    overrides.insert(overrides.end(), {"tasks_per_iteration=20", "algorithm.epochs=1",
                                       "algorithm.minibatches=1", "algorithm.entropy_weight=0.1"});
    const Config config = trial_config(overrides);
    Learning learning(config);
    learning.iterate();  // the second iteration's policy prefers some actions
    const Vector theta = learning.params();
    learning.iterate();
    TrialProblem p = played_problem(learning.loop(), learning.device(), theta);
    p.entropy_weight = 0.1;
    p.window = ppo_options(config).window;
    Vector mean = kernel_trial_gradient(p).gradient;
    for (double& g : mean) g /= p.rows();
    EXPECT_LT(relative_error(learning.gradient(), mean), 1e-4) << environment;
  }
}

// What an episode is worth beyond its last step (docs/config.md): the trial goes on, whether it ended by itself, as a bandit's
// does with each pull, or at its time limit; and nothing follows the trial. With γ = λ = 1 the value head's targets are the
// trial's returns-to-go, which the first iteration's scale brings to mean 0 in each step and deviation 1 in all.
TEST(Rl2, GoesOnThroughTheEndsOfEpisodesToTheTrials) {
  for (const std::string environment : {"bandit", "grid_navigation"}) {
    Learning learning(trial_config({"environment={\"name\": \"" + environment + "\"}", "algorithm.discount=1",
                                    "algorithm.gae_lambda=1"}));
    learning.iterate();
    const Batch<float>& b = learning.loop().trials().batch;
    const Vector rewards = learning.numbers(b.rewards, b.rows());
    Vector wanted = rewards;
    const auto at = [&](int step, int e) { return static_cast<std::size_t>(step * b.envs + e); };
    double square = 0;
    for (int step = b.horizon; step-- > 0;) {
      double mean = 0;
      for (int e = 0; e < b.envs; ++e) {
        if (step + 1 < b.horizon) wanted[at(step, e)] = rewards[at(step, e)] + wanted[at(step + 1, e)];
        mean += wanted[at(step, e)] / b.envs;
      }
      for (int e = 0; e < b.envs; ++e) square += (wanted[at(step, e)] - mean) * (wanted[at(step, e)] - mean);
    }
    const double deviation = std::sqrt(square / b.rows());
    for (int step = 0; step < b.horizon; ++step) {
      double mean = 0;
      for (int e = 0; e < b.envs; ++e) mean += wanted[at(step, e)] / b.envs;
      for (int e = 0; e < b.envs; ++e) {
        const double target = learning.numbers(learning.loop().trials().targets + at(step, e), 1).front();
        EXPECT_NEAR(target * deviation + mean, wanted[at(step, e)], 1e-4) << environment << step;
      }
    }
  }
}

// One update an iteration, whose gradient is at hand.
TEST(Rl2, TakesTheStepsOfItsOptimiser) {
  const std::vector<std::string> one_update = {R"(environment={"name": "point_navigation"})",
                                               "algorithm.epochs=1", "algorithm.minibatches=1",
                                               "policy.initial_log_std=0.5"};
  for (const std::string outer : {R"({"name": "adamw", "lr": 0.05, "weight_decay": 0.5})",
                                  R"({"name": "sgd", "lr": 0.3, "momentum": 0.7})"}) {
    std::vector<std::string> overrides = one_update;
    overrides.push_back("outer=" + outer);
    const Config config = trial_config(overrides);
    Learning learning(config);
    PlainAdam adamw;
    const Learned learned = create_learned(config);
    for (const LearnedBlock& entry : learned.blocks())
      for (std::int64_t i = 0; i < entry.shape[0] * (entry.shape.size() > 1 ? entry.shape[1] : 1); ++i)
        adamw.decay.push_back(entry.shape.size() > 1 ? 0.5 : 0);
    PlainMomentum momentum{0.7, false};
    for (int i = 0; i < 4; ++i) {
      Vector wanted = learning.params();
      learning.iterate();
      if (std::holds_alternative<AdamWOptions>(config.outer))
        adamw.step(wanted, learning.gradient(), 0.05);
      else
        momentum.step(wanted, learning.gradient(), 0.3);
      EXPECT_LT(relative_error(learning.params(), wanted), 1e-6) << outer << ' ' << i;
    }
  }
}

// What a policy gave when it played, it gives when it learns, to the last bit: each ratio of the first minibatch is 1.
TEST(Rl2, TheFirstMinibatchHasTheRatioOneForEveryMemory) {
  for (const std::string policy :
       {R"({"name": "gru", "hidden": 18})", R"({"name": "lstm", "hidden": 18})",
        R"({"name": "episodic", "hidden": 18})",
        R"({"name": "transformer", "hidden": 32, "heads": 2, "feedforward": 48})",
        R"({"name": "transformer", "hidden": 272, "heads": 17, "layers": 1, "feedforward": 32})",
        R"({"name": "transformer", "hidden": 16, "heads": 1, "feedforward": 16, "gated": true,
                                       "positions": "rotary"})"})
    for (const std::string environment : {"tabular_mdp", "point_navigation"}) {
      Learning learning(
          trial_config({"environment={\"name\": \"" + environment + "\"}", "policy=" + policy,
                        "algorithm.trial_length=40", "algorithm.epochs=1", "algorithm.minibatches=1"}));
      for (int i = 0; i < 2; ++i) EXPECT_EQ(reported(learning.iterate(), "kl"), 0) << policy << environment;
    }
}

TEST(Rl2, MakesNoFurtherUpdateAboveTheTargetDivergence) {
  // Any step goes beyond it, so that the first update is the only one; of a memory for one team, and of a wide one.
  for (const std::string hidden : {"5", "257"}) {
    Learning learning(trial_config({"policy.hidden=" + hidden, "algorithm.target_kl=1e-9", "outer.lr=0.05"}));
    PlainAdam adam;
    for (int i = 0; i < 3; ++i) {
      Vector wanted = learning.params();
      const IterationReport report = learning.iterate();
      EXPECT_EQ(reported(report, "updates"), 1);
      EXPECT_GT(reported(report, "kl"), 1e-9);
      adam.step(wanted, learning.gradient(), 0.05);
      EXPECT_LT(relative_error(learning.params(), wanted), 1e-6) << hidden << " units, " << i;
    }
  }
}

TEST(Rl2, MakesAllUpdatesBelowTheTargetDivergence) {
  Learning all(trial_config()), bounded(trial_config({"algorithm.target_kl=100"}));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(reported(all.iterate(), "updates"), 4);
    EXPECT_EQ(reported(bounded.iterate(), "updates"), 4);
  }
  EXPECT_EQ(all.params(), bounded.params());
}

TEST(Rl2, MakesSomeUpdatesWhereTheTargetIsMet) {
  Learning learning(trial_config({"algorithm.target_kl=0.002", "algorithm.epochs=20", "outer.lr=0.01"}));
  const IterationReport report = learning.iterate();
  EXPECT_GT(reported(report, "updates"), 1);
  EXPECT_LT(reported(report, "updates"), 40);
}

TEST(Rl2, ClippingValuesChangesWhatIsLearned) {
  const std::string rewards_that_differ = R"(environment={"name": "tabular_mdp"})";
  Learning plain(trial_config({rewards_that_differ})),
      clipped(trial_config({rewards_that_differ, "algorithm.value_clip=0.01"}));
  plain.iterate();
  clipped.iterate();
  EXPECT_NE(plain.params(), clipped.params());
}

TEST(Rl2, ReportsAReturnForEachEpisodeOfTheTrial) {
  Learning learning(trial_config());
  const IterationReport report = learning.iterate();
  EXPECT_EQ(report.returns.size(), 4u);
  EXPECT_EQ(report.env_steps, 10 * 20);
  EXPECT_GT(report.gradient_norm, 0);
  double sum = 0;
  for (const double of_episode : report.returns) sum += of_episode;
  for (const auto& [name, value] : report.extra) {
    if (name == "trial_return") {
      EXPECT_NEAR(value, sum, 1e-4);
    }
    if (name == "entropy") {  // of five actions about equally likely
      EXPECT_NEAR(value, std::log(5), 0.05);
    }
  }
}

// A bandit of two arms, one of which the memory has to find: far better than chance within a second.
void expect_to_find_the_better_arm(const std::vector<std::string>& overrides, double wanted = 0.6) {
  std::vector<std::string> all = {R"(environment={"name": "bandit", "arms": 2})",
                                  "horizon=1",
                                  "algorithm.trial_length=10",
                                  "tasks_per_iteration=64",
                                  "envs_per_task=1",
                                  "algorithm.epochs=4",
                                  "iterations=60"};
  all.insert(all.end(), overrides.begin(), overrides.end());
  Learning learning(trial_config(all));
  double first = 0, last = 0;
  for (int i = 0; i < 60; ++i) {
    const IterationReport report = learning.iterate();
    const double episodes = report.returns[7] + report.returns[8] + report.returns[9];
    (i < 20 ? first : last) += i < 20 || i >= 40 ? episodes / 60 : 0;
  }
  EXPECT_GT(last, wanted);
  EXPECT_GT(last, first);
}
TEST(Rl2, LearnsToFindTheBetterArm) { expect_to_find_the_better_arm({"policy.hidden=16"}); }
TEST(Rl2, LearnsToFindTheBetterArmWithAnLstm) {
  expect_to_find_the_better_arm({R"(policy={"name": "lstm", "hidden": 16})"});
}
TEST(Rl2, LearnsToFindTheBetterArmWithATransformer) {
  expect_to_find_the_better_arm(
      {R"(policy={"name": "transformer", "hidden": 32, "heads": 2, "feedforward": 64})", "outer.lr=0.003"});
}
TEST(Rl2, LearnsToFindTheBetterArmInWindows) {
  expect_to_find_the_better_arm({"policy.hidden=16", "algorithm.window=5"});
}

TEST(Rl2, AWindowChangesWhatIsLearned) {
  Learning whole(trial_config()), cut(trial_config({"algorithm.window=5"}));
  whole.iterate();
  cut.iterate();
  EXPECT_NE(whole.params(), cut.params());
}

TEST(Rl2, LearnsToFindTheBetterArmWithNormalisedOutputs) {
  expect_to_find_the_better_arm({"policy.hidden=16", "policy.layer_norm=true"}, 0.57);
}

TEST(Rl2, NormalisedOutputsChangeWhatIsLearned) {
  Learning plain(trial_config()), normalised(trial_config({"policy.layer_norm=true"}));
  plain.iterate();
  normalised.iterate();
  EXPECT_EQ(normalised.params().size(), plain.params().size() + 2 * 6);
  EXPECT_NE(plain.params().front(), normalised.params().front());
}

TEST(Rl2, LearnsToFindTheBetterArmWithASeparateValueNetwork) {
  expect_to_find_the_better_arm({"policy.hidden=16", "algorithm.value_network=separate"});
}

// The policy starts out as with a shared network, and plays the same trials; then it learns something else.
TEST(Rl2, ASeparateValueNetworkChangesWhatIsLearned) {
  const std::string rewards_that_differ = R"(environment={"name": "tabular_mdp"})";
  const Config one = trial_config({rewards_that_differ}),
               config = trial_config({rewards_that_differ, "algorithm.value_network=separate"});
  const std::vector<float> params = create_learned(config).initial(config.seed),
                           plain = create_learned(one).initial(one.seed);
  Learning shared(one), separate(config);
  const int network = memory_parameters(shared.loop().policy());
  const auto second = params.begin() + network, heads = second + network;
  EXPECT_TRUE(std::equal(params.begin(), second, plain.begin()));
  EXPECT_FALSE(std::equal(second, heads, plain.begin()));
  EXPECT_TRUE(std::equal(heads, params.end(), plain.begin() + network));
  EXPECT_EQ(shared.iterate().returns, separate.iterate().returns);
  EXPECT_NE(shared.params().front(), separate.params().front());
}

TEST(Rl2, NormalisationStartsWithGain1AndBias0) {
  const Config config = trial_config({R"(policy={"name": "lstm", "hidden": 3, "layer_norm": true})"});
  const std::vector<float> params = create_learned(config).initial(config.seed);
  std::vector<float> found;
  const Learned learned = create_learned(config);
  for (const LearnedBlock& entry : learned.blocks())
    if (entry.name.starts_with("layer_norm."))
      found.insert(found.end(), params.begin() + entry.offset, params.begin() + entry.offset + 3);
  EXPECT_EQ(found, (std::vector<float>{1, 1, 1, 0, 0, 0}));
}

TEST(Rl2, AnLstmStartsOutRemembering) {
  const Config config = trial_config({R"(policy={"name": "lstm", "hidden": 3})"});
  const std::vector<float> params = create_learned(config).initial(config.seed);
  const Learned learned = create_learned(config);
  for (const LearnedBlock& entry : learned.blocks()) {
    if (entry.name != "lstm.bias") continue;
    const auto at = params.begin() + entry.offset;
    EXPECT_EQ(std::vector<float>(at, at + 12), (std::vector<float>{0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0}));
  }
}

const std::vector<std::string> kCartpoleTrials = {R"(environment={"name": "cartpole"})",
                                                  R"(policy={"name": "gru", "hidden": 16})",
                                                  "tasks_per_iteration=64",
                                                  "horizon=30",
                                                  "algorithm.trial_length=60",
                                                  "algorithm.epochs=4",
                                                  "algorithm.minibatches=4"};

// Every step pays 1 until the pole falls: a trial of 60 steps brings 60, one of two episodes what they last.
TEST(Rl2, TrialsOfEpisodesLearnToStayUpWhereThoseOfStepsHaveNothingToLearn) {
  std::vector<std::string> overrides = kCartpoleTrials;
  Learning steps(trial_config(overrides));
  EXPECT_EQ(reported(steps.iterate(), "trial_return"), 60);
  overrides.push_back("algorithm.trial_episodes=2");
  Learning learning(trial_config(overrides));
  const IterationReport first = learning.iterate();
  const double before = reported(first, "trial_return");
  EXPECT_NEAR(first.returns.at(0) + first.returns.at(1), before, 1e-9);
  EXPECT_NEAR(static_cast<double>(first.env_steps), before * 128, 1e-6);
  double after = 0;
  for (int i = 0; i < 40; ++i) after = reported(learning.iterate(), "trial_return");
  EXPECT_LT(before, 50);
  EXPECT_GT(after, before + 5);
  EXPECT_GT(after, 55);
}

// Where the horizon ends every episode, a trial of as many episodes as its steps have is that of its steps.
TEST(Rl2, ATrialOfAllItsEpisodesIsThatOfItsSteps) {
  const auto learned = [](const std::string& option) {
    Learning learning(trial_config({option}));
    learning.iterate();
    return learning.params();
  };
  const Vector steps = learned("algorithm.trial_episodes=0");
  EXPECT_LT(relative_error(learned("algorithm.trial_episodes=4"), steps), 1e-5);
}

TEST(MemoryLayout, CoversAllParametersOnceAndInOrder) {
  for (const std::string policy :
       {R"({"name": "gru", "hidden": 5})", R"({"name": "lstm", "hidden": 5})",
        R"({"name": "gru", "hidden": 5, "layer_norm": true})", R"({"name": "episodic", "hidden": 5})",
        R"({"name": "transformer", "hidden": 32, "heads": 1, "feedforward": 48, "gated": true})",
        R"({"name": "mlp", "hidden": [7, 5]})"})
    for (const auto& [environment, network] :
         {std::pair<std::string, std::string>{"cartpole", "shared"}, {"point_navigation", "separate"}}) {
      const Config config =
          trial_config({"policy=" + policy, R"(environment={"name": ")" + environment + "\"}",
                        policy.find("mlp") == policy.npos ? "seed=1" : R"(algorithm={"name": "ppo"})",
                        "algorithm.minibatches=1", "algorithm.value_network=" + network});
      std::int64_t next = 0;
      std::set<std::string> names;
      const Learned learned = create_learned(config);
      for (const LearnedBlock& entry : learned.blocks()) {
        EXPECT_EQ(entry.offset, next) << entry.name;
        EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
        std::int64_t count = 1;
        for (const std::int64_t size : entry.shape) count *= size;
        next += count;
      }
      EXPECT_EQ(next, learned.size());
      EXPECT_EQ(next, parameters_of(trial_policy(config)));
      EXPECT_EQ(next, static_cast<std::int64_t>(learned.initial(config.seed).size()));
    }
}

const std::vector<std::string> kCartpolePpo = {R"(environment={"name": "cartpole"})",
                                               "horizon=50",
                                               R"(policy={"name": "mlp", "hidden": [16]})",
                                               R"(algorithm={"name": "ppo", "minibatches": 2})",
                                               "tasks_per_iteration=32",
                                               "envs_per_task=1"};

TEST(PlainPpo, LearnsToBalance) {
  Learning learning(trial_config(kCartpolePpo));
  const double first = learning.iterate().returns.at(0);
  double last =
      0;  // of the last ten: where episodes go on, a few short ones count among those that end in an iteration
  for (int i = 0; i < 60; ++i) {
    const double now = learning.iterate().returns.at(0);
    if (i >= 50) last += now / 10;
  }
  EXPECT_LT(first, 30);
  EXPECT_GT(last, 45);
}

TEST(PlainPpo, TheValueAtTheLimitChangesWhatIsLearned) {
  std::vector<std::string> overrides = kCartpolePpo;
  Learning zero(trial_config(overrides));
  overrides.push_back("at_time_limit=bootstrap");
  Learning bootstrap(trial_config(overrides));
  EXPECT_EQ(zero.iterate().returns, bootstrap.iterate().returns);
  // The value head starts at 0, which it is worth at the limit, too.
  EXPECT_EQ(zero.params().front(), bootstrap.params().front());
  zero.iterate();
  bootstrap.iterate();
  EXPECT_NE(zero.params().front(), bootstrap.params().front());
}

// At the batch's end an episode that began late is in its middle: it is worth what the value head says, and only where the
// time limit ends one the option decides.
TEST(PlainPpo, TheBatchsEndIsNoEndOfAnEpisodeThatBeganLate) {
  for (const std::string option : {"zero", "bootstrap"}) {
    std::vector<std::string> overrides = kCartpolePpo;
    overrides.insert(overrides.end(), {"at_time_limit=" + option, "horizon=16"});
    Learning learning(trial_config(overrides));
    learning.iterate();
    const Trials<float>& t = learning.loop().trials();
    const Vector ends = learning.numbers(t.batch.ends, t.batch.rows()),
                 stops = learning.numbers(t.batch.terminated, t.batch.rows());
    int late = 0, limited = 0;
    for (int e = 0; e < t.batch.envs; ++e) {
      const auto at = [&](int step) { return static_cast<std::size_t>(step * t.batch.envs + e); };
      bool began_late = false;
      for (int step = 0; step + 1 < t.batch.horizon; ++step) began_late = began_late || ends[at(step)] > 0;
      const int last = t.batch.horizon - 1;
      if (began_late && ends[at(last)] == 0) {
        ++late;
        EXPECT_EQ(stops[at(last)], 0) << option;
      } else if (!began_late) {
        ++limited;  // or fell just then
        if (option == "zero") {
          EXPECT_EQ(stops[at(last)], 1);
        }
      }
    }
    EXPECT_GT(late, 3);
    EXPECT_GT(limited, 3);
  }
}

TEST(PlainPpo, ThePlanHasWhatLooksBeyondTheBatchsEndAndThatOfAMemoryHasNot) {
  Device device(kOneThread);
  const auto plan = [&](const Config& config) { return Algorithm::create(config, device)->plan().table(); };
  EXPECT_THAT(plan(trial_config(kCartpolePpo)), HasSubstr("terminated"));
  EXPECT_THAT(plan(trial_config()), Not(HasSubstr("terminated")));
}

TEST(PlainPpo, ReportsTheReturnOfAnEpisodeAndNoneOfATrial) {
  Learning learning(trial_config(kCartpolePpo));
  const IterationReport report = learning.iterate();
  EXPECT_EQ(report.returns.size(), 1u);
  EXPECT_TRUE(std::isnan(reported(report, "trial_return")));
  EXPECT_EQ(report.env_steps, 32 * 50);
}

nlohmann::ordered_json report_of(const Config& config, const std::vector<float>& task = {}) {
  Device device(kOneThread);
  return evaluation_of(config, device, create_learned(config).initial(config.seed), 7, task).report;
}

TEST(TrialEvaluation, HasAPointForEachEpisodeAndTheWholeTrial) {
  const Config config = trial_config({"evaluation={\"tasks\": 30, \"envs_per_task\": 3}"});
  const auto report = report_of(config);
  ASSERT_EQ(report["curve"].size(), 4u);
  double sum = 0;
  for (int episode = 1; episode <= 4; ++episode) {
    const auto& point = report["curve"][static_cast<std::size_t>(episode - 1)];
    EXPECT_EQ(point["episode"], episode);
    EXPECT_FALSE(point.contains("step"));
    EXPECT_EQ(point["mean_episode_length"], 5);
    EXPECT_NEAR(point["mean_reward_per_step"], point["mean_return"].get<double>() / 5, 1e-6);
    EXPECT_GT(point["ci95"], 0);
    sum += point["mean_return"].get<double>();
  }
  EXPECT_EQ(report["trial_return"]["trials"], 90);
  EXPECT_NEAR(report["trial_return"]["mean"], sum, 1e-4);
  EXPECT_FALSE(report.contains("inner_lr"));
  // The same initialisation on the same tasks.
  EXPECT_EQ(report["baselines"][0]["name"], "random");
  EXPECT_EQ(report["baselines"][0]["curve"], report["curve"]);
  EXPECT_EQ(report["baselines"][0]["trial_return"], report["trial_return"]);
  EXPECT_THAT(evaluation_table(report), HasSubstr("episode  rl2"));
}

TEST(TrialEvaluation, OfOneTaskPlaysThatOneAlone) {
  const Config config = trial_config({R"(environment={"name": "bandit", "arms": 3})", "horizon=1",
                                      "algorithm.trial_length=4", "evaluation={\"envs_per_task\": 5}"});
  const auto report = report_of(config, {1, 1, 1});
  EXPECT_EQ(report["tasks"], 1);
  EXPECT_EQ(report["trial_return"]["trials"], 5);
  EXPECT_EQ(report["trial_return"]["mean"], 4);  // every pull pays
  EXPECT_TRUE(report["trial_return"]["ci95"].is_null());
  EXPECT_TRUE(report["curve"][0]["ci95"].is_null());
}

// Trials of one task are no sample of all of them.
TEST(TrialEvaluation, HasIntervalsOverTasks) {
  const auto interval = [](int tasks, int envs_per_task) {
    const auto report = report_of(
        trial_config({R"(environment={"name": "bandit", "arms": 2})", "horizon=1", "algorithm.trial_length=4",
                      "evaluation={\"tasks\": " + std::to_string(tasks) +
                          ", \"envs_per_task\": " + std::to_string(envs_per_task) + "}"}));
    EXPECT_EQ(report["ci95_over"], "tasks");
    EXPECT_THAT(evaluation_table(report), HasSubstr("interval over tasks"));
    return report["trial_return"]["ci95"].get<double>();
  };
  // A task's mean pays 4 × the mean of two arms, which are uniform: its deviation is 4/√24. Of 800 trials it would be 0.08.
  EXPECT_NEAR(interval(40, 20), 2.02 * 4 / std::sqrt(24 * 40), 0.07);
  EXPECT_NEAR(interval(40, 200), interval(40, 20), 0.07);
}

TEST(TrialEvaluation, CanBeDeterministic) {
  const auto mean = [](bool deterministic) {
    return report_of(
        trial_config({std::string("evaluation={\"tasks\": 9, \"envs_per_task\": 4, \"deterministic\": ") +
                      (deterministic ? "true}" : "false}")}))["trial_return"]["mean"];
  };
  EXPECT_NE(mean(true), mean(false));
}

// One episode of each trial, and no gradient step.
TEST(TrialEvaluation, WithoutAMemoryIsTheReturnOfAnEpisode) {
  std::vector<std::string> overrides = kCartpolePpo;
  overrides.push_back(R"(evaluation={"tasks": 20, "envs_per_task": 3})");
  const Config config = trial_config(overrides);
  const auto report = report_of(config);
  EXPECT_EQ(report["algorithm"], "ppo");
  ASSERT_EQ(report["curve"].size(), 1u);
  const auto& point = report["curve"][0];
  EXPECT_EQ(point["step"], 0);
  EXPECT_FALSE(point.contains("episode"));
  EXPECT_FALSE(report.contains("trial_return"));
  EXPECT_FALSE(report.contains("inner_lr"));
  // 1 is paid for each step until the pole falls.
  EXPECT_NEAR(point["mean_return"], point["mean_episode_length"].get<double>(), 1e-5);
  EXPECT_LT(point["mean_return"], 50);
  EXPECT_GT(point["ci95"], 0);
  EXPECT_EQ(report["baselines"][0]["curve"], report["curve"]);
  EXPECT_THAT(evaluation_table(report), HasSubstr("step   ppo"));
}

}  // namespace
}  // namespace innerloop
