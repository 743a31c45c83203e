// `innerloop render`: moving pictures of what a run's agent does.
#include "tests/commands/command_line_fixture.h"
#include "tests/support/svg.h"

namespace innerloop {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class RenderTest : public CommandLineTest {
 protected:
  RenderTest() { train(); }
  std::string rendered(std::vector<std::string> more, const std::string& file = "a.svg") const {
    std::vector<std::string> arguments = {"render", "run", "--out", file, "--threads", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Ended ended = run(arguments);
    EXPECT_EQ(ended.exit_code, kExitDone) << ended.err;
    EXPECT_EQ(ended.out, "picture: " + file + "\n");
    return read_text(path(file));
  }
};

TEST_F(RenderTest, ShowsTasksBeforeAndAfterEachStep) {
  const std::string svg = rendered({});
  elements(svg);
  EXPECT_EQ(panels(svg), 3u * 2u);  // held-out tasks; before and after the step of the evaluation
  EXPECT_THAT(svg, HasSubstr("<animate "));
  EXPECT_THAT(svg, HasSubstr("maml on point_navigation after 6 iterations"));
  EXPECT_EQ(rendered({}, "again.svg"), svg);
  EXPECT_THAT(rendered({"--still"}), Not(HasSubstr("<animate ")));  // written over
  EXPECT_EQ(panels(rendered({"--tasks", "2", "--steps", "0,4"})), 4u);
  EXPECT_THAT(rendered({"--tasks", "1"}, "a.gif"), StartsWith("GIF89a"));
}

TEST_F(RenderTest, ShowsTheTasksThatAreGiven) {
  const std::string svg = rendered({"--task", R"({"goal_x": 0.3, "goal_y": -0.4})", "--task",
                                    R"({"goal_x": -0.1, "goal_y": 0.2})", "--steps", "0"});
  EXPECT_EQ(panels(svg), 2u);
  EXPECT_THAT(svg, HasSubstr(">goal_x 0.3, goal_y -0.4<"));
  EXPECT_THAT(svg, HasSubstr(">goal_x -0.1, goal_y 0.2<"));
  EXPECT_EQ(panels(rendered({"--task-seed", "5", "--steps", "1"})), 1u);
}

TEST_F(RenderTest, ShowsTheEpisodesOfATrial) {
  train({"--set", R"(algorithm={"name": "rl2", "trial_length": 40, "minibatches": 3})", "--set",
         R"(policy={"name": "gru", "hidden": 4})", "--set", "horizon=10", "--set", "at_episode_end=restart",
         "--set", "envs_per_task=1"},
        "memory");
  const auto shown = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"render", "memory", "--out", "m.svg"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Ended ended = run(arguments);
    EXPECT_EQ(ended.exit_code, kExitDone) << ended.err;
    return read_text(path("m.svg"));
  };
  EXPECT_EQ(panels(shown({"--tasks", "2"})), 2u * 4u);
  const std::string svg = shown({"--tasks", "1", "--episodes", "1,4"});
  EXPECT_EQ(panels(svg), 2u);
  EXPECT_THAT(svg, HasSubstr(">episode 4: "));
  EXPECT_EQ(refusal({"render", "memory", "--out", "n.svg", "--episodes", "5"}),
            "innerloop: --episodes: wanted numbers from 1 to 4, the episodes of trial 1, found 5");
  EXPECT_THAT(refusal({"render", "memory", "--out", "n.svg", "--steps", "1"}),
              HasSubstr("/algorithm: --steps wants an algorithm that learns a task by gradient steps"));
}

TEST_F(RenderTest, WhatItCannotDoIsRefused) {
  EXPECT_EQ(refusal({"render", "run", "--out", "a.png"}),
            "innerloop: --out: wanted a name that ends in .svg or .gif, found \"a.png\"");
  EXPECT_EQ(refusal({"render", "run", "--out", "a.gif", "--still"}),
            "innerloop: --still: wanted a picture whose name ends in .svg, found \"a.gif\"");
  EXPECT_THAT(refusal({"render", "run", "--out", "a.svg", "--episodes", "1"}),
              HasSubstr("/algorithm: --episodes wants an algorithm that plays trials"));
  EXPECT_THAT(refusal({"render", "run", "--out", "a.svg", "--steps", "1,x"}), HasSubstr("--steps"));
  EXPECT_THAT(refusal({"render", "run", "--out", "a.svg", "--task", "{}"}), HasSubstr("--task"));
  EXPECT_THAT(refusal({"render", "run", "--out", "nowhere/a.svg"}), HasSubstr("nowhere"));
}

}  // namespace
}  // namespace innerloop
