// `innerloop adapt`, and `innerloop evaluate` with what it saved and with several runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/commands/command_line_fixture.h"

namespace innerloop {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class AdaptTest : public CommandLineTest {
 protected:
  AdaptTest() { train(); }
  std::vector<std::string> adapt(const std::string& task, const std::string& steps = "2",
                                 const std::string& run = "run") const {
    return {"adapt", run, "--task", task, "--steps", steps, "--out", "policy.safetensors", "--threads", "1"};
  }
  TensorFile policy(const std::string& name = "policy.safetensors") const {
    return TensorFile::read(path(name));
  }
  // The mean returns of evaluation.json.
  std::vector<double> curve(const std::string& file = "run/evaluation.json") const {
    std::vector<double> returns;
    const auto report = nlohmann::json::parse(read_text(path(file)));
    for (const auto& point : report["curve"]) returns.push_back(point["mean_return"]);
    return returns;
  }
};

const std::string kTask = R"({"goal_x": 0.3, "goal_y": -0.4})";

TEST_F(AdaptTest, SavesThePolicyAndPrintsTheReturnBeforeAndAfter) {
  const Ended ended = run(adapt(kTask));
  ASSERT_EQ(ended.exit_code, kExitDone) << ended.err;
  const TensorFile saved = policy();
  const auto returns = nlohmann::json::parse(saved.metadata("returns")).get<std::vector<double>>();
  ASSERT_EQ(returns.size(), 3u);
  char text[80];
  std::snprintf(text, sizeof text, "return before: %.2f, after: %.2f\n", returns[0], returns[2]);
  EXPECT_THAT(ended.out, AllOf(HasSubstr(text), HasSubstr(R"({"goal_x":0.3,"goal_y":-0.4})")));
  EXPECT_EQ(nlohmann::json::parse(saved.metadata("task")), nlohmann::json::parse(kTask));
  EXPECT_EQ(saved.metadata("iteration"), "6");
  EXPECT_EQ(parse_config(saved.metadata("config"), "metadata"), tiny_config());
  const TensorFile checkpoint = TensorFile::read(newest_checkpoint());
  EXPECT_EQ(saved.metadata("layout"), checkpoint.metadata("layout"));
  EXPECT_NE(saved.values<float>("params", {43}), checkpoint.values<float>("params", {43}));
}

TEST_F(AdaptTest, ItsPolicyIsTheOneThatEvaluateMeasures) {
  ASSERT_EQ(run(adapt(kTask)).exit_code, kExitDone);
  const auto returns = nlohmann::json::parse(policy().metadata("returns")).get<std::vector<double>>();
  ASSERT_EQ(run({"evaluate", "run", "--task", kTask, "--steps", "2", "--json", "one.json"}).exit_code,
            kExitDone);
  EXPECT_EQ(curve("one.json"), returns);
  // Measured without sampling, it does what the checkpoint's policy does after two steps.
  const std::vector<std::string> exact = {"evaluate", "run", "--task", kTask,
                                          "--steps",  "0",   "--json", "one.json"};
  std::vector<std::string> adapted = exact;
  adapted.insert(adapted.end(), {"--policy", "policy.safetensors"});
  auto config = to_json(tiny_config({"evaluation.deterministic=true", "evaluation.inner_steps=2"}));
  write_text(path("run/config.json"), config.dump());
  ASSERT_EQ(run({"evaluate", "run", "--task", kTask, "--json", "one.json"}).exit_code, kExitDone);
  const double after = curve("one.json").back();
  ASSERT_EQ(run(exact).exit_code, kExitDone);
  const double before = curve("one.json").back();
  ASSERT_EQ(run(adapted).exit_code, kExitDone);
  EXPECT_EQ(curve("one.json").back(), after);
  EXPECT_NE(before, after);
}

TEST_F(AdaptTest, OfAPolicyWithAContextTheContextIsSaved) {
  const std::vector<std::string> cavia = {"--set", R"(algorithm={"name": "cavia", "inner_lr": 1})"};
  train(cavia, "cavia");
  ASSERT_EQ(run(adapt(kTask, "2", "cavia")).exit_code, kExitDone);
  EXPECT_EQ(policy().tensors().size(), 1u);
  const std::vector<float> context = policy().values<float>("context", {5});
  EXPECT_NE(context, std::vector<float>(5));
  // The run's policy with it does what the adapted one does.
  auto config = nlohmann::json::parse(read_text(path("cavia/config.json")));
  config["evaluation"]["deterministic"] = true;
  config["evaluation"]["inner_steps"] = 2;
  write_text(path("cavia/config.json"), config.dump());
  const auto last = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"evaluate", "cavia", "--json", "out.json", "--task", kTask});
    const Ended ended = run(arguments);
    EXPECT_EQ(ended.exit_code, kExitDone) << ended.err;
    return nlohmann::json::parse(read_text(path("out.json")))["curve"].back()["mean_return"].get<double>();
  };
  const double after = last({}), before = last({"--steps", "0"});
  EXPECT_EQ(last({"--steps", "0", "--policy", "policy.safetensors"}), after);
  EXPECT_NE(before, after);
  // With another policy it means something else: of another seed, or after another iteration.
  for (const std::string change : {"iterations=3", "seed=9"}) {
    train({cavia[0], cavia[1], "--set", change}, change);
    EXPECT_EQ(refusal({"evaluate", change, "--policy", "policy.safetensors"}),
              "innerloop: policy.safetensors: wanted a context for this run's policy, found one for another "
              "policy, "
              "after 6 iterations");
  }
}

