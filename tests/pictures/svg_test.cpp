// Pictures of episodes as SVG: files that viewers can read, that move where they are to.
#include "engine/pictures/svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <regex>
#include <sstream>

#include "tests/support/svg.h"

namespace innerloop {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Svg, ShapesWithoutAPlaceAreLeftOut) {
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
  elements(svg_picture({}, true));
  elements(svg_picture({"nothing", {{"row", {{{sketch}, ""}, {{}, ""}}}}}, true));
  sketch.line(2, 3, 2, 3, Ink::goal);
  sketch.arrow(2, 3, 2, 3, Ink::body);
  for (const bool still : {true, false}) {
    const std::string svg = svg_picture({"a point", {{"row", {{{sketch}, ""}}}}}, still);
    elements(svg);
    EXPECT_THAT(svg, Not(testing::ContainsRegex("nan|inf")));
  }
}

TEST(Svg, ThePlaneHasOneScaleAndYGoesUp) {
  Sketch wide, high;
  wide.line(0, 0, 10, 0, Ink::scene);
  high.line(0, 0, 0, 5, Ink::scene);
  const std::string svg = svg_picture({"", {{"", {{{wide}, ""}, {{high}, ""}}}}}, true);
  const std::regex line(R"re(<line class="scene" x1="(\S+)" y1="(\S+)" x2="(\S+)" y2="(\S+)"/>)re");
  std::vector<std::array<double, 4>> ends;
  for (std::sregex_iterator at(svg.begin(), svg.end(), line), end; at != end; ++at)
    ends.push_back({std::stod((*at)[1]), std::stod((*at)[2]), std::stod((*at)[3]), std::stod((*at)[4])});
  ASSERT_EQ(ends.size(), 2u);
  EXPECT_GT(ends[0][2] - ends[0][0], 100);
  EXPECT_NEAR(ends[1][1] - ends[1][3], (ends[0][2] - ends[0][0]) / 2, 0.02);
}

TEST(Svg, APictureGoesAlongWithARunner) {
  const auto runner = [](double x) {
    Sketch state;
    state.frame(x - 1, 0, x + 1, 1);
    state.line(x - 1, 0, x + 1, 0, Ink::scene);
    state.circle(x + 0.5, 0.5, 0.1, Ink::body);
    state.trace(x, 0.5);
    return state;
  };
  const Picture picture = {"", {{"", {{{runner(0), runner(40)}, ""}, {{runner(-7)}, ""}}}}};
  EXPECT_EQ(svg_picture(picture, true),
            svg_picture({"", {{"", {{{runner(0), runner(0)}, ""}, {{runner(0)}, ""}}}}}, true));
  const Picture fixed = with_fixed_frames(picture);
  EXPECT_EQ(fixed.rows[0].panels[1].states[0].frame()->left, -1);
  EXPECT_EQ(fixed.rows[0].panels[0].states[1].trace()->x, 0);
  EXPECT_EQ(picture.rows[0].panels[0].states[1].trace()->x, 40);
}

// A body that walks to the right for `steps` steps, beside a wall that stands; from the third state on it carries a flag.
PicturePanel walk(int steps) {
  PicturePanel panel{{}, "walk & <wait>"};
  for (int i = 0; i <= steps; ++i) {
    Sketch& state = panel.states.emplace_back();
    state.line(0, 0, 0, 5, Ink::scene);
    state.circle(i, 2, 0.5, Ink::body);
    if (i >= 2) state.rectangle(i, 3, i + 1, 4, Ink::part);
    state.trace(i, 2);
  }
  return panel;
}

// The values of each animation of an attribute.
std::vector<std::vector<std::string>> animations(const std::string& svg, const std::string& attribute) {
  std::vector<std::vector<std::string>> all;
  const std::regex animate("<animate attributeName=\"" + attribute + "\"[^>]* values=\"([^\"]*)\"/>");
  for (std::sregex_iterator at(svg.begin(), svg.end(), animate), end; at != end; ++at) {
    std::istringstream values((*at)[1]);
    all.emplace_back();
    for (std::string value; std::getline(values, value, ';');) all.back().push_back(value);
  }
  return all;
}

TEST(Svg, AMovingPictureShowsEachStateInItsTime) {
  const Picture picture{"title", {{"row", {walk(8), walk(4)}}}};
  const std::string svg = svg_picture(picture, false);
  elements(svg);
  EXPECT_EQ(panels(svg), 2u);
  EXPECT_THAT(svg, HasSubstr("walk &amp; &lt;wait&gt;"));
  const Film film = film_of(picture);
  EXPECT_EQ(film.moving, 8);
  const auto centres = animations(svg, "cx");
  ASSERT_EQ(centres.size(), 2u);
  for (const auto& values : centres) EXPECT_EQ(values.size(), static_cast<std::size_t>(film.frames()));
  // Both go on at one speed; the shorter one then waits at its end.
  const auto x = [&](std::size_t panel, std::size_t frame) { return std::stod(centres[panel][frame]); };
  EXPECT_NEAR(x(0, 4) - x(0, 0), x(1, 4) - x(1, 0), 0.2);
  EXPECT_GT(x(0, 8), x(0, 4) + 10);
  EXPECT_EQ(centres[1][8], centres[1][4]);
  EXPECT_EQ(centres[0].back(), centres[0][8]);
  EXPECT_TRUE(animations(svg, "cy").empty());  // what stands still is not told again
  // The way grows from nothing to all.
  const auto dashes = animations(svg, "stroke-dashoffset");
  ASSERT_EQ(dashes.size(), 2u);
  EXPECT_EQ(dashes[0][0], "1000");
  EXPECT_EQ(dashes[0][4], "500");
  EXPECT_EQ(dashes[0][8], "0");
  // What is not there yet is not shown.
  const auto seen = animations(svg, "visibility");
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0][1], "hidden");
  EXPECT_EQ(seen[0][2], "visible");
  EXPECT_EQ(seen[0].back(), "visible");
}

// A viewer that moves nothing shows the attributes, which are those of the last state.
TEST(Svg, AMovingPictureThatStandsStillShowsItsEnd) {
  const Picture picture{"", {{"", {walk(8)}}}};
  const std::string still = svg_picture(picture, true);
  std::string moving = svg_picture(picture, false);
  moving = std::regex_replace(moving, std::regex("<animate[^>]*/>"), "");
  const std::regex body(R"re(<circle class="body" cx="(\S+)")re");
  std::smatch end, shown;
  ASSERT_TRUE(std::regex_search(moving, shown, body));
  std::string last;
  for (std::sregex_iterator at(still.begin(), still.end(), body), none; at != none; ++at) last = (*at)[1];
  EXPECT_EQ(shown[1], last);
  EXPECT_THAT(still, Not(HasSubstr("<animate")));
}

TEST(Svg, ManyStatesAreAFewFrames) {
  const Picture picture{"", {{"", {walk(5000)}}}};
  EXPECT_LT(film_of(picture).frames(), 100);
  EXPECT_NEAR(film_of(picture).seconds(), 5.5, 0.2);
  EXPECT_EQ(film_of(picture).state_at(film_of(picture).frames() - 1, picture.rows[0].panels[0]), 5000u);
}

}  // namespace
}  // namespace innerloop
