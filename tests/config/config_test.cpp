#include "engine/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "engine/config/rules.h"
#include "engine/error.h"
#include "tests/support/paths.h"

namespace innerloop {
namespace {

using ::testing::HasSubstr;
using Overrides = std::vector<std::string>;

Config parse(std::string_view text, const Overrides& overrides = {}) {
  return parse_config(text, "x.json", overrides);
}

std::string error_of(std::string_view text, const Overrides& overrides = {}) {
  try {
    parse(text, overrides);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

std::string read_error_of(const std::filesystem::path& path) {
  try {
    read_config(path);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

constexpr const char* kWhole = R"({
  "seed": 5, "iterations": 7, "tasks_per_iteration": 11, "envs_per_task": 13, "horizon": 17,
  "at_episode_end": "restart",
  "environment": {"name": "point_navigation", "layout": "corner", "action_scale": 1},
  "policy": {"name": "mlp", "hidden": [100, 3], "activation": "relu", "initial_log_std": -1},
  "algorithm": {"name": "emaml", "inner_steps": 2, "inner_lr": [0.5, 0.25], "estimator": "dice", "discount": 1,
                "gae_lambda": 0.5, "baseline": "none", "normalize_advantages": false, "exploration_weight": 0.5},
  "outer": {"name": "trpo", "max_kl": 0.02, "max_backtracks": 3},
  "evaluation": {"every": 2, "tasks": 19, "inner_steps": 4, "inner_lr": 0.125, "deterministic": true, "seed": 3},
  "checkpoint": {"every": 4, "keep": 1}})";

constexpr const char* kTrials = R"({
  "tasks_per_iteration": 12, "envs_per_task": 2, "horizon": 5, "at_episode_end": "restart",
  "policy": {"name": "gru"}, "algorithm": {"name": "rl2", "trial_length": 20}})";

constexpr const char* kBelief = R"({
  "horizon": 10, "at_episode_end": "restart", "environment": {"name": "grid_navigation"},
  "policy": {"name": "belief"}, "algorithm": {"name": "varibad", "trial_length": 50}})";
const char* const kPrompt = R"({"at_episode_end": "restart", "policy": {"name": "transformer", "tokens": 2},
  "algorithm": {"name": "prompt_tuning"}})";

// What is wrong with kTrials so overridden, from the JSON pointer on.
std::string fault_of(const std::string& override_text) {
  const std::string error = error_of(kTrials, {override_text}), start = "--set " + override_text + ": ";
  return error.starts_with(start) ? error.substr(start.size()) : error;
}

TEST(Config, ReadsEveryGroup) {
  Config c = parse(kWhole);
  EXPECT_EQ(c.seed, 5u);
  EXPECT_EQ(c.iterations, 7);
  EXPECT_EQ(c.tasks_per_iteration, 11);
  EXPECT_EQ(c.envs_per_task, 13);
  EXPECT_EQ(c.horizon, 17);
  EXPECT_EQ(c.at_episode_end, AtEpisodeEnd::restart);
  EXPECT_EQ(environment_name(c), "point_navigation");
  EXPECT_EQ(std::get<MlpOptions>(c.policy).hidden, (std::vector{100, 3}));
  EXPECT_EQ(std::get<MlpOptions>(c.policy).activation, Activation::relu);
  EXPECT_EQ(algorithm_name(c), "emaml");
  EXPECT_EQ(std::get<EmamlOptions>(c.algorithm).exploration_weight, 0.5);
  EXPECT_EQ(inner_loop(c).estimator, EstimatorName::dice);
  EXPECT_EQ(inner_loop(c).baseline, BaselineName::none);
  EXPECT_FALSE(inner_loop(c).normalize_advantages);
  EXPECT_EQ(std::get<TrpoOptions>(c.outer).max_kl, 0.02);
  EXPECT_EQ(std::get<TrpoOptions>(c.outer).cg_iterations, 10);
  EXPECT_TRUE(c.evaluation.deterministic);
  EXPECT_EQ(c.checkpoint.keep, 1);
}

TEST(Config, WhatIsShownReadsBackEqual) {
  Config c = parse(kWhole);
  EXPECT_NE(c, Config{});
  EXPECT_EQ(parse(to_json(c).dump()), c);
}

TEST(Config, ASchemaForEditorsIsNoOption) {
  EXPECT_EQ(parse(R"({"$schema": "../docs/config.schema.json", "seed": 7})"), parse(R"({"seed": 7})"));
  EXPECT_EQ(error_of(R"({"$schema": 7})"),
            "x.json: /$schema: wanted a string, the place of a JSON Schema, found 7 (number)");
  EXPECT_THAT(error_of(R"({"policy": {"$schema": "x"}})"), HasSubstr("x.json: /policy/$schema: wanted "));
  EXPECT_EQ(json_schema()["properties"]["$schema"]["type"], "string");
}

TEST(Config, WhatIsShownNamesItsSchemaAndReadsBackEqual) {
  const Config c = parse(kWhole);
  const auto shown = shown_json(c);
  EXPECT_EQ(shown.begin().key(), "$schema");
  EXPECT_EQ(shown["$schema"], "../docs/config.schema.json");
  EXPECT_TRUE(std::filesystem::exists(source_folder() / "configs" / shown["$schema"]));
  EXPECT_EQ(parse(shown.dump()), c);
}

