// Episodes as shapes: what is drawn is what was played.
#include "engine/evaluation/sketches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/evaluation/curve.h"
#include "engine/evaluation/episode_pictures.h"
#include "engine/evaluation/step_evaluator.h"
#include "engine/learned/create.h"
#include "engine/pictures/svg.h"
#include "tests/examples/line_walk.h"
#include "tests/support/svg.h"
#include "tests/support/tiny_run.h"

namespace innerloop {
namespace {

using testing::HasSubstr;
using testing::Not;

class EveryEnvironment : public testing::TestWithParam<std::string> {};

TEST_P(EveryEnvironment, IsDrawnAsItWasPlayed) {
  const Config config = tiny_config({R"(environment={"name": ")" + GetParam() + R"("})", "horizon=12",
                                     "evaluation.inner_steps=1", "evaluation.envs_per_task=3"});
  Device device(kOneThread);
  const auto evaluator = StepEvaluator::create(config, device);
  evaluator->allocate();
  evaluator->evaluate(create_learned(config).initial(5));
  const std::vector<PlayedEpisodes> episodes = evaluator->first_episodes(0, 9);
  ASSERT_EQ(episodes.size(), 3u);
  PictureRow row{"a <row> & more", {}};
  for (const PlayedEpisodes& episode : episodes) {
    const std::vector<SketchedEpisode> all = sketch(config, evaluator->task(0), episode);
    ASSERT_EQ(all.size(), 1u);
    const SketchedEpisode& sketched = all[0];
    ASSERT_EQ(sketched.states.size(), episode.steps.size() + 1);
    for (std::size_t t = 0; t < episode.steps.size(); ++t) {
      EXPECT_EQ(sketched.rewards[t], episode.steps[t].got) << "step " << t;
      EXPECT_EQ(episode.steps[t].ended, t + 1 == episode.steps.size());
    }
    for (const Sketch& state : sketched.states) EXPECT_FALSE(state.shapes().empty());
    row.panels.push_back({sketched.states, "caption"});
  }
  for (const bool still : {true, false}) {
    const std::string svg = svg_picture({"title", {row}}, still);
    elements(svg);
    EXPECT_EQ(panels(svg), 3u);
    EXPECT_THAT(svg, Not(testing::ContainsRegex("nan|inf")));
    EXPECT_THAT(svg, HasSubstr("a &lt;row&gt; &amp; more"));
  }
}
// Each task's own trial, episode by episode, also where the trial begins anew in the middle of a horizon.
TEST_P(EveryEnvironment, IsDrawnAsItsTrialsWerePlayed) {
  const Config config = parse_config(
      R"({"horizon": 12, "at_episode_end": "restart", "policy": {"name": "gru", "hidden": 4},
          "algorithm": {"name": "rl2", "trial_length": 36}, "evaluation": {"tasks": 2, "envs_per_task": 1}})",
      "trials.json", std::vector{R"(environment={"name": ")" + GetParam() + R"("})"});
  Device device(kOneThread);
  const std::vector<PlayedTrial> trials =
      play_trials(config, device, create_learned(config).initial(config.seed));
  ASSERT_EQ(trials.size(), 2u);
  EXPECT_NE(trials[0].task, trials[1].task);
  for (int number = 0; number < 2; ++number) {
    const PlayedTrial& trial = trials[static_cast<std::size_t>(number)];
    const std::vector<SketchedEpisode> episodes = sketch(
        config, trial.task, {{config.evaluation.seed, kEvaluationIteration}, number, 0, 0, trial.steps});
    EXPECT_GE(episodes.size(), 3u);
    std::vector<float> rewards, got;
    std::size_t ends = 0;
    for (const SketchedEpisode& episode : episodes) {
      EXPECT_EQ(episode.states.size(), episode.rewards.size() + 1);
      rewards.insert(rewards.end(), episode.rewards.begin(), episode.rewards.end());
    }
    for (const PlayedStep& step : trial.steps) {
      got.push_back(step.got);
      ends += step.ended;
    }
    EXPECT_EQ(rewards, got);
    if (!trial.steps.back().ended) ++ends;  // the trial's end cuts an episode off
    EXPECT_EQ(episodes.size(), ends);
  }
}
INSTANTIATE_TEST_SUITE_P(Sketches, EveryEnvironment, testing::ValuesIn([] {
                           std::vector<std::string> names;
                           const std::vector<Listing> lists = listings();
                           for (const auto& [name, meaning] : lists[0].entries) names.push_back(name);
                           return names;
                         }()),
                         [](const auto& info) { return info.param; });

TEST(Sketches, SquashedActionsAreThoseThatTheEnvironmentWasHanded) {
  const Config config = tiny_config(
      {R"(environment={"name": "pendulum"})", "policy.squash=1.5", "evaluation.inner_steps=0", "horizon=30"});
  Device device(kOneThread);
  const auto evaluator = StepEvaluator::create(config, device);
  evaluator->allocate();
  evaluator->evaluate(create_learned(config).initial(5));
  const PlayedEpisodes episode = evaluator->first_episodes(0, 1)[0];
  const SketchedEpisode sketched = sketch(config, evaluator->task(0), episode)[0];
  for (std::size_t t = 0; t < 30; ++t) EXPECT_EQ(sketched.rewards[t], episode.steps[t].got);
}

TEST(Sketches, AnEnvironmentWithoutOneIsRefused) {
  static_assert(!Sketches<LineWalk>);
  EXPECT_NO_THROW(check_sketches<PointNavigation>("--picture"));
  EXPECT_EQ(message_of<InputError>([] { check_sketches<LineWalk>("--picture"); }),
            "--picture: wanted an environment that can be drawn (kernels/environment/sketch.h), found "
            "\"line_walk\"");
}

TEST(Sketches, AreOfTheTaskThatIsAskedFor) {
  const Config config = tiny_config({"evaluation.tasks=3", "evaluation.inner_steps=1", "horizon=9"});
  Device device(kOneThread);
  const auto evaluator = StepEvaluator::create(config, device);
  evaluator->allocate();
  evaluator->evaluate(create_learned(config).initial(5));
  for (int task = 0; task < 3; ++task) {
    const PlayedEpisodes played = evaluator->first_episodes(task, 1).front();
    const SketchedEpisode sketched = sketch(config, evaluator->task(task), played).front();
    for (std::size_t t = 0; t < played.steps.size(); ++t) EXPECT_EQ(sketched.rewards[t], played.steps[t].got);
  }
}

TEST(EpisodePictures, HaveARowATaskAndAPanelANumberOfSteps) {
  const Config config = tiny_config({"evaluation.tasks=2"});
  Device device(kOneThread);
  const std::vector<float> params = create_learned(config).initial(5);
  const std::vector<PictureRow> rows = rows_of_steps(config, device, params, {0, 2}, {});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_NE(rows[0].title, rows[1].title);
  EXPECT_THAT(rows[0].title, testing::ContainsRegex("goal_x .*, goal_y .*"));
  for (const PictureRow& row : rows) {
    ASSERT_EQ(row.panels.size(), 2u);
    EXPECT_THAT(row.panels[0].caption, testing::ContainsRegex("step 0: -[0-9.]+ \\(mean -[0-9.]+\\)"));
    EXPECT_THAT(row.panels[1].caption, testing::StartsWith("step 2: -"));
  }
}

}  // namespace
}  // namespace innerloop
