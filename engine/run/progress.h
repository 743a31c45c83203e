// How far a run is. On a terminal a line with a bar, and below it the returns so far before and after adaptation as sparklines,
// redrawn at most ten times a second, in colour unless NO_COLOR is set; elsewhere (a file, CI) a plain line for each tenth of
// the way.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace innerloop {

class Progress {
 public:
  /// `first` of `total` iterations are done already (a resumed run). `columns` is the terminal's width, asked for
  /// each time the line is drawn.
  Progress(std::ostream& out, bool terminal, std::int64_t first, std::int64_t total,
           std::function<int()> columns = terminal_columns);
  /// Finishes, so that a message of an error begins on its own line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `iteration` iterations are done; `returns` are the mean returns before and after each inner step of the
  /// last.
  void update(std::int64_t iteration, std::span<const double> returns, double env_steps_per_second);
  /// Draws the last state and leaves the cursor below it. Later calls do nothing.
  void finish();

  /// Whether standard output is a terminal where the cursor can be moved.
  static bool on_terminal();
  /// The width of the terminal that is standard output; 80 where there is none.
  static int terminal_columns();

 private:
  using Clock = std::chrono::steady_clock;

  std::string times() const;
  std::string returns() const;
  std::string rate() const;
  std::string bar(std::size_t columns);
  std::vector<std::string> sparklines(std::size_t columns) const;
  std::string coloured(std::string_view colour, const std::string& text) const;
  void draw();
  void print_line();

  std::ostream& out_;
  const bool terminal_;
  const bool colour_;
  const std::int64_t first_, total_;
  const std::function<int()> columns_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_{};
  std::int64_t iteration_;
  double before_ = 0, after_ = 0, rate_ = 0;
  std::vector<double> all_before_, all_after_;  // of each iteration
  bool has_inner_steps_ = false;                // the return after them is another than before
  std::size_t bar_ = 20;                        // columns between its brackets
  std::size_t drawn_columns_ = 0, below_ = 0;   // of the terminal when it was drawn; lines below the bar's
  bool finished_ = false;
};

/// A line of at most `columns` characters from ▁, for `low` or less, to █, for `high` or more, each for the mean of as many
/// values; a gap where none is finite.
std::string sparkline(std::span<const double> values, std::size_t columns, double low, double high);

/// "1.2 M" for 1234567, "999" for 999.4: three digits at most, and k, M, G or T.
std::string human_count(double count);
/// "0:07", "12:34", "1:02:03"; "-" for what is no time.
std::string human_time(double seconds);

}  // namespace innerloop