// The start of prompts, and what compares a task's trials.
TEST(Config, RefusesPromptTuningWithoutTokensOrTrialsToCompare) {
  const auto fault = [](const Overrides& overrides) {
    return error_of(kPrompt, overrides).substr(("--set " + overrides.back() + ": ").size());
  };
  EXPECT_EQ(
      fault({"policy.tokens=0"}),
      "/policy/tokens: wanted at least 1 with algorithm \"prompt_tuning\", whose inner steps adapt them, "
      "found 0");
  EXPECT_EQ(
      fault({"policy.hidden=320"}),
      "/policy/hidden: wanted at most 256 with algorithm \"prompt_tuning\", whose trials' gradients each "
      "team takes by itself, found 320");
  const std::string comparing =
      "wanted at least 2 with algorithm \"prompt_tuning\", whose advantages compare a task's trials, found 1";
  EXPECT_EQ(fault({"envs_per_task=1"}), "/envs_per_task: " + comparing);
  EXPECT_EQ(fault({"evaluation.envs_per_task=1"}), "/evaluation/envs_per_task: " + comparing);
  EXPECT_EQ(fault({R"(policy={"name":"gru"})"}),
            "/policy/name: wanted \"transformer\" with algorithm \"prompt_tuning\", which learns a task by "
            "gradient steps of a transformer's tokens, found \"gru\"");
  EXPECT_EQ(fault({"algorithm.inner_steps=3", "algorithm.inner_lr=[1, 0.5]"}),
            "/algorithm/inner_lr: wanted one number, or one for each of the 3 inner steps, found 2 numbers");
  const Config c = parse(kPrompt, {"algorithm.inner_steps=2", "evaluation.inner_steps=3"});
  EXPECT_EQ(inner_lr_of_steps(c), (std::vector{1.0, 1.0}));
  EXPECT_EQ(evaluation_lr_of_steps(c), (std::vector{1.0, 1.0, 1.0}));
}

TEST(Config, EveryChoiceOfNamesReadsBackEqual) {
  for (const Listing& list : listings()) {
    ASSERT_FALSE(list.entries.empty());
    for (const auto& [name, meaning] : list.entries) {
      EXPECT_FALSE(meaning.empty()) << name;
      std::string key = list.title == "environments" ? "environment.name"
                        : list.title == "policies"   ? "policy.name"
                        : list.title == "algorithms" ? "algorithm.name"
                        : list.title == "optimisers" ? "outer.name"
                                                     : "algorithm.estimator";
      // Neither does without the other.
      const bool memory =
          name == "gru" || name == "lstm" || name == "episodic" || name == "transformer" || name == "rl2";
      const bool belief = name == "belief" || name == "varibad", prompt = name == "prompt_tuning";
      Config c = parse(memory          ? kTrials
                       : belief        ? kBelief
                       : prompt        ? kPrompt
                       : name == "ppo" ? R"({"at_episode_end": "restart"})"
                       : name == "sac" || name == "pearl"
                           ? R"({"at_episode_end": "restart", "policy": {"squash": 1}})"
                           : "{}",
                       {key + "=" + name});
      EXPECT_EQ(parse(to_json(c).dump()), c) << key << "=" << name;
      EXPECT_THAT(to_json(c).dump(), HasSubstr('"' + name + '"'));
    }
  }
}

TEST(Config, ShowsEveryGroupOfTheSkeleton) {
  auto json = to_json(Config{});
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_THAT(keys,
              ::testing::ElementsAre("seed", "iterations", "tasks_per_iteration", "envs_per_task", "horizon",
                                     "precision", "at_episode_end", "at_time_limit", "environment", "tasks",
                                     "policy", "algorithm", "outer", "evaluation", "checkpoint"));
}

TEST(Config, PrompUsesTheRatioUnlessTold) {
  EXPECT_EQ(inner_loop(parse(R"({"algorithm": {"name": "promp"}})")).estimator, EstimatorName::ratio);
  EXPECT_EQ(inner_loop(parse(R"({"algorithm": {"name": "maml"}})")).estimator, EstimatorName::reinforce);
}

TEST(Config, StepSizesAreRepeatedForTheStepsThatHaveNone) {
  Config c = parse(R"({"algorithm": {"inner_steps": 2, "inner_lr": [0.5, 0.25]}})");
  EXPECT_EQ(inner_lr_of_steps(c), (std::vector{0.5, 0.25}));
  EXPECT_EQ(evaluation_lr_of_steps(c), (std::vector{0.5, 0.25, 0.25}));
  c.evaluation.inner_lr = {0.125};
  EXPECT_EQ(evaluation_lr_of_steps(c), (std::vector{0.125, 0.125, 0.125}));
  EXPECT_EQ(inner_lr_of_steps(parse(R"({"algorithm": {"inner_steps": 3, "inner_lr": 0.1}})")),
            (std::vector{0.1, 0.1, 0.1}));
}

TEST(Config, RefusesAnUnknownKey) {
  EXPECT_EQ(
      error_of(R"({"algorithm": {"inner_stepz": 3}})"),
      "x.json: /algorithm/inner_stepz: wanted an option of algorithm \"maml\" (nearest: \"inner_steps\"), "
      "found \"inner_stepz\"");
}

TEST(Config, RefusesAWrongType) {
  EXPECT_EQ(error_of(R"({"algorithm": {"inner_lr": "0.1"}})"),
            "x.json: /algorithm/inner_lr: wanted a number above 0, or a list of 1 to 255 numbers, "
            "found \"0.1\" (string)");
}

TEST(Config, RefusesAnUnknownEnvironment) {
  EXPECT_THAT(
      error_of(R"({"environment": {"name": "point_navigaton"}})"),
      ::testing::AllOf(HasSubstr("x.json: /environment/name: wanted one of "),
                       HasSubstr("(nearest: \"point_navigation\"), found \"point_navigaton\" (string)")));
}

TEST(Config, RefusesAnUnknownAlgorithm) {
  EXPECT_EQ(error_of(R"({"algorithm": {"name": "reptil"}})"),
            "x.json: /algorithm/name: wanted one of \"maml\", \"meta_sgd\", \"alfa\", \"cavia\", \"fomaml\", "
            "\"pretraining\", \"reptile\", "
            "\"emaml\", \"promp\", \"rl2\", \"varibad\", \"prompt_tuning\", \"ppo\", \"sac\", \"pearl\" "
            "(nearest: \"reptile\"), found \"reptil\" (string)");
}

TEST(Config, RefusesSizesOutOfRange) {
  EXPECT_EQ(error_of(R"({"horizon": 0})"),
            "x.json: /horizon: wanted an integer from 1 to 1048576, found 0 (number)");
  EXPECT_EQ(error_of(R"({"iterations": 99999999999999999999})"),
            "x.json: /iterations: wanted an integer from 1 to 1000000000, found 1e+20 (number)");
  EXPECT_EQ(error_of(R"({"policy": {"hidden": [64, 257]}})"),
            "x.json: /policy/hidden/1: wanted an integer from 1 to 256, found 257 (number)");
}

