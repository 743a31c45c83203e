// `innerloop sweep` with a metric that is told as a share of what there is to gain.
#include <nlohmann/json.hpp>

#include "tests/commands/command_line_fixture.h"

namespace innerloop {
namespace {

using nlohmann::ordered_json;
using testing::AllOf;
using testing::HasSubstr;

class NormalisedSweepTest : public CommandLineTest {
 protected:
  void write_sweep(const std::string& path_of_metric, const std::string& rest = "",
                   const std::string& environment = "bandit", const std::string& algorithm = kMemory) const {
    write_text(path("s.json"),
               R"({"config": {"iterations": 2, "tasks_per_iteration": 4, "envs_per_task": 1, "horizon": 5,
                   "at_episode_end": "restart", "environment": {"name": ")" +
                   environment + R"("}, )" + algorithm +
                   R"(, "evaluation": {"tasks": 40, "envs_per_task": 2}}, "metric": {"path": ")" +
                   path_of_metric + R"(", "normalise": true})" + (rest.empty() ? "" : ", " + rest) + "}");
  }
  ordered_json results() const { return ordered_json::parse(read_text(path("sweeps/s/results.json"))); }

  static constexpr auto kMemory =
      R"("policy": {"name": "gru", "hidden": 4}, "algorithm": {"name": "rl2", "trial_length": 20, "minibatches": 2})";
};

// What `evaluate` says of them, which plays them by itself.
TEST_F(NormalisedSweepTest, RandomIsNothingAndTheOracleIsAll) {
  write_sweep("evaluation.curve.-1.mean_return", R"("grid": {"outer.lr": [0.001, 0.1]}, "seeds": 5)");
  const Ended ended = run({"sweep", "s.json", "--backend", "cpu"});
  ASSERT_EQ(ended.exit_code, kExitDone) << ended.err;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("normalised"), HasSubstr("optimality gap")));
  ASSERT_EQ(run({"evaluate", "sweeps/s/runs/0000-s1/config.json", "--baseline", "random", "--baseline",
                 "oracle", "--json", "rivals.json"})
                .exit_code,
            kExitDone);
  const ordered_json rivals = ordered_json::parse(read_text(path("rivals.json")));
  const double random = rivals["curve"].back()["mean_return"],
               oracle = rivals["baselines"][0]["curve"].back()["mean_return"];
  ASSERT_GT(oracle, random);

  const ordered_json all = results();
  EXPECT_EQ(all["references"], (ordered_json{{"bandit", {{"random", random}, {"oracle", oracle}}}}));
  ASSERT_EQ(all["points"].size(), 2u);
  for (const ordered_json& point : all["points"]) {
    const ordered_json& its = point["normalised"];
    const auto share = [&](const ordered_json& number) {
      return (number.get<double>() - random) / (oracle - random);
    };
    EXPECT_NEAR(its["mean"].get<double>(), share(point["mean"]), 1e-9);
    EXPECT_NEAR(its["iqm"].get<double>(), share(point["iqm"]), 1e-9);
    for (const char* interval : {"interval", "t_interval", "iqm_interval"})
      for (const std::size_t end : {0u, 1u})
        EXPECT_NEAR(its[interval][end].get<double>(), share(point[interval][end]), 1e-9) << interval;
    // What lies above the oracle counts as the oracle: here in each task of each run.
    double gap = 0;
    int count = 0;
    for (const ordered_json& run : point["runs"]) {
      const std::string folder = "sweeps/s/runs/000" + point["point"].dump() + "-s" + run["seed"].dump();
      const ordered_json by_task = ordered_json::parse(read_text(path(folder) / "evaluation_tasks.json"));
      for (const ordered_json& task : by_task["returns"]) {
        gap += std::max(0.0, 1 - share(task.back()));
        ++count;
      }
    }
    EXPECT_NEAR(its["optimality_gap"].get<double>(), gap / count, 1e-9);
    EXPECT_GT(its["optimality_gap"].get<double>(), 1 - its["mean"].get<double>()) << "some tasks are above";
    EXPECT_LE(its["optimality_gap_interval"][0], its["optimality_gap"]);
    EXPECT_GE(its["optimality_gap_interval"][1], its["optimality_gap"]);
  }
  EXPECT_THAT(read_text(path("sweeps/s/report.html")),
              AllOf(HasSubstr("Normalised is the share"), HasSubstr(">optimality gap</th>")));
  EXPECT_THAT(read_text(path("sweeps/s/results.csv")), HasSubstr(",normalised,normalised_low,"));
}

