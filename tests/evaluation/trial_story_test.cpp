#include <gmock/gmock.h>

#include "engine/config/config.h"
#include "engine/evaluation/played_trial.h"

namespace innerloop {
namespace {

using testing::HasSubstr;

TEST(TrialStory, ItsReturnsAddUpWhereTheTrialCutsAnEpisodeOff) {
  const Config config = parse_config(R"({"environment": {"name": "grid_navigation"}})", "x.json");
  PlayedTrial trial{
      {4, 2}, {{{-1, -1}, {0}, 1.0f, false}, {{-1, -1}, {0}, 2.0f, true}, {{-1, -1}, {0}, 0.25f, false}}};
  EXPECT_THAT(trial_story(trial, config),
              HasSubstr("return of each episode: 3.00 and 0.25 of one that has not ended\n"
                        "return of the trial: 3.25\n"));
  trial.steps.back().ended = true;
  EXPECT_THAT(trial_story(trial, config), HasSubstr("return of each episode: 3.00 0.25\n"));
}

TEST(TrialStory, LongNumbersStandApart) {
  const Config config = parse_config(R"({"environment": {"name": "grid_navigation"}})", "x.json");
  const PlayedTrial trial{{4, 2}, {{{-1, -1}, {0}, -12345678.0f, true}}};
  EXPECT_THAT(trial_story(trial, config), HasSubstr(" -12345678.00 -12345678.00 -12345678.00\n"));
}

TEST(TrialStory, SymbolsAreSeenToo) {
  const Config config = parse_config(R"({"environment": {"name": "xland"}})", "x.json");
  std::vector<std::int32_t> symbols(50);
  symbols[2 * (5 * 3 + 2)] = Tiles::ball;
  symbols[2 * (5 * 3 + 2) + 1] = 1;
  const PlayedTrial trial{{1, 37, 0, 37, 0, 0, 0, 0}, {{{1, 0, 0, 0}, {3}, 0.5f, true, symbols}}};
  EXPECT_THAT(trial_story(trial, config), HasSubstr("looking up, red ball 1 ahead  pick up"));
}

TEST(TrialStory, BeliefsStandBesideTheSteps) {
  const Config config = parse_config(R"({"environment": {"name": "grid_navigation"}})", "x.json");
  PlayedTrial trial{{4, 2},
                    {{{-1, -1}, {0}, 1.0f, false, {}, {0, -1.25f}, {1, 0.5f}},
                     {{-1, -1}, {0}, 2.0f, true, {}, {10.5f, 0.125f}, {0.25f, 2}}}};
  const std::string story = trial_story(trial, config);
  EXPECT_THAT(story, HasSubstr(" believed               did "));
  EXPECT_THAT(story, HasSubstr("   0.00±1.00 -1.25±0.50  "));
  EXPECT_THAT(story, HasSubstr("  10.50±0.25  0.12±2.00  "));
  for (PlayedStep& step : trial.steps) {
    step.belief_means.assign(7, 0);
    step.belief_deviations.assign(7, 1);
  }
  EXPECT_THAT(trial_story(trial, config), HasSubstr("  0.00±1.00  0.00±1.00 …  "));
  for (PlayedStep& step : trial.steps) step.belief_means = {};
  EXPECT_THAT(trial_story(trial, config), testing::Not(HasSubstr("believed")));
}

}  // namespace
}  // namespace innerloop