TEST(Config, RefusesAnotherNumberOfStepSizesThanSteps) {
  EXPECT_EQ(error_of(R"({"algorithm": {"inner_steps": 3, "inner_lr": [0.1, 0.2]}})"),
            "x.json: /algorithm/inner_lr: wanted one number, or one for each of the 3 inner steps, found 2 "
            "numbers");
  EXPECT_EQ(error_of(R"({"evaluation": {"inner_steps": 1, "inner_lr": [0.1, 0.2]}})"),
            "x.json: /evaluation/inner_lr: wanted one number, or one for each of the 1 inner steps, found 2 "
            "numbers");
}

TEST(Config, MetaSgdLearnsAStepSizeOfEachParameterUnlessTold) {
  EXPECT_EQ(inner_loop(parse(R"({"algorithm": {"name": "meta_sgd"}})")).learned_lr, LearnedLr::parameter);
  EXPECT_EQ(inner_loop(parse(R"({"algorithm": {"name": "maml"}})")).learned_lr, LearnedLr::none);
  EXPECT_THAT(error_of(R"({"algorithm": {"name": "meta_sgd", "learned_lr": "none"}})"),
              HasSubstr("/algorithm/learned_lr: wanted a value that fits the other options (without learned "
                        "step sizes it is algorithm maml), found \"none\""));
}

TEST(Config, RefusesLearnedStepSizesWhereTheyMakeNoSense) {
  EXPECT_EQ(
      error_of(R"({"algorithm": {"name": "reptile", "learned_lr": "layer"}})"),
      "x.json: /algorithm/learned_lr: wanted a value that fits the other options (reptile takes no gradient "
      "through its inner steps), found \"layer\" (string)");
  EXPECT_EQ(error_of(R"({"algorithm": {"name": "meta_sgd", "inner_steps": 2, "inner_lr": [0.1, 0.2]}})"),
            "x.json: /algorithm/inner_lr: wanted one number to start from, as learned_lr_per_step is false, "
            "found 2 numbers");
  EXPECT_EQ(error_of(R"({"algorithm": {"name": "meta_sgd", "inner_steps": 2, "inner_lr": [0.1, 0.2],
                         "learned_lr_per_step": true}})"),
            "no error");
  EXPECT_EQ(error_of(R"({"algorithm": {"name": "meta_sgd"}, "evaluation": {"inner_lr": 0.1}})"),
            "x.json: /evaluation/inner_lr: wanted none, as the step sizes are learned, found 1 number");
  for (std::string outer : {"adam", "sgd", "trpo"})
    for (std::string algorithm : {"maml", "meta_sgd", "fomaml", "emaml"})
      EXPECT_EQ(error_of(R"({"algorithm": {"learned_lr": "layer"}})",
                         {"algorithm.name=" + algorithm, "outer.name=" + outer}),
                "no error");
}

TEST(Config, AlfaMultipliesLearnedStepSizesOfLayersUnlessTold) {
  const Config config = parse(R"({"algorithm": {"name": "alfa"}})");
  EXPECT_TRUE(inner_loop(config).multipliers);
  EXPECT_EQ(inner_loop(config).learned_lr, LearnedLr::layer);
  EXPECT_FALSE(inner_loop(parse(R"({"algorithm": {"name": "meta_sgd"}})")).multipliers);
  for (std::string learned : {"none", "scalar", "layer", "parameter"})
    for (std::string algorithm : {"maml", "alfa", "fomaml", "emaml", "promp"})
      EXPECT_EQ(error_of("{}", {"algorithm.name=" + algorithm, "algorithm.learned_lr=" + learned,
                                "algorithm.multipliers=true"}),
                "no error");
}

TEST(Config, RefusesMultipliersWhereTheyMakeNoSense) {
  const auto error = [](const std::string& algorithm) {
    return error_of("{\"algorithm\": " + algorithm + "}");
  };
  EXPECT_THAT(
      error(R"({"name": "alfa", "multipliers": false})"),
      HasSubstr("/algorithm/multipliers: wanted a value that fits the other options (without them it is "
                "algorithm maml or meta_sgd), found false"));
  EXPECT_THAT(
      error(R"({"name": "reptile", "multipliers": true})"),
      HasSubstr("/algorithm/multipliers: wanted a value that fits the other options (reptile takes no "
                "gradient through its inner steps), found true"));
  EXPECT_THAT(
      error(R"({"name": "cavia", "multipliers": true})"),
      HasSubstr("/algorithm/multipliers: wanted a value that fits the other options (cavia's inner steps "
                "adapt the context and no layer), found true"));
  EXPECT_THAT(error(R"({"name": "pretraining", "multipliers": true})"),
              HasSubstr("/algorithm/multipliers: wanted an option of algorithm \"pretraining\""));
  EXPECT_EQ(error(R"({"name": "alfa", "adapted_layers": [0]})"),
            "x.json: /algorithm/adapted_layers: wanted none with multipliers, which change the parameters of "
            "every layer, found 1 number");
}

TEST(Config, PretrainingHasTheInnerStepsOfItsEvaluationAlone) {
  EXPECT_THAT(error_of(R"({"algorithm": {"name": "pretraining", "inner_steps": 1}})"),
              HasSubstr("/algorithm/inner_steps: wanted an option of algorithm \"pretraining\""));
  EXPECT_THAT(error_of(R"({"algorithm": {"name": "pretraining", "learned_lr": "layer"}})"),
              HasSubstr("/algorithm/learned_lr: wanted an option of algorithm \"pretraining\""));
  const std::string three = R"({"algorithm": {"name": "pretraining", "inner_lr": [0.3, 0.2, 0.1]}})";
  EXPECT_EQ(error_of(three), "no error");
  EXPECT_EQ(error_of(three, {"evaluation.inner_steps=2"}),
            "x.json: /algorithm/inner_lr: wanted one number, or one for each of the 2 inner steps, found 3 "
            "numbers");
  EXPECT_EQ(inner_loop(parse(three)).inner_steps, 0);
}