TEST_F(AdaptTest, ASeedDrawsTheTask) {
  const auto with_seed = [&](const std::string& seed, const std::string& out) {
    const Ended ended = run({"adapt", "run", "--task-seed", seed, "--steps", "1", "--out", out});
    EXPECT_EQ(ended.exit_code, kExitDone) << ended.err;
    return policy(out).metadata("task");
  };
  const std::string first = with_seed("5", "a");
  EXPECT_EQ(with_seed("5", "b"), first);
  EXPECT_NE(with_seed("6", "c"), first);
  EXPECT_EQ(read_text(path("a")), read_text(path("b")));
}

TEST_F(AdaptTest, APictureShowsEpisodesBeforeAndAfter) {
  std::vector<std::string> with_picture = adapt(kTask);
  with_picture.insert(with_picture.end(), {"--picture", "picture.svg"});
  const Ended ended = run(with_picture);
  ASSERT_EQ(ended.exit_code, kExitDone) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("picture: picture.svg\n"));
  const std::string svg = read_text(path("picture.svg"));
  std::size_t panels = 0;
  for (std::size_t at = svg.find("<g class=\"panel\">"); at != svg.npos;
       at = svg.find("<g class=\"panel\">", at + 1))
    ++panels;
  EXPECT_EQ(panels, 4u);  // of two trajectories each
  const auto returns = nlohmann::json::parse(policy().metadata("returns")).get<std::vector<double>>();
  char text[80];
  std::snprintf(text, sizeof text, "before adaptation: mean return %.2f", returns[0]);
  EXPECT_THAT(svg, AllOf(StartsWith("<svg "), HasSubstr(text), HasSubstr("after gradient step 2")));
  // Nothing is written over.
  std::filesystem::remove(path("policy.safetensors"));
  EXPECT_THAT(refusal(with_picture), HasSubstr("picture.svg: wanted a file that does not exist, found one"));
}

