#include "engine/run/progress.h"

#include <gmock/gmock.h>

#include <array>
#include <cctype>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

namespace innerloop {
namespace {

using testing::AllOf;
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

// A terminal that understands what is written to it.
class Screen {
 public:
  explicit Screen(std::size_t columns) : columns_(columns) {}

  void write(const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
      const char c = text[at++];
      if (c == '\r') {
        column_ = 0;
      } else if (c == '\n') {
        column_ = 0;  // as the kernel's terminals have it
        if (++row_ == rows_.size()) rows_.emplace_back();
      } else if (c == '\x1b') {
        ASSERT_EQ(text[at++], '[');
        std::size_t number = 0;
        for (; std::isdigit(text[at]); ++at) number = 10 * number + static_cast<std::size_t>(text[at] - '0');
        control(text[at++], number);
      } else {
        std::size_t end = at;
        while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
        put(text.substr(at - 1, end - at + 1));
        at = end;
      }
    }
  }
  // Rows without the spaces at their ends.
  std::vector<std::string> rows() const {
    std::vector<std::string> all;
    for (const auto& row : rows_) {
      std::string text;
      for (const std::string& character : row) text += character;
      all.push_back(text.substr(0, text.find_last_not_of(' ') + 1));
    }
    return all;
  }
  std::size_t row() const { return row_; }
  std::size_t widest() const { return widest_; }
  // What was wider than it is now goes on in the next row, and the cursor stays with its character.
  void narrow(std::size_t columns) {
    std::vector<std::vector<std::string>> wrapped;
    std::size_t row = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (i == row_) row = wrapped.size() + column_ / columns;
      std::size_t at = 0;
      do {
        wrapped.emplace_back(
            rows_[i].begin() + static_cast<std::ptrdiff_t>(at),
            rows_[i].begin() + static_cast<std::ptrdiff_t>(std::min(at + columns, rows_[i].size())));
        at += columns;
      } while (at < rows_[i].size());
    }
    rows_ = wrapped;
    row_ = row;
    column_ %= columns;
    columns_ = columns;
  }

 private:
  void put(const std::string& character) {
    auto& row = rows_[row_];
    if (row.size() <= column_) row.resize(column_ + 1, " ");
    row[column_++] = character;
    widest_ = std::max(widest_, column_);
    EXPECT_LT(column_, columns_) << "would wrap";
  }
  void control(char what, std::size_t number) {
    if (what == 'A') row_ -= std::min(row_, number);
    if (what == 'K' || what == 'J') rows_[row_].resize(std::min(rows_[row_].size(), column_));
    if (what == 'J') rows_.resize(row_ + 1);
    EXPECT_TRUE(what == 'A' || what == 'K' || what == 'J' || what == 'm') << what;
  }

  std::size_t columns_, row_ = 0, column_ = 0, widest_ = 0;
  std::vector<std::vector<std::string>> rows_ = {{}};
};
std::vector<std::string> on_screen(const std::string& text, std::size_t columns = 120) {
  Screen screen(columns);
  screen.write(text);
  return screen.rows();
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

TEST_F(ProgressTest, ATerminalSeesABarAndTheReturnsBelowIt) {
  const std::string text = shown(true, 0, 200);
  EXPECT_THAT(text, StartsWith("\r[                    ] 1/200  0:00 (0:0"));
  const std::vector<std::string> rows = on_screen(text);
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_THAT(rows[0], StartsWith("[====================] 200/200  0:0"));
  EXPECT_THAT(rows[0], EndsWith(" (0:00 left)  return -40.20 -> -12.35  1.2 M env-steps/s"));
  EXPECT_THAT(rows[1], StartsWith("before ▁▁▁▁"));
  EXPECT_THAT(rows[2], AllOf(StartsWith("after  ████"), EndsWith("█  -40.2 to -12.35")));
  EXPECT_EQ(rows[3], "");  // where the cursor is
}

TEST_F(ProgressTest, WhatWasOnTheScreenBeforeStaysThere) {
  const std::vector<std::string> rows = on_screen("device: cpu\nrun: x\n" + shown(true, 0, 50) + "done\n");
  EXPECT_EQ(rows[1], "run: x");
  EXPECT_THAT(rows[2], StartsWith("[====="));
  EXPECT_THAT(rows[4], StartsWith("after "));
  EXPECT_EQ(rows[5], "done");
}

TEST_F(ProgressTest, SparklinesShowHowReturnsWent) {
  std::vector<double> rising;
  for (int i = 0; i < 8; ++i) rising.push_back(i);
  EXPECT_EQ(sparkline(rising, 80, 0, 7), "▁▂▃▄▅▆▇█");
  EXPECT_EQ(sparkline(rising, 4, 0, 7), "▁▃▆█");  // means of two each: 0.5, 2.5, 4.5, 6.5
  EXPECT_EQ(sparkline(rising, 80, 2, 3), "▁▁▁█████");
  EXPECT_EQ(sparkline(std::array{1.0, std::nan(""), double{INFINITY}, 3.0}, 80, 1, 3), "▁  █");
  EXPECT_EQ(sparkline(std::array{1.0, 1.0}, 80, 1, 1), "▅▅");
  EXPECT_EQ(sparkline({}, 80, 0, 1), "");
}

TEST_F(ProgressTest, WithoutInnerStepsThereIsOneSparkline) {
  std::ostringstream out;
  Progress progress(out, true, 0, 3, [] { return 80; });
  for (int i = 1; i <= 3; ++i) progress.update(i, std::array{i / 2.0}, 1);
  progress.finish();
  const std::vector<std::string> rows = on_screen(out.str());
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[1], "return ▁▅█  0.5 to 1.5");
}