TEST(Config, RefusesLayersThatThePolicyDoesNotHave) {
  const auto error = [](const std::string& layers) {
    return error_of("{}", {"policy.hidden=[8, 8]", "algorithm.adapted_layers=" + layers});
  };
  EXPECT_EQ(error("[0, 2]"), "no error");
  EXPECT_EQ(
      error("[0, 3]"),
      "--set algorithm.adapted_layers=[0, 3]: /algorithm/adapted_layers/1: wanted a layer of the policy, "
      "from 0 to the head, 2, found 3");
  EXPECT_THAT(error("[2, 0]"),
              HasSubstr("/algorithm/adapted_layers/1: wanted each layer once, in rising order"));
  EXPECT_THAT(error("[1, 1]"), HasSubstr("in rising order, found 1"));
  EXPECT_THAT(error("[-1]"), HasSubstr("/algorithm/adapted_layers/0: wanted an integer from 0 to 16"));
}

TEST(Config, RefusesWhatMakesNoSenseWithAContext) {
  const auto error = [](const std::string& option) {
    return error_of("{}", {"algorithm.name=cavia", option});
  };
  EXPECT_EQ(error("algorithm.context_size=256"), "no error");
  EXPECT_EQ(error("algorithm.context_input=film"), "no error");
  EXPECT_THAT(error("algorithm.context_input=add"),
              HasSubstr("/algorithm/context_input: wanted one of \"concatenate\", \"film\""));
  EXPECT_THAT(error("algorithm.context_size=0"), HasSubstr("wanted an integer from 1 to 256, found 0"));
  EXPECT_EQ(error("policy.hidden=[]"),
            "--set policy.hidden=[]: /policy/hidden: wanted a hidden layer with algorithm \"cavia\", for the "
            "context to enter, "
            "found none");
  EXPECT_THAT(
      error("algorithm.adapted_layers=[0]"),
      HasSubstr("/algorithm/adapted_layers: wanted a value that fits the other options (cavia's inner "
                "steps adapt the context and no layer)"));
  EXPECT_THAT(error("algorithm.learned_lr=layer"), HasSubstr("/algorithm/learned_lr: wanted a value"));
  EXPECT_EQ(error("algorithm.learned_lr=scalar"), "no error");
}

TEST(Config, RefusesOptimisersThatDoNotFitTheAlgorithm) {
  EXPECT_EQ(error_of(R"({"algorithm": {"name": "reptile"}, "outer": {"name": "trpo"}})"),
            "x.json: /outer/name: wanted \"adam\", \"adamw\" or \"sgd\" with algorithm \"reptile\", which "
            "has no outer "
            "surrogate "
            "to search along, found \"trpo\"");
  EXPECT_EQ(error_of(R"({"algorithm": {"name": "promp"}, "outer": {"name": "trpo"}})"),
            "x.json: /outer/name: wanted \"adam\", \"adamw\" or \"sgd\" with algorithm \"promp\", which "
            "bounds the KL "
            "divergence "
            "by clipping and a penalty itself, found \"trpo\"");
  for (std::string algorithm : {"maml", "fomaml", "pretraining", "emaml"}) {
    EXPECT_EQ(error_of(R"({"outer": {"name": "trpo"}})", {"algorithm.name=" + algorithm}), "no error");
  }
}

TEST(Config, TakesFirstOrderOptimisersWithEveryAlgorithm) {
  for (std::string outer : {R"({"name": "adamw"})", R"({"name": "sgd", "momentum": 0.9})",
                            R"({"name": "sgd", "momentum": 0.9, "nesterov": true})"}) {
    for (std::string algorithm : {"maml", "meta_sgd", "fomaml", "pretraining", "reptile", "emaml", "promp"})
      EXPECT_EQ(error_of("{}", {"algorithm.name=" + algorithm, "outer=" + outer}), "no error");
    EXPECT_EQ(fault_of("outer=" + outer), "no error");  // rl2
  }
}

TEST(Config, RefusesAnOuterEntropyWhereThereIsNoOuterObjective) {
  EXPECT_EQ(
      error_of(R"({"algorithm": {"name": "reptile", "outer_entropy_weight": 0.1}})"),
      "x.json: /algorithm/outer_entropy_weight: wanted a value that fits the other options (reptile has no "
      "outer objective; entropy_weight is of its inner one), found 0.1 (number)");
  EXPECT_EQ(error_of(R"({"algorithm": {"name": "reptile", "entropy_weight": 0.1}})"), "no error");
  EXPECT_THAT(error_of(R"({"algorithm": {"entropy_weight": -1}})"),
              HasSubstr("/algorithm/entropy_weight: wanted a number of at least 0, found -1"));
}

TEST(Config, RefusesMomentumAndDecayOutOfRange) {
  const auto error = [](const std::string& outer) { return error_of(R"({"outer": )" + outer + "}"); };
  EXPECT_THAT(error(R"({"name": "sgd", "momentum": 1})"),
              HasSubstr("/outer/momentum: wanted a number of at least 0 and below 1, found 1"));
  EXPECT_THAT(error(R"({"name": "adamw", "weight_decay": -0.1})"),
              HasSubstr("/outer/weight_decay: wanted a number of at least 0, found -0.1"));
  EXPECT_EQ(
      error(R"({"name": "sgd", "nesterov": true})"),
      "x.json: /outer/nesterov: wanted a value that fits the other options (without momentum it changes "
      "nothing), found true (boolean)");
}

TEST(Config, RefusesEstimatorsWithoutARatioForPromp) {
  EXPECT_EQ(
      error_of(R"({"algorithm": {"name": "promp", "estimator": "reinforce"}})"),
      "x.json: /algorithm/estimator: wanted \"ratio\" or \"clipped\" with algorithm \"promp\", whose later "
      "epochs weigh the data by the ratio to the policy that drew it, found \"reinforce\"");
  EXPECT_THAT(error_of(R"({"algorithm": {"name": "promp", "estimator": "dice"}})"),
              HasSubstr("found \"dice\""));
  EXPECT_EQ(error_of(R"({"algorithm": {"name": "promp", "estimator": "clipped"}})"), "no error");
}

