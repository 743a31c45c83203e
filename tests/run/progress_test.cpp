#include "engine/run/progress.h"

#include <gmock/gmock.h>

#include <array>
#include <cstdlib>
#include <limits>
#include <sstream>

namespace innerloop {
namespace {

using testing::ContainsRegex;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::array kReturns = {-40.2, -12.345};

// What a run of `total` iterations shows.
std::string shown(bool terminal, std::int64_t first, std::int64_t total, int columns = 120) {
  std::ostringstream out;
  {
    Progress progress(out, terminal, first, total, [=] { return columns; });
    for (std::int64_t i = first + 1; i <= total; ++i) progress.update(i, kReturns, 1234567);
    progress.finish();
  }  // its end must not draw again
  return out.str();
}

// The column of the cursor at the end and at the widest, of text without colours.
std::size_t widest(const std::string& text) {
  std::size_t column = 0, most = 0;
  for (const char c : text) {
    column = c == '\r' || c == '\n' ? 0 : column + 1;
    most = std::max(most, column);
  }
  return most;
}

class ProgressTest : public testing::Test {
 protected:
  ProgressTest() { ::setenv("NO_COLOR", "1", 1); }
  ~ProgressTest() override { ::unsetenv("NO_COLOR"); }
};

TEST_F(ProgressTest, CountsAreReadable) {
  EXPECT_EQ(human_count(0), "0");
  EXPECT_EQ(human_count(999.4), "999");
  EXPECT_EQ(human_count(999.6), "1.0 k");
  EXPECT_EQ(human_count(1234567), "1.2 M");
  EXPECT_EQ(human_count(9.96e6), "10 M");
  EXPECT_EQ(human_count(12.5e9), "12 G");
  EXPECT_EQ(human_count(999.6e9), "1.0 T");
  EXPECT_EQ(human_count(1e16), "10000 T");
  EXPECT_EQ(human_count(std::numeric_limits<double>::quiet_NaN()), "-");
}

TEST_F(ProgressTest, TimesAreReadable) {
  EXPECT_EQ(human_time(6.6), "0:07");
  EXPECT_EQ(human_time(59.6), "1:00");
  EXPECT_EQ(human_time(754), "12:34");
  EXPECT_EQ(human_time(3723), "1:02:03");
  EXPECT_EQ(human_time(std::numeric_limits<double>::infinity()), "-");
  EXPECT_EQ(human_time(-1), "-");
}

TEST_F(ProgressTest, ATerminalSeesOneLineThatEndsOnce) {
  const std::string text = shown(true, 0, 200);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_THAT(text, StartsWith("\r[                    ] 1/200  0:00 (0:0"));
  const std::string last = text.substr(text.rfind('\r'));
  EXPECT_THAT(last, StartsWith("\r[====================] 200/200  0:0"));
  EXPECT_THAT(last, HasSubstr(" (0:00 left)  return -40.20 -> -12.35  1.2 M env-steps/s"));
  EXPECT_THAT(last, EndsWith("\n"));
}

TEST_F(ProgressTest, WithNoColorThereIsNoEscape) {
  EXPECT_THAT(shown(true, 0, 5), Not(HasSubstr("\x1b")));
  ::setenv("NO_COLOR", "", 1);
  EXPECT_THAT(shown(true, 0, 5), HasSubstr("\x1b[32m"));
  EXPECT_THAT(shown(false, 0, 5), Not(HasSubstr("\x1b")));
}

TEST_F(ProgressTest, TheLineNeverWrapsAndLosesWholePartsOnly) {
  const std::array ends = {"1000/1000", "left)", "-12.35", "env-steps/s"};
  for (const auto& [columns, parts] : {std::pair{20, 0}, {40, 1}, {70, 2}, {82, 3}, {200, 3}}) {
    const std::string text = shown(true, 0, 1000, columns);
    EXPECT_LT(widest(text), static_cast<std::size_t>(columns));
    EXPECT_THAT(text.substr(0, text.find_last_not_of(" \n") + 1),
                EndsWith(ends[static_cast<std::size_t>(parts)]));
  }
}

TEST_F(ProgressTest, AShorterLineLeavesNothingOfALongerOne) {
  std::ostringstream out;
  Progress progress(out, true, 0, 10, [] { return 120; });
  progress.update(1, std::array{-100000.0, -100000.0}, 1);
  const std::size_t longest = widest(out.str());
  progress.update(2, std::array{1.0, 2.0}, 1);
  progress.finish();
  EXPECT_EQ(widest(out.str().substr(out.str().rfind('\r'))), longest);
}

TEST_F(ProgressTest, ATerminalThatBecomesNarrowerIsNotWrapped) {
  std::ostringstream out;
  int columns = 120;
  Progress progress(out, true, 0, 10, [&] { return columns; });
  progress.update(1, kReturns, 1);
  EXPECT_GT(widest(out.str()), 60u);
  columns = 50;
  progress.finish();
  EXPECT_EQ(widest(out.str().substr(out.str().rfind('\r'))), 49u);  // and nothing of the longer line is left
}

TEST_F(ProgressTest, AFileSeesALineForEachTenth) {
  const std::string text = shown(false, 0, 200);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 10);
  EXPECT_THAT(text,
              StartsWith("iteration 20/200  0:00 (0:00 left)  return -40.20 -> -12.35  1.2 M env-steps/s\n"));
  EXPECT_THAT(text, HasSubstr("\niteration 200/200 "));
  EXPECT_THAT(text, Not(HasSubstr("\r")));
}

TEST_F(ProgressTest, AFileSeesEveryIterationOfAFew) {
  const std::string text = shown(false, 0, 3);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
}

TEST_F(ProgressTest, AResumedRunGoesOnFromItsIteration) {
  const std::string text = shown(false, 150, 200);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'),
            3);  // 160, 180, 200: the same lines as without the break
  EXPECT_THAT(text, StartsWith("iteration 160/200 "));
}

TEST_F(ProgressTest, NothingDoneShowsNothing) {
  EXPECT_EQ(shown(true, 5, 5), "");
  EXPECT_EQ(shown(true, 0, 0), "");
}

TEST_F(ProgressTest, AnErrorBeginsOnItsOwnLine) {
  std::ostringstream out;
  {
    Progress progress(out, true, 0, 10, [] { return 120; });
    progress.update(1, kReturns, 1);
  }
  EXPECT_THAT(out.str(), EndsWith("\n"));
}

}  // namespace
}  // namespace innerloop
