// What a sweep's file says, and the points that it makes.
#include "engine/sweep/points.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "engine/error.h"
#include "engine/text/json.h"
#include "tests/support/paths.h"
#include "tests/support/temporary_folder.h"

namespace innerloop {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr auto kConfig = R"("config": {"iterations": 4, "algorithm": {"name": "maml", "inner_steps": 1}})";

Sweep sweep_of(const std::string& rest) {
  return parse_sweep("{" + std::string(kConfig) + (rest.empty() ? "" : ", ") + rest + "}", "s.json");
}

std::vector<std::string> texts(const Sweep& sweep) {
  const Points points(sweep);
  std::vector<std::string> all;
  for (std::size_t i = 0; i < points.size(); ++i) all.push_back(point_text(points.at(i)));
  return all;
}

template <class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const InputError& error) {
    return error.what();
  }
  ADD_FAILURE() << "wanted an InputError, found none";
  return "";
}

std::string refused(const std::string& rest) {
  return refusal([&] {
    const Sweep sweep = sweep_of(rest);
    check_points(sweep, Points(sweep));
  });
}

TEST(PointsTest, TheGridIsAProductWithTheLastAxisFastest) {
  EXPECT_THAT(texts(sweep_of(R"("grid": {"outer.lr": [0.1, 0.2], "horizon": [5, 6]})")),
              ElementsAre("point 0 (outer.lr=0.1, horizon=5)", "point 1 (outer.lr=0.1, horizon=6)",
                          "point 2 (outer.lr=0.2, horizon=5)", "point 3 (outer.lr=0.2, horizon=6)"));
  EXPECT_THAT(texts(sweep_of("")), ElementsAre("point 0"));
}

TEST(PointsTest, SeveralConfigsAndWhatVariesTogetherComeBeforeTheGrid) {
  const Sweep sweep = parse_sweep(R"({"config": [{"horizon": 5}, {"horizon": 6}],
      "points": [{"outer.lr": 0.1, "iterations": 3}, {"outer.lr": 0.2}], "grid": {"envs_per_task": [1, 2]}})",
                                  "s.json");
  const std::vector<std::string> all = texts(sweep);
  ASSERT_EQ(all.size(), 8u);
  EXPECT_EQ(all[0], "point 0 (config=config 0, outer.lr=0.1, iterations=3, envs_per_task=1)");
  EXPECT_EQ(all[3], "point 3 (config=config 0, outer.lr=0.2, envs_per_task=2)");
  EXPECT_EQ(all[4], "point 4 (config=config 1, outer.lr=0.1, iterations=3, envs_per_task=1)");
  const Points points(sweep);
  EXPECT_THAT(points.keys(), ElementsAre("config", "outer.lr", "iterations", "envs_per_task"));
  EXPECT_EQ(config_of(sweep, points.at(4), 9).horizon, 6);
  EXPECT_EQ(config_of(sweep, points.at(4), 9).iterations, 3);
  EXPECT_EQ(config_of(sweep, points.at(6), 9).iterations, Config().iterations);
  EXPECT_EQ(config_of(sweep, points.at(4), 9).seed, 9u);
}

TEST(PointsTest, AWholeGroupIsAValue) {
  const Sweep sweep = sweep_of(
      R"("set": {"outer.lr": 0.5}, "grid": {"algorithm": [{"name": "fomaml"}, {"name": "promp", "clip_range": 0.3}]})");
  const Points points(sweep);
  EXPECT_THAT(texts(sweep),
              ElementsAre("point 0 (algorithm=fomaml)", "point 1 (algorithm=promp clip_range=0.3)"));
  EXPECT_EQ(algorithm_name(config_of(sweep, points.at(1), 1)), "promp");
}