TEST(Config, RefusesSeveralUpdatesOnABatchWithDice) {
  EXPECT_EQ(
      error_of(R"({"algorithm": {"name": "fomaml", "estimator": "dice", "inner_epochs": 2}})"),
      "x.json: /algorithm/inner_epochs: wanted 1 with estimator \"dice\", which weighs whole trajectories by "
      "the policy that drew them, found 2");
  for (std::string estimator : {"reinforce", "ratio", "clipped"})
    EXPECT_EQ(error_of(R"({"algorithm": {"name": "fomaml", "inner_epochs": 2}})",
                       {"algorithm.estimator=" + estimator}),
              "no error");
  EXPECT_THAT(error_of(R"({"algorithm": {"inner_epochs": 0}})"),
              HasSubstr("/algorithm/inner_epochs: wanted an integer from 1 to 100, found 0"));
}

TEST(Config, RefusesTrialsThatAreNoWholeEpisodes) {
  EXPECT_EQ(error_of(kTrials), "no error");
  EXPECT_EQ(fault_of("algorithm.trial_length=21"),
            "/algorithm/trial_length: wanted a multiple of the horizon, 5, so that a trial is whole "
            "episodes, found 21");
  EXPECT_EQ(
      fault_of("at_episode_end=stop"),
      "/at_episode_end: wanted \"restart\" with algorithm \"rl2\", whose trials go on with the next episode, "
      "found \"stop\"");
}

TEST(Config, ATrialOfEpisodesIsBoundedByItsSteps) {
  const auto error = [](const std::string& trial) {
    return error_of(R"({"horizon": 20, "at_episode_end": "restart", "environment": {"name": "cartpole"},
        "policy": {"name": "gru"}, "algorithm": {"name": "rl2", )" +
                    trial + "}}");
  };
  EXPECT_EQ(error(R"("trial_length": 60, "trial_episodes": 3)"), "no error");
  EXPECT_EQ(error(R"("trial_length": 40, "trial_episodes": 3)"), "no error");
  EXPECT_EQ(error(R"("trial_length": 80, "trial_episodes": 3)"),
            "x.json: /algorithm/trial_length: wanted at most the 60 steps that trial_episodes × horizon may "
            "take, found 80");
}

TEST(Config, TrialsOfStepsThatAllPayTheSameAreDoubted) {
  const auto doubt = [](const std::string& environment, const std::string& episodes) {
    return doubt_about(
        parse(R"({"horizon": 20, "at_episode_end": "restart", "policy": {"name": "gru"},
        "algorithm": {"name": "rl2", "trial_length": 60}})",
              {R"(environment={"name": ")" + environment + "\"}", "algorithm.trial_episodes=" + episodes}));
  };
  EXPECT_EQ(doubt("cartpole", "0"),
            "/algorithm/trial_episodes: every step of cartpole pays the same, so that a trial of 60 steps "
            "brings the "
            "same whatever is done: nothing can be learned without a number of episodes");
  EXPECT_NE(doubt("mountain_car", "0"), "");
  EXPECT_EQ(doubt("cartpole", "3"), "");
  EXPECT_EQ(doubt("pendulum", "0"), "");
  EXPECT_EQ(doubt_about(parse(R"({"environment": {"name": "cartpole"}})")), "");
}

TEST(Config, RefusesToGoOnBeyondALimitWhereNothingTellsWhatThatIsWorth) {
  const std::string bootstrap = "at_time_limit=bootstrap";
  EXPECT_EQ(parse("{}", {bootstrap}).at_time_limit, AtTimeLimit::bootstrap);
  EXPECT_EQ(parse("{}").at_time_limit, AtTimeLimit::zero);
  EXPECT_EQ(fault_of(bootstrap),
            "/at_time_limit: wanted \"zero\" with algorithm \"rl2\", whose trials go on through the ends of "
            "episodes, and are all that their memory lives for, found \"bootstrap\"");
  EXPECT_EQ(error_of(R"({"at_time_limit": "bootstrap", "algorithm": {"name": "maml", "baseline": "none"}})"),
            "x.json: /at_time_limit: wanted \"zero\" with baseline \"none\", which gives no value, found "
            "\"bootstrap\"");
  EXPECT_EQ(
      error_of(R"({"at_time_limit": "bootstrap", "algorithm": {"name": "maml", "discount": 1}})"),
      "x.json: /algorithm/discount: wanted below 1 with at_time_limit \"bootstrap\", so that what goes on "
      "without end has a value, found 1");
}

TEST(Config, RefusesMinibatchesThatDoNotDivideTheEnvironments) {
  EXPECT_EQ(fault_of("algorithm.minibatches=8"), "no error");
  EXPECT_EQ(fault_of("algorithm.minibatches=5"),
            "/algorithm/minibatches: wanted a number that divides the 24 environments (tasks_per_iteration × "
            "envs_per_task), found 5");
}

TEST(Config, RefusesNegativeBoundsOfAnUpdate) {
  for (const std::string option : {"target_kl", "value_clip"}) {
    EXPECT_EQ(fault_of("algorithm." + option + "=0.1"), "no error");
    EXPECT_EQ(fault_of("algorithm." + option + "=-0.1"),
              "/algorithm/" + option + ": wanted a number of at least 0, found -0.1 (number)");
  }
}

TEST(Config, RefusesAMemoryOfNoUnits) {
  EXPECT_EQ(fault_of("policy.hidden=0"),
            "/policy/hidden: wanted an integer from 1 to 1024, found 0 (number)");
  EXPECT_EQ(fault_of(R"(policy={"name": "lstm", "hidden": 0})"),
            "/policy/hidden: wanted an integer from 1 to 1024, found 0 (number)");
}

TEST(Config, RefusesToNormaliseASingleUnit) {
  EXPECT_EQ(fault_of("policy.layer_norm=true"), "no error");
  EXPECT_EQ(fault_of(R"(policy={"name": "lstm", "hidden": 2, "layer_norm": true})"), "no error");
  EXPECT_EQ(fault_of(R"(policy={"name": "gru", "hidden": 1, "layer_norm": true})"),
            "/policy/layer_norm: wanted false with 1 hidden unit, of which normalisation would leave "
            "nothing, found "
            "true");
  EXPECT_EQ(fault_of(R"(policy={"name": "gru", "hidden": 256, "layer_norm": true})"), "no error");
  EXPECT_EQ(fault_of(R"(policy={"name": "gru", "hidden": 257, "layer_norm": true})"),
            "/policy/layer_norm: wanted false with more than 256 hidden units, found true");
}