TEST_F(AdaptTest, RefusesBadInputAndWritesNothing) {
  EXPECT_THAT(refusal(adapt(R"({"goal_x": 1, "gaol_y": 0})")),
              AllOf(StartsWith("innerloop: --task: /gaol_y: wanted a number of a task of point_navigation"),
                    HasSubstr("nearest: \"goal_y\"")));
  EXPECT_THAT(refusal(adapt(R"({"goal_x": 1})")), HasSubstr("--task: /goal_y: wanted a number, found none"));
  EXPECT_THAT(refusal(adapt("goal_x=1")), StartsWith("innerloop: --task: "));
  EXPECT_THAT(refusal(adapt(R"({"cart_mass": 1, "pole_mass": 1})")),  // of another environment
              HasSubstr("--task: /cart_mass: wanted a number of a task of point_navigation"));
  EXPECT_THAT(refusal(adapt(kTask, "0")), HasSubstr("--steps: Value 0 not in range"));
  EXPECT_THAT(refusal(adapt(kTask, "256")), HasSubstr("--steps"));
  EXPECT_THAT(refusal(adapt(kTask, "2", "none")),
              StartsWith("innerloop: none: wanted a run folder, found none"));
  EXPECT_THAT(refusal({"adapt", "run", "--steps", "1", "--out", "x"}), HasSubstr("adapt: wanted a task"));
  EXPECT_THAT(refusal({"adapt", "run", "--task", kTask, "--task-seed", "1", "--steps", "1", "--out", "x"}),
              HasSubstr("--task"));
  EXPECT_THAT(refusal({"adapt", "run", "--task-seed", "1", "--steps", "1", "--out", "none/x"}),
              HasSubstr("none"));
  write_text(path("policy.safetensors"), "mine");
  EXPECT_THAT(refusal(adapt(kTask)), HasSubstr("policy.safetensors: wanted a file that does not exist"));
}

TEST_F(AdaptTest, RefusesNumbersOutOfRange) {
  train({"--set", R"(environment={"name": "bandit", "arms": 2})"}, "bandit");
  EXPECT_THAT(refusal(adapt(R"({"arm_0": 0.5, "arm_1": 1.5})", "1", "bandit")),
              HasSubstr("--task: /arm_1: wanted a number from 0 to 1, found 1.5 (number)"));
  EXPECT_THAT(refusal(adapt(R"({"arm_0": 0.5, "arm_1": 0.5, "arm_2": 0.5})", "1", "bandit")),
              HasSubstr("--task: /arm_2: wanted a number of a task of bandit"));
  train({"--set", R"(environment={"name": "grid_navigation"})"}, "grid");
  EXPECT_THAT(refusal(adapt(R"({"goal_x": 1.5, "goal_y": 4})", "1", "grid")),
              HasSubstr("--task: /goal_x: wanted an integer from 0 to 4, found 1.5 (number)"));
  train({"--set", R"(environment={"name": "cartpole"})"}, "cartpole");
  const std::string rest = R"(, "pole_mass": 1, "pole_half_length": 1, "force": 1, "gravity": 1})";
  EXPECT_THAT(refusal(adapt(R"({"cart_mass": 0)" + rest, "1", "cartpole")),
              HasSubstr("--task: /cart_mass: wanted a number above 0, found 0 (number)"));
  EXPECT_EQ(run(adapt(R"({"cart_mass": 100)" + rest, "1", "cartpole")).exit_code, kExitDone);
}

TEST_F(AdaptTest, APolicyOfAnotherArchitectureOrEnvironmentIsRefused) {
  ASSERT_EQ(run(adapt(kTask)).exit_code, kExitDone);
  const auto refused = [&](const std::string& name, const std::vector<std::string>& more) {
    train(more, name);
    return refusal({"evaluate", name, "--policy", "policy.safetensors"});
  };
  EXPECT_THAT(refused("wide", {"--set", "policy.hidden=[5,4]"}),
              AllOf(HasSubstr("policy.safetensors: "), HasSubstr("\"params\""), HasSubstr("[51]")));
  EXPECT_THAT(refused("narrow", {"--set", "policy.hidden=[3,5]"}), HasSubstr("the policy's layout: wanted"));
  EXPECT_THAT(refused("wind", {"--set", R"(environment={"name": "wind_navigation"})"}),
              HasSubstr("wanted a policy for wind_navigation, found one for point_navigation"));
  EXPECT_THAT(refusal({"evaluate", "run", "--policy", newest_checkpoint()}), HasSubstr("\"environment\""));
}

