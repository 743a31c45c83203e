// What controllers of plants and rules for tools get: figures of others' programs of the same definitions, to their last digit
// where nothing is drawn.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/error.h"
#include "engine/evaluation/trial_evaluator.h"
#include "tests/rivals/played_rivals.h"
#include "tests/support/paths.h"

namespace innerloop {
namespace {

using nlohmann::json;

Config episodes_of(const std::string& environment, int horizon, int episodes, int tasks) {
  return trial_config({"environment=" + environment, "horizon=" + std::to_string(horizon),
                       "algorithm.trial_length=" + std::to_string(horizon * episodes),
                       "algorithm.trial_episodes=" + std::to_string(episodes),
                       "evaluation={\"tasks\": " + std::to_string(tasks) + ", \"envs_per_task\": 1}"});
}

// pc-gym's plant without noise: the best constant coolant, and the best gains of a grid for the coolant's narrow and its wide
// range.
TEST(ScenarioReturns, OfTheNominalTankReactor) {
  const std::vector<float> nominal = {1, 1, 1, 1, 350, 1, 0, 0, 0, 400, 0};
  const auto returns = [&](const std::string& name, const std::string& options) {
    const Config config = episodes_of(R"({"name": "cstr", "noise": 0)" + options + "}", 120, 1, 1);
    return play_by(name, config, nominal).of_trial[0];
  };
  EXPECT_NEAR(returns("constant", R"(, "coolant_low": 295, "coolant_high": 302)"), -1077.0, 0.05);
  EXPECT_NEAR(returns("pi_nominal", ""), -124.5, 0.05);
  EXPECT_GT(returns("pi", ""), -160);
}

// Of equipment that differs, gains for the nominal plant are no better than those for many plants, and a step's cost has a
// bound.
TEST(ScenarioReturns, OfVariantsOfTheTankReactor) {
  const Config config = episodes_of(R"({"name": "cstr"})", 120, 2, 400);
  for (const char* name : {"pi_nominal", "pi"}) {
    const Estimate found = mean_of(play_by(name, config).of_episode[0]);
    EXPECT_LT(found.mean, -200) << name;
    EXPECT_GT(found.mean, -500) << name;
  }
  EXPECT_LT(mean_of(play_by("random", config).of_episode[0]).mean, -1000);
}

// Johansson's plant P-, whose operating point episodes start from, and P+, which asks for the other pairing.
TEST(ScenarioReturns, OfTheFourTanks) {
  const Config config = episodes_of(R"({"name": "four_tank", "noise": 0})", 150, 1, 1);
  const auto returns = [&](const std::string& name, float valve_1, float valve_2) {
    return play_by(name, config, {valve_1, valve_2, 1, 1, 1, 1, 1, 1, 0, 0, 0, 10, 0}).of_trial[0];
  };
  EXPECT_NEAR(returns("hold", 0.7f, 0.6f), -197.8, 0.05);
  EXPECT_NEAR(returns("pi", 0.7f, 0.6f), -1.8, 0.05);
  EXPECT_LT(returns("pi_crossed", 0.7f, 0.6f), -5000);
  EXPECT_LT(returns("pi", 0.43f, 0.34f), -5000);
  EXPECT_GT(returns("pi_crossed", 0.43f, 0.34f), -200);
}

TEST(ScenarioReturns, OfTheDrive) {
  const Config config = episodes_of(R"({"name": "dc_drive"})", 300, 1, 300);
  const Estimate known = mean_of(play_by("cascade_known", config).of_trial),
                 nominal = mean_of(play_by("cascade", config).of_trial);
  EXPECT_NEAR(known.mean, -10.5, 2);
  EXPECT_LT(nominal.mean + nominal.ci95, known.mean - known.ci95);
  EXPECT_GT(nominal.mean, -25);
  expect_known(play_by("random", config).of_trial, -320, 8, "random");
  EXPECT_LT(mean_of(play_by("zero", config).of_trial).mean, -60);
  const auto beyond = [&](const char* name) {
    return trials_json(play_by(name, config))["beyond_limits"][0].get<double>();
  };
  EXPECT_LT(beyond("cascade_known"), 0.01);
  EXPECT_GT(beyond("cascade"), 0.03);
  EXPECT_NEAR(beyond("random"), 0.885, 0.01);
}

TEST(ScenarioReturns, OfTheColumn) {
  const Config config = episodes_of(R"({"name": "distillation", "noise": 0})", 200, 1, 1);
  const auto returns = [&](const std::string& name) {
    return play_by(name, config, {1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0}).of_trial[0];
  };
  EXPECT_EQ(returns("none"), -100);
  EXPECT_NEAR(returns("blt"), -30.22, 0.01);
  EXPECT_NEAR(returns("pi"), -22.36, 0.01);
}

// Ten episodes of one chemistry: the published figures of the exact planner and of random potions, of the whole game.
TEST(ScenarioReturns, OfAlchemy) {
  const Config config = episodes_of(R"({"name": "alchemy"})", 15, 10, 1500);
  expect_known(play_by("oracle", config).of_trial, 288.4, 1.3, "oracle");
  expect_known(play_by("random_potions", config).of_trial, 144.5, 1.2, "random_potions");
  // Each stone is worth 15 in one of eight cases, 1 in three.
  expect_known(play_by("cash_in", config).of_trial, 30 * 18 / 8.0, 0, "cash_in");
}

// Once it knows the goal, depth first has as short a way as there is: in a tree there is one alone.
TEST(ScenarioReturns, OfMazes) {
  for (const int size : {7, 11}) {
    const Config config = episodes_of(R"({"name": "maze_navigation", "size": )" + std::to_string(size) + "}",
                                      4 * size * size, 3, 300);
    const TrialLoop::Returns oracle = play_by("oracle", config), explorer = play_by("explorer", config);
    EXPECT_EQ(explorer.of_episode[1], oracle.of_episode[1]);
    EXPECT_EQ(explorer.of_episode[2], oracle.of_episode[2]);
    for (std::size_t i = 0; i < 300; ++i) {
      EXPECT_LE(explorer.of_episode[0][i], oracle.of_episode[0][i]);
      EXPECT_GE(oracle.lengths[0][i], size);
      EXPECT_NEAR(oracle.of_episode[0][i], 1 - 0.01 * double{oracle.lengths[0][i]}, 1e-5);
    }
    expect_known(explorer.of_episode[0], size == 7 ? 0.788 : 0.406, 0.01, "explorer");
    EXPECT_EQ(trials_json(explorer)["pass_k"][2], 1);
    EXPECT_LT(trials_json(play_by("random", config))["pass_k"][0].get<double>(), 0.35);
  }
}

// Of a known ruleset there is a way to nearly every goal; not where things that cannot be carried lie at a wall. Random actions
// get what they get in XLand-MiniGrid itself.
TEST(ScenarioReturns, OfRoomsOfThings) {
  const Config config = episodes_of(R"({"name": "xland"})", 243, 1, 150);
  const TrialLoop::Returns oracle = play_by("oracle", config);
  EXPECT_GT(mean_of(oracle.of_episode[0]).mean, 0.905);
  EXPECT_GT(trials_json(oracle)["pass_k"][0].get<double>(), 0.93);
  for (std::size_t i = 0; i < 150; ++i)
    if (oracle.lengths[0][i] < 243) {
      EXPECT_NEAR(oracle.of_episode[0][i], 1 - 0.9 * double{oracle.lengths[0][i]} / 243, 1e-5);
    }
  EXPECT_THROW(play_by("oracle", episodes_of(R"({"name": "xland", "benchmark": "medium"})", 243, 1, 1)),
               InputError);
  const Config many = episodes_of(R"({"name": "xland"})", 243, 1, 4000);
  expect_known(play_by("random", many).of_trial, 0.128, 0.008, "random");
}

const json& tool_vectors() {
  static const json file = [] {
    std::ifstream stream(source_folder() / "tests/data/tool_vectors.json");
    return json::parse(stream);
  }();
  return file;
}

// Where no call fails, the oracle's returns are what the goals are worth.
TEST(ScenarioReturns, OfTheToolsOracleAreTheWorthOfTheGoals) {
  const Config config = episodes_of(R"({"name": "tool_calls"})", 20, 12, 1);
  for (const json& of : tool_vectors()["tasks"]) {
    const auto returns = play_by("oracle", config, of["task"].get<std::vector<float>>()).of_episode;
    std::set<std::string> met;
    for (const std::vector<float>& episode : returns) {
      bool is_one = false;
      for (const auto& [goal, worth] : of["worth"].items())
        if (std::abs(worth.get<double>() - double{episode[0]}) < 1e-5) {
          is_one = true;
          met.insert(goal);
        }
      EXPECT_TRUE(is_one) << episode[0] << " of " << of["worth"];
    }
    EXPECT_GE(met.size(), 2u);
  }
}

// Trials of ten episodes; the oracle's mean is that of another program's 4,000 tasks.
TEST(ScenarioReturns, OfTools) {
  const auto config = [](int tasks) { return episodes_of(R"({"name": "tool_calls"})", 20, 10, tasks); };
  const double worth = tool_vectors()["mean_worth"], error = tool_vectors()["standard_error"];
  const TrialLoop::Returns oracle = play_by("oracle", config(3000)),
                           plans = play_by("explore_then_plan", config(400));
  expect_known(oracle.of_trial, 10 * worth, 50 * error, "oracle");
  expect_known(oracle.of_trial, 7.27, 0.1, "oracle, as published");
  expect_known(play_by("random", config(2000)).of_trial, -9.9, 0.1, "random");
  expect_known(plans.of_trial, 4.67, 0.05, "explore_then_plan");
  EXPECT_LT(mean_of(plans.of_episode[0]).mean, -0.4);
  EXPECT_GT(mean_of(plans.of_episode[9]).mean, 0.63);
  expect_known(play_by("thompson", config(150)).of_trial, -2.1, 0.3, "thompson");
}

// What is solved is what ended by itself: pass^k of a learner rises to that of its last episodes alone.
TEST(ScenarioReturns, TellHowOftenToolsAreMastered) {
  const Config config = episodes_of(R"({"name": "tool_calls"})", 20, 5, 300);
  const json oracle = trials_json(play_by("oracle", config)), random = trials_json(play_by("random", config)),
             plans = trials_json(play_by("explore_then_plan", config));
  ASSERT_EQ(oracle["pass_k"].size(), 5u);
  for (const json& share : oracle["pass_k"]) EXPECT_GT(share.get<double>(), 0.99);
  EXPECT_NEAR(random["pass_k"][0], 0.15, 0.05);
  EXPECT_LT(random["pass_k"][4].get<double>(), 0.03);
  EXPECT_NEAR(plans["solved"][0], 0.44, 0.12);
  EXPECT_GT(plans["solved"][4].get<double>(), 0.94);
  EXPECT_GT(plans["pass_k"][0].get<double>(), plans["pass_k"][4].get<double>() + 0.2);
  EXPECT_FALSE(
      trials_json(play_by("oracle", episodes_of(R"({"name": "dark_room"})", 20, 2, 3))).contains("pass_k"));
}

TEST(ScenarioReturns, OfRulesAreOfToolsThatStayAsTheyAre) {
  const auto refusal = [](const std::string& options) {
    try {
      prepare_rivals(episodes_of(R"({"name": "tool_calls")" + options + "}", 20, 2, 1), {"thompson"});
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(
      refusal(R"(, "errors": "alike")"),
      "/environment/errors: wanted \"told\" with this --baseline, which tells them apart, found \"alike\"");
  EXPECT_EQ(
      refusal(R"(, "change_until": 4)"),
      "/environment/change_until: wanted 0 with this --baseline, whose tools stay as they are, found 4");
}

// The oracle knows when a tool becomes another.
TEST(ScenarioReturns, OfTheOracleDoNotFallWithAChange) {
  const auto mean = [](const std::string& options) {
    return mean_of(play_by("oracle", episodes_of(R"({"name": "tool_calls")" + options + "}", 20, 6, 1000))
                       .of_episode[5]);
  };
  const Estimate changed = mean(R"(, "change_until": 3)"), same = mean("");
  EXPECT_NEAR(changed.mean, same.mean, 3 * (changed.ci95 + same.ci95));
}

}  // namespace
}  // namespace innerloop