TEST(Config, RefusesBeliefsThatDoNotFit) {
  const auto with = [](const std::vector<std::string>& overrides) {
    const std::string error = error_of(kBelief, overrides);
    const std::size_t at = error.find(": /");
    return at == std::string::npos ? error : error.substr(at + 2);
  };
  EXPECT_EQ(with({"algorithm.decode_steps=10"}), "no error");
  EXPECT_EQ(with({R"(policy={"name": "gru"})"}),
            "/policy/name: wanted \"belief\" with algorithm \"varibad\", which learns a task by a belief "
            "about it, found "
            "\"gru\"");
  EXPECT_EQ(with({R"(algorithm={"name": "rl2", "trial_length": 50})", "algorithm.minibatches=1"}),
            "/policy/name: wanted \"gru\", \"lstm\", \"episodic\" or \"transformer\" with algorithm \"rl2\", "
            "which learns "
            "a task by the "
            "policy's memory, found \"belief\"");
  EXPECT_EQ(with({R"(environment={"name": "point_navigation"})", "policy.decoder=cells"}),
            "/policy/decoder: wanted \"reward\" with environment \"point_navigation\", whose observation is "
            "no cell of a grid, "
            "found \"cells\"");
  EXPECT_EQ(with({"environment.size=33", "policy.decoder=cells"}),
            "/policy/decoder: wanted \"reward\" with more than 1024 cells, of which there are 1089, found "
            "\"cells\"");
  EXPECT_EQ(with({"environment.size=32", "policy.decoder=cells"}), "no error");
  EXPECT_EQ(
      with({"policy.decoder=cells", "algorithm.decode_steps=3"}),
      "/algorithm/decode_steps: wanted 0 with decoder \"cells\", which tells of all steps at once, found 3");
  EXPECT_EQ(with({"algorithm.decode_steps=51"}),
            "/algorithm/decode_steps: wanted at most the 50 steps of a trial, found 51");
  EXPECT_EQ(with({"algorithm.value_network=separate"}),
            "/algorithm/value_network: wanted \"shared\" with policy \"belief\", of which there is one, "
            "found \"separate\"");
  EXPECT_EQ(with({"policy.decoder=cells", "policy.decode_state=true", "algorithm.decode_steps=3"}),
            "no error");
  EXPECT_EQ(with({"algorithm.belief_trials=801"}),
            "/algorithm/belief_trials: wanted at most the 800 trials of an iteration (tasks_per_iteration × "
            "envs_per_task), "
            "found 801");
  EXPECT_EQ(
      with({"algorithm.belief_capacity=799"}),
      "/algorithm/belief_capacity: wanted at least the 800 trials of an iteration (tasks_per_iteration × "
      "envs_per_task), found 799");
}

TEST(Config, RefusesTransformersThatDoNotFit) {
  const auto with = [](const std::string& options) {
    return fault_of(R"(policy={"name": "transformer")" + options + "}");
  };
  EXPECT_EQ(with(""), "no error");
  EXPECT_EQ(with(R"(, "hidden": 96, "heads": 4)"),
            "/policy/hidden: wanted a value that fits the other options (each head has 16 numbers or a "
            "multiple of 16), "
            "found 96 (number)");
  EXPECT_EQ(with(R"(, "hidden": 96, "heads": 3)"), "no error");
  EXPECT_EQ(with(R"(, "hidden": 1024)"), "no error");
  EXPECT_EQ(with(R"(, "hidden": 1040, "heads": 1)"),
            "/policy/hidden: wanted an integer from 16 to 1024, found 1040 (number)");
  EXPECT_EQ(with(R"(, "feedforward": 40)"),
            "/policy/feedforward: wanted a value that fits the other options (a multiple of 16), found 40 "
            "(number)");
  const auto of_trials = [](const std::string& option) {
    return error_of(kTrials, {R"(policy={"name": "transformer"})", option});
  };
  EXPECT_EQ(of_trials("algorithm.window=10"),
            "--set algorithm.window=10: /algorithm/window: wanted 0 with policy \"transformer\", whose "
            "gradient goes through the whole trial, "
            "found 10");
  EXPECT_EQ(of_trials("algorithm.trial_length=8200"),
            "--set algorithm.trial_length=8200: /algorithm/trial_length: wanted at most 8192 steps with "
            "policy \"transformer\", which looks back at "
            "all of them, found 8200");
}

TEST(Config, RefusesAValueNetworkThatDoesNotLearn) {
  EXPECT_EQ(fault_of("algorithm.value_network=separate"), "no error");
  EXPECT_EQ(fault_of("algorithm.value_weight=0"), "no error");
  EXPECT_EQ(
      fault_of(
          R"(algorithm={"name": "rl2", "trial_length": 20, "value_network": "separate", "value_weight": 0})"),
      "/algorithm/value_network: wanted \"shared\" with value_weight 0, which lets no value network learn, "
      "found "
      "\"separate\"");
}

TEST(Config, RefusesWindowsThatDoNotDivideTheTrial) {
  EXPECT_EQ(fault_of("algorithm.window=10"), "no error");
  EXPECT_EQ(fault_of("algorithm.window=20"), "no error");
  EXPECT_EQ(fault_of("algorithm.window=7"),
            "/algorithm/window: wanted a number that divides the 20 steps of a trial, or 0, found 7");
  EXPECT_EQ(fault_of("algorithm.window=40"),
            "/algorithm/window: wanted a number that divides the 20 steps of a trial, or 0, found 40");
  EXPECT_EQ(fault_of("algorithm.window=-1"),
            "/algorithm/window: wanted an integer from 0 to 1048576, found -1 (number)");
}

constexpr const char* kPlainPpo = R"({
  "tasks_per_iteration": 12, "envs_per_task": 2, "horizon": 5, "at_episode_end": "restart",
  "policy": {"name": "mlp"}, "algorithm": {"name": "ppo"}})";