TEST(PointsTest, ACaseAddsToThePointsThatItHoldsFor) {
  const std::string grid = R"("grid": {"algorithm.name": ["maml", "fomaml"]}, )";
  EXPECT_THAT(
      texts(sweep_of(grid +
                     R"("when": [{"if": {"algorithm.name": "fomaml"}, "grid": {"outer.lr": [0.1, 0.2]}}])")),
      ElementsAre("point 0 (algorithm.name=maml)", "point 1 (algorithm.name=fomaml, outer.lr=0.1)",
                  "point 2 (algorithm.name=fomaml, outer.lr=0.2)"));
  // What no point has set has its value from the config, or the option's default.
  const Sweep sweep = sweep_of(
      grid +
      R"("when": [{"if": {"algorithm.name": "maml", "iterations": 4, "horizon": 100}, "set": {"envs_per_task": 3}}])");
  const Points points(sweep);
  EXPECT_EQ(config_of(sweep, points.at(0), 1).envs_per_task, 3);
  EXPECT_EQ(config_of(sweep, points.at(1), 1).envs_per_task, Config().envs_per_task);
}

// rl2 with episodes that stop is refused, and so is a config whose trials are no whole episodes: the last case alone makes
// this one valid.
TEST(PointsTest, CasesAreAskedOfConfigsThatFurtherCasesMakeValid) {
  const Sweep sweep = sweep_of(
      R"("set": {"algorithm": {"name": "rl2", "trial_length": 150}, "envs_per_task": 1},
      "when": [{"if": {"iterations": 4}, "set": {"at_episode_end": "restart"}},
               {"if": {"algorithm.name": "rl2"}, "set": {"horizon": 50, "policy": {"name": "gru"}}}])");
  const Points points(sweep);
  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(config_of(sweep, points.at(0), 1).horizon, 50);
}

TEST(PointsTest, DrawsDependOnTheNumberAlone) {
  const std::string random = R"("random": {"outer.lr": {"log_uniform": [1e-4, 1e-1]}})";
  const std::string more =
      R"("random": {"outer.momentum": {"uniform": [0, 1]}, "outer.lr": {"log_uniform": [1e-4, 1e-1]}})";
  const Sweep few = sweep_of(random + R"(, "samples": 3)"), many = sweep_of(random + R"(, "samples": 7)"),
              other = sweep_of(more + R"(, "samples": 3)"),
              seeded = sweep_of(random + R"(, "samples": 3, "sweep_seed": 2)");
  const Points of_few(few), of_many(many), of_other(other), of_seeded(seeded);
  EXPECT_EQ(of_many.size(), 7u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(of_few.at(i).values[0].value, of_many.at(i).values[0].value);
    EXPECT_EQ(of_few.at(i).values[0].value, of_other.at(i).values[1].value);
    EXPECT_NE(of_few.at(i).values[0].value, of_seeded.at(i).values[0].value);
  }
  EXPECT_NE(of_few.at(0).values[0].value, of_few.at(1).values[0].value);
}

TEST(PointsTest, SamplesComeBehindTheWholeGridAndOnlyWhereSomethingIsDrawn) {
  const Sweep sweep = sweep_of(R"("grid": {"algorithm.name": ["maml", "fomaml"]}, "samples": 3,
      "when": [{"if": {"algorithm.name": "fomaml"}, "random": {"outer.lr": {"uniform": [0.1, 0.2]}}}])");
  const Points points(sweep);
  ASSERT_EQ(points.size(), 4u);
  EXPECT_EQ(points.cell_of(2), 1u);
  EXPECT_THAT(point_text(points.at(0)), "point 0 (algorithm.name=maml)");
  for (const std::size_t i : {1, 2, 3})
    EXPECT_THAT(point_text(points.at(i)), HasSubstr("fomaml, outer.lr=0.1"));
}

