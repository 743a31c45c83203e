// Pictures of episodes: what is drawn is what was played, and the file is one that viewers can read.
#include "engine/evaluation/picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <regex>

#include "engine/evaluation/step_evaluator.h"
#include "engine/learned/create.h"
#include "tests/examples/line_walk.h"
#include "tests/support/tiny_run.h"

namespace innerloop {
namespace {

using testing::HasSubstr;
using testing::Not;

// The names of the elements, each of which has to be closed, by itself or in its turn.
std::vector<std::string> elements(const std::string& svg) {
  std::vector<std::string> found, open;
  const std::regex tag(R"(<(/?)([a-z]+)((?: [A-Za-z0-9]+="[^"<>&]*")*)(/?)>)");
  std::size_t brackets = 0;
  for (std::sregex_iterator at(svg.begin(), svg.end(), tag), end; at != end; ++at, ++brackets) {
    if ((*at)[1].length() > 0) {
      EXPECT_FALSE(open.empty() || open.back() != (*at)[2]) << (*at)[0];
      if (!open.empty()) open.pop_back();
      continue;
    }
    found.push_back((*at)[2]);
    if ((*at)[4].length() == 0) open.push_back((*at)[2]);
  }
  EXPECT_TRUE(open.empty());
  EXPECT_EQ(brackets, static_cast<std::size_t>(std::ranges::count(svg, '<')));
  EXPECT_EQ(found.at(0), "svg");
  return found;
}

std::size_t panels(const std::string& svg) {
  std::size_t count = 0;
  for (std::size_t at = svg.find("class=\"panel\""); at != svg.npos; at = svg.find("class=\"panel\"", at + 1))
    ++count;
  return count;
}

class EveryEnvironment : public testing::TestWithParam<std::string> {};

TEST_P(EveryEnvironment, IsDrawnAsItWasPlayed) {
  const Config config = tiny_config({R"(environment={"name": ")" + GetParam() + R"("})", "horizon=12",
                                     "evaluation.inner_steps=1", "evaluation.envs_per_task=3"});
  Device device(kOneThread);
  const auto evaluator = StepEvaluator::create(config, device);
  evaluator->allocate();
  evaluator->evaluate(create_learned(config).initial(5));
  const std::vector<PlayedEpisode> episodes = evaluator->first_episodes(9);
  ASSERT_EQ(episodes.size(), 3u);
  PictureRow row{"a <row> & more", {}};
  for (const PlayedEpisode& episode : episodes) {
    const SketchedEpisode sketched = sketch(config, evaluator->task(0), episode);
    ASSERT_EQ(sketched.states.size(), episode.steps.size() + 1);
    for (std::size_t t = 0; t < episode.steps.size(); ++t) {
      EXPECT_EQ(sketched.rewards[t], episode.steps[t].got) << "step " << t;
      EXPECT_EQ(episode.steps[t].ended, t + 1 == episode.steps.size());
    }
    for (const Sketch& state : sketched.states) EXPECT_FALSE(state.shapes().empty());
    row.panels.push_back({sketched.states, "caption"});
  }
  const std::string svg = svg_picture("title", {row});
  elements(svg);
  EXPECT_EQ(panels(svg), 3u);
  EXPECT_THAT(svg, Not(testing::ContainsRegex("nan|inf")));
  EXPECT_THAT(svg, HasSubstr("a &lt;row&gt; &amp; more"));
}
INSTANTIATE_TEST_SUITE_P(Picture, EveryEnvironment, testing::ValuesIn([] {
                           std::vector<std::string> names;
                           const std::vector<Listing> lists = listings();
                           for (const auto& [name, meaning] : lists[0].entries) names.push_back(name);
                           return names;
                         }()),
                         [](const auto& info) { return info.param; });

TEST(Picture, SquashedActionsAreThoseThatTheEnvironmentWasHanded) {
  const Config config = tiny_config(
      {R"(environment={"name": "pendulum"})", "policy.squash=1.5", "evaluation.inner_steps=0", "horizon=30"});
  Device device(kOneThread);
  const auto evaluator = StepEvaluator::create(config, device);
  evaluator->allocate();
  evaluator->evaluate(create_learned(config).initial(5));
  const PlayedEpisode episode = evaluator->first_episodes(1)[0];
  const SketchedEpisode sketched = sketch(config, evaluator->task(0), episode);
  for (std::size_t t = 0; t < 30; ++t) EXPECT_EQ(sketched.rewards[t], episode.steps[t].got);
}

TEST(Picture, ShapesWithoutAPlaceAreLeftOut) {
  const double nan = std::nan(""), infinite = std::numeric_limits<double>::infinity();
  Sketch sketch;
  sketch.circle(nan, 0, 1, Ink::body);
  sketch.circle(0, 0, infinite, Ink::body);
  sketch.line(0, 0, infinite, 1, Ink::scene);
  sketch.polygon({{0, 0}, {1, nan}}, Ink::goal);
  sketch.trace(nan, 0);
  EXPECT_TRUE(sketch.shapes().empty());
  EXPECT_FALSE(sketch.trace());
  // With nothing to show, or all of it at one point, there is a picture still.
  elements(svg_picture("", {}));
  elements(svg_picture("nothing", {{"row", {{{sketch}, ""}, {{}, ""}}}}));
  sketch.line(2, 3, 2, 3, Ink::goal);
  sketch.arrow(2, 3, 2, 3, Ink::body);
  const std::string svg = svg_picture("a point", {{"row", {{{sketch}, ""}}}});
  elements(svg);
  EXPECT_THAT(svg, Not(testing::ContainsRegex("nan|inf")));
}

TEST(Picture, ThePlaneHasOneScaleAndYGoesUp) {
  Sketch wide, high;
  wide.line(0, 0, 10, 0, Ink::scene);
  high.line(0, 0, 0, 5, Ink::scene);
  const std::string svg = svg_picture("", {{"", {{{wide}, ""}, {{high}, ""}}}});
  const std::regex line(R"re(<line class="scene" x1="(\S+)" y1="(\S+)" x2="(\S+)" y2="(\S+)"/>)re");
  std::vector<std::array<double, 4>> ends;
  for (std::sregex_iterator at(svg.begin(), svg.end(), line), end; at != end; ++at)
    ends.push_back({std::stod((*at)[1]), std::stod((*at)[2]), std::stod((*at)[3]), std::stod((*at)[4])});
  ASSERT_EQ(ends.size(), 2u);
  EXPECT_GT(ends[0][2] - ends[0][0], 100);
  EXPECT_NEAR(ends[1][1] - ends[1][3], (ends[0][2] - ends[0][0]) / 2, 0.02);
}

TEST(Picture, AnEnvironmentWithoutOneIsRefused) {
  static_assert(!Sketches<LineWalk>);
  EXPECT_NO_THROW(check_sketches<PointNavigation>("--picture"));
  EXPECT_EQ(message_of<InputError>([] { check_sketches<LineWalk>("--picture"); }),
            "--picture: wanted an environment that can be drawn (kernels/environment/sketch.h), found "
            "\"line_walk\"");
}

}  // namespace
}  // namespace innerloop