TEST(Config, PlainPpoHasTrialsOfOneHorizonAndNoMemory) {
  const Config c = parse(kPlainPpo);
  EXPECT_EQ(evaluation_protocol(c), EvaluationProtocol::first_episode);
  EXPECT_EQ(evaluation_protocol(parse(kTrials)), EvaluationProtocol::over_episodes);
  EXPECT_FALSE(has_memory(c));
  EXPECT_EQ(find_inner_loop(c), nullptr);
  EXPECT_EQ(trial_length(c), 5);
  EXPECT_EQ(ppo_options(c).gae_lambda, 0.95);
  EXPECT_EQ(ppo_options(parse(kTrials)).gae_lambda, 0.9);
  const auto fault = [](const std::string& option) { return error_of(kPlainPpo, {option}); };
  const std::vector<Listing> lists = listings();
  for (const auto& [name, meaning] : lists[0].entries)
    EXPECT_EQ(fault("environment={\"name\": \"" + name + "\"}"), "no error") << name;
  EXPECT_THAT(fault("policy.hidden=[]"),
              HasSubstr("/policy/hidden: wanted a hidden layer with algorithm \"ppo\""));
  EXPECT_THAT(
      fault("policy.name=gru"),
      HasSubstr("/policy/name: wanted \"mlp\" with algorithm \"ppo\", which learns one policy for all "
                "tasks, found \"gru\""));
  EXPECT_EQ(fault("at_time_limit=bootstrap"), "no error");
  EXPECT_THAT(fault("algorithm.minibatches=5"),
              HasSubstr("/algorithm/minibatches: wanted a number that divides"));
  EXPECT_THAT(fault("algorithm.window=2"), HasSubstr("divides the 5 steps of a trial, or 0, found 2"));
  EXPECT_THAT(fault("at_episode_end=stop"), HasSubstr("wanted \"restart\" with algorithm \"ppo\""));
  EXPECT_THAT(fault("algorithm.trial_length=5"), HasSubstr("wanted an option of algorithm \"ppo\""));
  EXPECT_TRUE(episodes_go_on(c));
  EXPECT_EQ(rollout_steps(c), 5);
  EXPECT_EQ(rollout_steps(parse(kPlainPpo, {"algorithm.rollout_steps=3"})), 3);
  EXPECT_EQ(trial_length(parse(kPlainPpo, {"algorithm.rollout_steps=3"})), 5);
  EXPECT_EQ(error_of(kPlainPpo, {"algorithm.at_iteration_end=restart", "algorithm.rollout_steps=3"}),
            "--set algorithm.rollout_steps=3: /algorithm/rollout_steps: wanted 0 with at_iteration_end "
            "\"restart\", of which an "
            "iteration is "
            "one horizon long, found 3");
  EXPECT_EQ(error_of(kPlainPpo, {"algorithm.minibatches_of=samples", "algorithm.minibatches=7"}),
            "--set algorithm.minibatches=7: /algorithm/minibatches: wanted a number that divides the 120 "
            "samples of an iteration, "
            "found 7");
  EXPECT_EQ(error_of(kPlainPpo, {"algorithm.minibatches_of=samples", "algorithm.minibatches=40"}),
            "no error");
  EXPECT_FALSE(episodes_go_on(parse(kTrials)));
  EXPECT_EQ(for_evaluation(c).horizon, 5);
  EXPECT_EQ(for_evaluation(parse(kPlainPpo, {"evaluation.horizon=7"})).horizon, 7);
  EXPECT_EQ(error_of(kTrials, {"evaluation.horizon=10"}), "no error");
  EXPECT_EQ(error_of(kTrials, {"evaluation.horizon=7"}),
            "--set evaluation.horizon=7: /evaluation/horizon: wanted a number that divides the 20 steps of a "
            "trial, or 0, "
            "found 7");
  EXPECT_EQ(rollout_steps(parse(kTrials)), trial_length(parse(kTrials)));
  EXPECT_THAT(fault(R"(outer={"name": "trpo"})"), HasSubstr("with algorithm \"ppo\", whose clipping"));
}

TEST(Config, RefusesPoliciesAndOptimisersThatDoNotFitAMemory) {
  EXPECT_EQ(error_of(R"({"at_episode_end": "restart", "algorithm": {"name": "rl2"}})"),
            "x.json: /policy/name: wanted \"gru\", \"lstm\", \"episodic\" or \"transformer\" with algorithm "
            "\"rl2\", which learns a task by the "
            "policy's memory, "
            "found \"mlp\"");
  EXPECT_EQ(
      error_of(R"({"policy": {"name": "gru"}})"),
      "x.json: /policy/name: wanted \"mlp\" with algorithm \"maml\", which learns a task by gradient steps, "
      "found \"gru\"");
  EXPECT_EQ(
      fault_of(R"(outer={"name": "trpo"})"),
      "/outer/name: wanted \"adam\", \"adamw\" or \"sgd\" with algorithm \"rl2\", whose clipping bounds the "
      "update, found "
      "\"trpo\"");
  EXPECT_EQ(fault_of("evaluation.inner_lr=0.1"),
            "/evaluation/inner_lr: wanted no step sizes with algorithm \"rl2\", which takes no gradient "
            "steps, found 1 "
            "number");
}

TEST(Config, RefusesAStartBelowTheFloor) {
  for (const std::string policy : {"mlp", "gru", "lstm"})
    EXPECT_THAT(
        error_of(policy == "mlp" ? "{}" : kTrials,
                 {"policy.name=" + policy, "policy.min_log_std=-1.5", "policy.initial_log_std=-2"}),
        ::testing::EndsWith(": /policy/initial_log_std: wanted at least min_log_std, -1.5, found -2"));
}

TEST(Config, RefusesToSquashChoices) {
  EXPECT_THAT(error_of(R"({"environment": {"name": "cartpole"}})", {"policy.squash=1"}),
              ::testing::EndsWith(
                  ": /policy/squash: wanted null with an environment whose actions are choices, found 1"));
}

TEST(Config, RefusesOptionsThatAnEnvironmentFindsContradictory) {
  EXPECT_EQ(
      error_of(R"({"environment": {"layout": "square", "reward": "sparse"}})"),
      "x.json: /environment/reward: wanted a value that fits the other options (layout square has the reward "
      "dense only), found \"sparse\" (string)");
}