// Against the distribution that each draw is of: mean and extent of many.
TEST(PointsTest, DrawsAreOfTheirDistributions) {
  const auto drawn = [](const Draw& draw) {
    std::vector<double> all;
    for (std::size_t i = 0; i < 4000; ++i) all.push_back(drawn_value(draw, 5, i).get<double>());
    return all;
  };
  const auto mean = [](const std::vector<double>& all) {
    double sum = 0;
    for (const double x : all) sum += x;
    return sum / static_cast<double>(all.size());
  };
  // Standard errors: 1/√12/√4000 of the range is 0.0046.
  const std::vector<double> uniform = drawn({"x", Draw::Kind::uniform, 2, 6, 1, {}});
  EXPECT_NEAR(mean(uniform), 4, 4 * 0.02);
  EXPECT_GE(std::ranges::min(uniform), 2);
  EXPECT_LE(std::ranges::max(uniform), 6);
  EXPECT_LT(std::ranges::min(uniform), 2.01);
  EXPECT_GT(std::ranges::max(uniform), 5.99);
  std::vector<double> logs = drawn({"x", Draw::Kind::log_uniform, 1e-4, 1, 1, {}});
  for (double& x : logs) x = std::log10(x);
  EXPECT_NEAR(mean(logs), -2, 4 * 0.02);
  const std::vector<double> integers = drawn({"x", Draw::Kind::integer, 10, 41, 10, {}});
  EXPECT_EQ(std::set<double>(integers.begin(), integers.end()), (std::set<double>{10, 20, 30, 40}));
  EXPECT_NEAR(mean(integers), 25, 4 * 0.18);
  std::set<std::string> choices;
  for (std::size_t i = 0; i < 100; ++i)
    choices.insert(json_text(drawn_value({"x", Draw::Kind::choice, 0, 0, 1, {"a", Json{64, 64}}}, 1, i)));
  EXPECT_EQ(choices, (std::set<std::string>{"\"a\"", "[64,64]"}));
}

TEST(PointsTest, ReadingBackWhatIsWrittenGivesTheSamePoints) {
  const Sweep sweep =
      parse_sweep(R"({"config": [{"horizon": 5}, {"horizon": 6}], "set": {"outer.lr": 0.5}, "seeds": [3, 1],
      "points": [{"envs_per_task": 2}], "grid": {"algorithm": [{"name": "maml"}, {"name": "promp", "clip_range": 0.3}]},
      "random": {"outer.lr": {"choice": [1, 2]}, "iterations": {"int": [1, 9], "step": 4}}, "samples": 4,
      "when": [{"if": {"algorithm.name": "promp"}, "random": {"algorithm.kl_penalty": {"log_uniform": [0.001, 0.1]}}}],
      "metric": {"path": "metrics.gradient_norm", "goal": "minimize"}, "halving": {"first": 1, "factor": 2}})",
                  "s.json");
  const Sweep again = parse_sweep(json_text(to_json(sweep)), "elsewhere/s.json");
  EXPECT_EQ(texts(again), texts(sweep));
  EXPECT_EQ(again.seeds, sweep.seeds);
  EXPECT_EQ(again.options, sweep.options);
  for (const std::size_t i : {0, 5})
    EXPECT_EQ(config_of(again, Points(again).at(i), 3), config_of(sweep, Points(sweep).at(i), 3));
}