TEST_F(ProgressTest, ReturnsThatAreNoNumbersShowNone) {
  std::ostringstream out;
  Progress progress(out, true, 0, 3, [] { return 80; });
  for (int i = 1; i <= 3; ++i) progress.update(i, std::array{double{NAN}, double{NAN}}, 1);
  progress.finish();
  EXPECT_EQ(on_screen(out.str()).size(), 2u);
}

TEST_F(ProgressTest, WithNoColorThereIsNone) {
  EXPECT_THAT(shown(true, 0, 5), Not(ContainsRegex("\x1b\\[[0-9]*m")));
  ::setenv("NO_COLOR", "", 1);
  EXPECT_THAT(shown(true, 0, 5), HasSubstr("\x1b[32m"));
  EXPECT_THAT(shown(false, 0, 5), Not(HasSubstr("\x1b")));
}

TEST_F(ProgressTest, TheLineNeverWrapsAndLosesWholePartsOnly) {
  const std::array ends = {"1000/1000", "left)", "-12.35", "env-steps/s"};
  for (const auto& [columns, parts] : {std::pair{20, 0}, {40, 1}, {70, 2}, {82, 3}, {200, 3}})
    EXPECT_THAT(on_screen(shown(true, 0, 1000, columns), static_cast<std::size_t>(columns))[0],
                EndsWith(ends[static_cast<std::size_t>(parts)]));
}

TEST_F(ProgressTest, WhereThereIsNoRoomThereAreNoSparklines) {
  EXPECT_EQ(on_screen(shown(true, 0, 200, 15), 40).size(), 2u);
  const std::vector<std::string> narrow = on_screen(shown(true, 0, 200, 24), 24);
  ASSERT_EQ(narrow.size(), 4u);
  EXPECT_EQ(narrow[2], "after  ████████████████");  // without what their scale is
}

TEST_F(ProgressTest, AShorterLineLeavesNothingOfALongerOne) {
  std::ostringstream out;
  Progress progress(out, true, 0, 10, [] { return 120; });
  progress.update(1, std::array{-100000.0, -100000.0}, 1);
  progress.update(2, std::array{1.0, 2.0}, 1);
  progress.finish();
  EXPECT_THAT(on_screen(out.str())[0], EndsWith("return 1.00 -> 2.00  1 env-steps/s"));
}

// Its terminal wraps what was drawn; nothing of that is left, nor is a line above touched.
TEST_F(ProgressTest, ATerminalThatBecomesNarrowerIsDrawnAnew) {
  std::ostringstream out;
  std::size_t columns = 120;
  Progress progress(out, true, 0, 3, [&] { return static_cast<int>(columns); });
  Screen screen(columns);
  screen.write("above\n");
  progress.update(1, kReturns, 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(110));
  progress.update(2, kReturns, 1);
  screen.write(std::exchange(out, std::ostringstream()).str());
  EXPECT_EQ(screen.rows().size(), 4u);
  columns = 40;
  screen.narrow(columns);
  EXPECT_GT(screen.rows().size(), 4u);
  progress.finish();
  screen.write(out.str());
  const std::vector<std::string> rows = screen.rows();
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(rows[0], "above");
  EXPECT_THAT(rows[1], StartsWith("[====="));
  EXPECT_THAT(rows[2], StartsWith("before "));
  EXPECT_THAT(rows[3], StartsWith("after "));
  EXPECT_EQ(rows[4], "");
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