TEST(Config, OverridesSetOneValue) {
  EXPECT_EQ(inner_loop(parse(kWhole, {"algorithm.estimator=ratio"})).estimator, EstimatorName::ratio);
  EXPECT_EQ(inner_loop(parse(kWhole, {"algorithm.inner_lr.1=1e-3"})).inner_lr, (std::vector{0.5, 1e-3}));
  EXPECT_EQ(parse("{}", {"outer.max_gradient_norm=2", "outer.max_gradient_norm=null"}), Config{});
  EXPECT_EQ(parse("{}", {"policy.hidden=[7]"}), parse(R"({"policy": {"hidden": [7]}})"));
  EXPECT_EQ(parse("{}", {"policy={\"hidden\": []}"}), parse(R"({"policy": {"hidden": []}})"));
}

TEST(Config, TheLastOverrideWins) { EXPECT_EQ(parse("{}", {"seed=4", "seed=5"}).seed, 5u); }

TEST(Config, AnOverrideAtFaultIsNamed) {
  EXPECT_EQ(error_of("{}", {"algorithm.inner_stepz=3"}),
            "--set algorithm.inner_stepz=3: /algorithm/inner_stepz: wanted an option of algorithm \"maml\" "
            "(nearest: \"inner_steps\"), found \"inner_stepz\"");
  EXPECT_EQ(error_of("{}", {"seed=1", "horizon=many"}),
            "--set horizon=many: /horizon: wanted an integer from 1 to 1048576, found \"many\" (string)");
  EXPECT_EQ(
      error_of("{}", {"policy={\"hidden\": [0]}"}),
      "--set policy={\"hidden\": [0]}: /policy/hidden/0: wanted an integer from 1 to 256, found 0 (number)");
  EXPECT_EQ(error_of("{}", {"policy={\"hidden\": [1], \"hidden\": [2]}"}),
            "--set policy={\"hidden\": [1], \"hidden\": [2]}: /hidden: wanted this key once, found it again");
}

TEST(Config, AnOverrideIsNamedForTheGroupsItMade) {
  EXPECT_EQ(error_of("{}", {"policy.x.y=5"}),
            "--set policy.x.y=5: /policy/x: wanted an option of policy \"mlp\", found \"x\"");
}

TEST(Config, AnOverrideSetsOnePlaceOfAListThatIsADefault) {
  const auto with = [](const std::string& form, const std::string& text = "{}") {
    return parse_config(text, "x.json", std::vector{form});
  };
  EXPECT_EQ(with("policy.hidden.1=5"), with("policy.hidden=[64,5]"));
  EXPECT_EQ(with("policy.hidden.2=5"), with("policy.hidden=[64,64,5]"));
  EXPECT_EQ(with("policy.hidden.1=2", R"({"policy": {"hidden": [1]}})"), with("policy.hidden=[1,2]"));
  EXPECT_EQ(with("evaluation.inner_lr.0=0.3"), with("evaluation.inner_lr=[0.3]"));
  EXPECT_EQ(with("algorithm.inner_lr.0=0.3"), with("algorithm.inner_lr=0.3"));
  EXPECT_EQ(with("algorithm.inner_lr.0=0.3", R"({"algorithm": {"inner_lr": 0.7}})"),
            with("algorithm.inner_lr=0.3"));
  const std::string cartpole = R"({"environment": {"name": "cartpole"}})";
  EXPECT_EQ(with("environment.gravity.0=9", cartpole), with("environment.gravity=[9,12]", cartpole));
  EXPECT_EQ(
      error_of(cartpole, {"environment.gravity.0=13"}),
      "--set environment.gravity.0=13: /environment/gravity: wanted [low, high], the low no higher than "
      "the high, found [13,12.0] (list)");
  EXPECT_EQ(
      error_of("{}", {"evaluation.inner_lr.1=0.3"}),
      "--set evaluation.inner_lr.1=0.3: /evaluation/inner_lr: wanted a place from 0 to 0, the one behind the "
      "list's end, found \"1\"");
}

TEST(Config, TheFileIsNamedForWhatAnOverrideDidNotSet) {
  EXPECT_EQ(error_of(R"({"horizon": 0})", {"seed=3"}),
            "x.json: /horizon: wanted an integer from 1 to 1048576, found 0 (number)");
}

TEST(Config, AnOverrideThatLeadsNowhereIsRefused) {
  for (std::string form : {"seed", "=3", ".seed=3", "algorithm.=3", "a..b=3", ""}) {
    EXPECT_EQ(error_of("{}", {form}), "--set " + form + ": wanted path=value, as in algorithm.inner_steps=3");
  }
  EXPECT_EQ(error_of(R"({"seed": 1})", {"seed.x=1"}),
            "--set seed.x=1: /seed: wanted a group or a list to set \"x\" in, found 1 (number)");
  EXPECT_EQ(
      error_of(R"({"policy": {"hidden": [1]}})", {"policy.hidden.2=2"}),
      "--set policy.hidden.2=2: /policy/hidden: wanted a place from 0 to 1, the one behind the list's end, "
      "found \"2\"");
  EXPECT_EQ(error_of("[]", {"seed=1"}),
            "--set seed=1: wanted a place from 0 to 0, the one behind the list's end, found \"seed\"");
}

TEST(Config, AnotherEnvironmentDoesNotTakeTheFormersOptions) {
  EXPECT_THAT(
      error_of(R"({"environment": {"name": "point_navigation", "layout": "corner"}})",
               {"environment.name=bandit"}),
      HasSubstr("x.json: /environment/layout: wanted an option of environment \"bandit\", found \"layout\""));
}

TEST(Config, RefusesFilesThatAreNone) {
  std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "config_test";
  std::filesystem::create_directories(folder);
  auto write = [&](const char* name, const std::string& text) {
    std::ofstream(folder / name, std::ios::binary) << text;
    return folder / name;
  };
  auto none = folder / "none.json";
  EXPECT_EQ(read_error_of(none), none.string() + ": wanted a config file, found no such file");
  EXPECT_EQ(read_error_of(folder), folder.string() + ": wanted a config file, found a folder");
  auto empty = write("empty.json", " \n");
  EXPECT_EQ(read_error_of(empty), empty.string() + ": wanted a JSON object, found an empty file");
  auto large = write("large.json", std::string((1 << 20) + 1, ' '));
  EXPECT_EQ(read_error_of(large), large.string() + ": wanted a config file, found more than 1 MiB");
  auto good = write("good.json", "{\"seed\": 9}");
  EXPECT_EQ(read_config(good).seed, 9u);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace innerloop
