// How far a run is. On a terminal one line that is redrawn at most ten times a second, in colour unless
// NO_COLOR is set; elsewhere (a file, CI) a plain line for each tenth of the way.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <ostream>
#include <span>
#include <string>

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
  /// Draws the last state and ends the line. Later calls do nothing.
  void finish();

  /// The width of the terminal that is standard output; 80 where there is none.
  static int terminal_columns();

 private:
  using Clock = std::chrono::steady_clock;

  std::string times() const;
  std::string returns() const;
  std::string rate() const;
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
  std::size_t bar_ = 20;           // columns between its brackets
  std::size_t drawn_columns_ = 0;  // of the line as it stands
  bool finished_ = false;
};

/// "1.2 M" for 1234567, "999" for 999.4: three digits at most, and k, M, G or T.
std::string human_count(double count);
/// "0:07", "12:34", "1:02:03"; "-" for what is no time.
std::string human_time(double seconds);

}  // namespace innerloop