TEST_F(AdaptTest, SeveralRunsAreOneSortedTableWithPairedDifferences) {
  train({"--set", "algorithm.name=fomaml", "--set", "seed=9"}, "first_order");
  train({"--set", R"(algorithm={"name": "meta_sgd"})", "--set", "evaluation.tasks=5"}, "meta_sgd");
  const auto before = read_text(path("run/evaluation.json"));
  const Ended ended =
      run({"evaluate", "run", "first_order", "meta_sgd", "--steps", "2", "--json", "all.json"});
  ASSERT_EQ(ended.exit_code, kExitDone) << ended.err;
  EXPECT_EQ(read_text(path("run/evaluation.json")), before);
  const auto report = nlohmann::json::parse(read_text(path("all.json")));
  EXPECT_EQ(report["tasks"], 2);
  ASSERT_EQ(report["runs"].size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& each = report["runs"][i];
    ASSERT_EQ(each["curve"].size(), 3u);
    const double last = each["curve"][2]["mean_return"];
    const double best = report["runs"][0]["curve"][2]["mean_return"];
    EXPECT_NEAR(each["difference"]["mean"], last - best, 1e-9);
    if (i > 0) {
      EXPECT_LE(last, report["runs"][i - 1]["curve"][2]["mean_return"].get<double>());
      EXPECT_GT(each["difference"]["ci95"], 0);
    }
    EXPECT_THAT(ended.out, HasSubstr(each["run"].get<std::string>()));
  }
  // Alone, each gives the same curve.
  ASSERT_EQ(run({"evaluate", "run", "--steps", "2"}).exit_code, kExitDone);
  for (const auto& each : report["runs"]) {
    if (each["run"] != "run") continue;
    for (std::size_t step = 0; step < 3; ++step) EXPECT_EQ(each["curve"][step]["mean_return"], curve()[step]);
  }
}

// What is not finite is no best, wherever it stands among the arguments.
TEST_F(AdaptTest, ARunThatDivergedIsLast) {
  train({"--set", "evaluation.inner_lr=1e30"}, "diverged");
  for (const std::vector<std::string>& order :
       {std::vector<std::string>{"diverged", "run"}, {"run", "diverged"}}) {
    const Ended ended = run({"evaluate", order[0], order[1], "--steps", "3", "--json", "all.json"});
    ASSERT_EQ(ended.exit_code, kExitDone) << ended.err;
    const auto runs = nlohmann::json::parse(read_text(path("all.json")))["runs"];
    EXPECT_EQ(runs[0]["run"], "run");
    EXPECT_EQ(runs[0]["difference"]["mean"], 0);
    EXPECT_EQ(runs[1]["run"], "diverged");
    EXPECT_TRUE(runs[1]["curve"][3]["mean_return"].is_null());
    EXPECT_TRUE(runs[1]["difference"]["mean"].is_null());
    EXPECT_THAT(ended.out, Not(HasSubstr("-nan")));
  }
}

TEST_F(AdaptTest, RunsOfOtherTasksAreNotCompared) {
  train({"--set", "environment.action_scale=0.2"}, "other");
  EXPECT_THAT(refusal({"evaluate", "run", "other"}),
              AllOf(StartsWith("innerloop: other/config.json: /environment: wanted that of run/config.json"),
                    HasSubstr("\"action_scale\":0.2")));
  train({"--set", "horizon=6"}, "longer");
  EXPECT_THAT(refusal({"evaluate", "run", "longer"}), HasSubstr("/horizon: wanted"));
  EXPECT_THAT(refusal({"evaluate", "run", "none"}), HasSubstr("none: wanted a run folder"));
  EXPECT_THAT(refusal({"evaluate", "run", "run", "--task", kTask}), HasSubstr("--task: wanted one RUN"));
}

}  // namespace
}  // namespace innerloop