TEST_F(NormalisedSweepTest, TheyPlayOnceForEachKindOfTask) {
  write_sweep("evaluation.trial_return.mean", R"("grid": {"algorithm.trial_length": [10, 20]})");
  ASSERT_EQ(run({"sweep", "s.json", "--backend", "cpu"}).exit_code, kExitDone);
  ordered_json all = results();
  EXPECT_EQ(all["points"][0]["group"], "bandit 1");
  EXPECT_EQ(all["points"][1]["group"], "bandit 2") << "a longer trial brings more";
  EXPECT_LT(all["references"]["bandit 1"]["oracle"], all["references"]["bandit 2"]["oracle"]);
  EXPECT_EQ(all["points"][0]["normalised"]["interval"], nullptr) << "of one run there is none";

  // What is there is taken from there …
  const auto file = path("sweeps/s/references.json");
  ordered_json references = ordered_json::parse(read_text(file));
  ASSERT_EQ(references["references"].size(), 2u);
  for (ordered_json& each : references["references"]) each["oracle"] = 1e6;
  write_text(file, references.dump());
  ASSERT_EQ(run({"sweep", "sweeps/s", "--results"}).exit_code, kExitDone);
  EXPECT_EQ(results()["references"]["bandit 2"]["oracle"], 1e6);
  // … and that of another metric is not this one's.
  write_sweep("evaluation.curve.0.mean_return", R"("grid": {"algorithm.trial_length": [10, 20]})");
  ASSERT_EQ(run({"sweep", "s.json", "--resume", "--results"}).exit_code, kExitDone);
  EXPECT_LT(results()["references"]["bandit 2"]["oracle"], 6);
  write_text(file, R"({"metric": "evaluation.curve.0.mean_return"})");
  EXPECT_THAT(refusal({"sweep", "sweeps/s", "--results"}),
              HasSubstr("references.json: wanted what hand-written learners reach, found"));
}

TEST_F(NormalisedSweepTest, WhereThereIsNoOracleItIsRefusedBeforeAnythingIsDone) {
  const auto refused = [&](const std::string& words) {
    EXPECT_THAT(refusal({"sweep", "s.json", "--backend", "cpu"}), HasSubstr(words));
  };
  constexpr auto kTrial = "evaluation.trial_return.mean";
  write_sweep(kTrial, "", "point_navigation");
  refused("s.json: point 0: /metric/normalise: wanted an environment with a hand-written oracle, ");
  refused(R"(found "point_navigation")");
  write_sweep("evaluation.curve.0.mean_return", "", "bandit", R"("algorithm": {"name": "maml"})");
  refused(R"(/metric/normalise: wanted algorithm "rl2", whose trials the oracle plays, found "maml")");
  write_sweep("evaluation.trial_return.ci95");
  refused("s.json: /metric/normalise: wanted a return that hand-written learners have, too");
  write_sweep("evaluation.curve.9.mean_return");
  refused(
      "metric: wanted a number at evaluation.curve.9.mean_return, found in what \"random\" reaches a list of "
      "4");
  // In a single pull the best arm need not pay.
  write_sweep(kTrial, R"("set": {"horizon": 1, "algorithm.trial_length": 1, "algorithm.minibatches": 1,
                                 "evaluation.tasks": 1, "evaluation.envs_per_task": 1},
                         "grid": {"evaluation.seed": [1, 2, 3, 4, 5, 6, 7, 8, 9]})");
  refused("/metric/normalise: wanted an oracle above random, ");
}

}  // namespace
}  // namespace innerloop