TEST(PointsTest, WhatCannotBeSaysWhere) {
  EXPECT_EQ(refused(R"("gird": {})"),
            R"(s.json: /gird: wanted an option of a sweep (nearest: "grid"), found "gird")");
  EXPECT_EQ(refusal([] { parse_sweep("{}", "s.json"); }),
            "s.json: /config: wanted a config, its path or an object, found null");
  EXPECT_EQ(refusal([] { parse_sweep(R"({"config": "no.json"})", "s.json"); }),
            "s.json: /config: wanted a config file, found no such file at no.json");
  EXPECT_THAT(refusal([] { parse_sweep(R"({"config": {"iteration": 3}})", "s.json"); }),
              StartsWith("s.json: /config: /iteration: wanted an option of the config"));
  EXPECT_EQ(refused(R"("grid": {})"), "s.json: /grid: wanted at least one option, found {} (object)");
  EXPECT_EQ(refused(R"("grid": {"outer.lr": []})"),
            "s.json: /grid/outer.lr: wanted a list of at least one value, found [] (list)");
  EXPECT_EQ(refused(R"("grid": {"outer.lr": [1, 2, 1]})"),
            "s.json: /grid/outer.lr/2: wanted another value than the ones before, found 1 (number)");
  EXPECT_EQ(refused(R"("grid": {"seed": [1, 2]})"),
            R"(s.json: /grid/seed: wanted the seeds of runs under /seeds, found "seed" (string))");
  EXPECT_THAT(refused(R"("grid": {"algorithm.inner_learning": [1]})"),
              StartsWith("s.json: point 0 (algorithm.inner_learning=1): algorithm.inner_learning=1: "
                         "/algorithm/inner_learning: wanted an option of algorithm \"maml\""));
  EXPECT_EQ(
      refused(R"("grid": {"outer.lr": [0.1, -1]})"),
      "s.json: point 1 (outer.lr=-1): outer.lr=-1: /outer/lr: wanted a number above 0, found -1 (number)");
  EXPECT_EQ(refused(R"("random": {"outer.lr": {"log_uniform": [0, 1]}})"),
            "s.json: /random/outer.lr/log_uniform: wanted [low, high], two numbers above 0, the low below "
            "the high, found "
            "[0,1] (list)");
  EXPECT_THAT(refused(R"("random": {"outer.lr": {"normal": [0, 1]}})"),
              StartsWith("s.json: /random/outer.lr: wanted {\"uniform\""));
  EXPECT_EQ(
      refused(R"("grid": {"outer.lr": [1]}, "random": {"outer.lr": {"uniform": [1, 2]}})"),
      R"(s.json: wanted an option in the grid or drawn, found "outer.lr" in the grid and "outer.lr" drawn)");
  EXPECT_EQ(
      refused(R"("when": [{"if": {"algorithm.name": "reptile"}, "set": {"horizon": 5}}])"),
      R"(s.json: /when/0/if: wanted what holds for at least one point, found none where {"algorithm.name":"reptile"} does)");
  EXPECT_EQ(
      refused(
          R"("random": {"horizon": {"int": [2, 4]}}, "when": [{"if": {"horizon": 3}, "set": {"iterations": 5}}])"),
      R"(s.json: /when: wanted a condition on what is set or in the grid, found "horizon", which is drawn)");
  EXPECT_EQ(
      refused(R"("when": [{"if": {"horizon": 100}}])"),
      R"(s.json: /when/0: wanted "set", "grid" or "random" beside "if", found {"if":{"horizon":100}} (object))");
  EXPECT_EQ(refused(R"("samples": 3)"), "s.json: /samples: wanted 1 where nothing is drawn, found 3");
  EXPECT_EQ(refused(R"("seeds": [1, 1])"),
            "s.json: /seeds/1: wanted another seed than the ones before, found 1 (number)");
  EXPECT_EQ(
      refused(R"("seeds": 0)"),
      "s.json: /seeds: wanted a number of seeds from 1 to 1000000, or a list of seeds, found 0 (number)");
  EXPECT_EQ(refused(R"("jobs": 0)"), "s.json: /jobs: wanted an integer from 1 to 1024, found 0 (number)");
}

TEST(SweepFiles, TheReferenceAndTheSchemaAreUpToDate) {
  const std::filesystem::path docs = source_folder() / "docs";
  EXPECT_EQ(read_text(docs / "sweep-options.md"), sweep_options_markdown()) << "./dev docs writes it anew";
  EXPECT_EQ(Json::parse(read_text(docs / "sweep.schema.json"), nullptr, false), sweep_schema())
      << "./dev docs writes it anew";
}

TEST(SweepFiles, TheSweepsOfTheRepositoryAreGood) {
  int found = 0;
  // Beside them are the folders of those that somebody ran.
  for (const char* folder : {"sweeps", "sweeps/results"})
    for (const auto& entry : std::filesystem::directory_iterator(source_folder() / folder)) {
      if (entry.path().extension() != ".json") continue;
      const Sweep sweep = read_sweep(entry.path());
      EXPECT_NO_THROW(check_points(sweep, Points(sweep))) << entry.path();
      ++found;
    }
  EXPECT_GE(found, 3);
}

}  // namespace
}  // namespace innerloop
