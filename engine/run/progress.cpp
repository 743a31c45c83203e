#include "engine/run/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace innerloop {
namespace {

constexpr std::size_t kSmallestBar = 6, kBrackets = 2;               // columns
constexpr std::size_t kLabel = 7, kScale = 26, kLeastSparkline = 8;  // columns of a sparkline's parts
constexpr std::string_view kGreen = "\x1b[32m", kFaint = "\x1b[2m";
// A terminal that understands it erases from the cursor on the rest of the line, or of the screen.
constexpr const char *kEraseLine = "\x1b[K", *kEraseScreen = "\x1b[J";
constexpr auto kRedrawEvery = std::chrono::milliseconds(100);

template <class... Values>
std::string format(const char* pattern, Values... values) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), pattern, values...);
  return text.data();
}

winsize terminal_size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) size = {};
  if (size.ws_col == 0) size.ws_col = 80;
  if (size.ws_row == 0) size.ws_row = 24;
  return size;
}

bool wants_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  return no_colour == nullptr || *no_colour == '\0';
}

// The mean of the finite ones among part `i` of `parts` of the values; NaN where there is none.
double mean_of_part(std::span<const double> values, std::size_t i, std::size_t parts) {
  const std::size_t from = i * values.size() / parts, to = (i + 1) * values.size() / parts;
  double sum = 0;
  int count = 0;
  for (const double value : values.subspan(from, to - from))
    if (std::isfinite(value)) {
      sum += value;
      ++count;
    }
  return count == 0 ? std::nan("") : sum / count;
}

}  // namespace

std::string sparkline(std::span<const double> values, std::size_t columns, double low, double high) {
  constexpr std::array levels = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const std::size_t parts = std::min(columns, values.size());
  std::string line;
  for (std::size_t i = 0; i < parts; ++i) {
    const double mean = mean_of_part(values, i, parts);
    const double share = high > low ? std::clamp((mean - low) / (high - low), 0.0, 1.0) : 0.5;
    line += std::isfinite(mean) ? levels[std::min<std::size_t>(7, static_cast<std::size_t>(8 * share))] : " ";
  }
  return line;
}

std::string human_count(double count) {
  if (!std::isfinite(count)) return "-";
  constexpr std::array units = {"", " k", " M", " G", " T"};
  std::size_t unit = 0;
  // 999.5 would be shown as "1000".
  for (; std::abs(count) >= 999.5 && unit + 1 < units.size(); ++unit) count /= 1000;
  const bool decimal = unit > 0 && std::abs(count) < 9.95;
  return format(decimal ? "%.1f" : "%.0f", count) + units[unit];
}

std::string human_time(double seconds) {
  if (!(seconds >= 0 && seconds < 1e9)) return "-";
  const auto whole = static_cast<long long>(std::llround(seconds));
  if (whole >= 3600) return format("%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
  return format("%lld:%02lld", whole / 60, whole % 60);
}

Progress::Progress(std::ostream& out, bool terminal, std::int64_t first, std::int64_t total,
                   std::function<int()> columns)
    : out_(out),
      terminal_(terminal),
      colour_(terminal && wants_colour()),
      first_(first),
      total_(total),
      columns_(std::move(columns)),
      iteration_(first) {}

Progress::~Progress() { finish(); }

bool Progress::on_terminal() {
  const char* kind = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) != 0 && (kind == nullptr || std::string_view(kind) != "dumb");
}

int Progress::terminal_columns() { return terminal_size().ws_col; }

void Progress::update(std::int64_t iteration, std::span<const double> returns, double env_steps_per_second) {
  const std::int64_t tenths_before = 10 * iteration_ / total_;
  iteration_ = iteration;
  if (!returns.empty()) {
    before_ = returns.front();
    after_ = returns.back();
    has_inner_steps_ = has_inner_steps_ || returns.size() > 1;
    if (terminal_) {
      all_before_.push_back(before_);
      all_after_.push_back(after_);
    }
  }
  rate_ = env_steps_per_second;
  if (terminal_) {
    if (Clock::now() - drawn_ >= kRedrawEvery) draw();
  } else if (10 * iteration_ / total_ != tenths_before) {
    print_line();
  }
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  if (!terminal_ || iteration_ == first_) return;
  draw();
  out_ << std::string(below_ + 1, '\n') << std::flush;
}

std::string Progress::times() const {
  const double elapsed = std::chrono::duration<double>(Clock::now() - start_).count();
  const double left =
      elapsed * static_cast<double>(total_ - iteration_) / static_cast<double>(iteration_ - first_);
  return human_time(elapsed) + " (" + human_time(left) + " left)";
}

std::string Progress::returns() const { return format("return %.2f -> %.2f", before_, after_); }

std::string Progress::rate() const { return human_count(rate_) + " env-steps/s"; }

std::string Progress::coloured(std::string_view colour, const std::string& text) const {
  return colour_ ? std::string(colour) + text + "\x1b[0m" : text;
}

std::string Progress::bar(std::size_t columns) {
  // What does not fit is left out from the end on; then the bar takes the room that is left, and never grows again, so that it
  // stands still.
  std::string rest = " " + std::to_string(iteration_) + "/" + std::to_string(total_);
  for (const std::string& part : {times(), returns(), rate()}) {
    if (kBrackets + kSmallestBar + rest.size() + 2 + part.size() > columns) break;
    rest += "  " + part;
  }
  const std::size_t taken = kBrackets + rest.size();
  bar_ = std::min(bar_, std::max(kSmallestBar, columns > taken ? columns - taken : 0));
  const auto filled = bar_ * static_cast<std::size_t>(iteration_) / static_cast<std::size_t>(total_);
  return "[" + coloured(kGreen, std::string(filled, '=')) + std::string(bar_ - filled, ' ') + "]" + rest;
}

std::vector<std::string> Progress::sparklines(std::size_t columns) const {
  if (all_after_.size() < 2 || columns < kLabel + kLeastSparkline || terminal_size().ws_row < 4) return {};
  const bool has_scale = columns >= kLabel + kLeastSparkline + kScale;
  const std::size_t width = columns - kLabel - (has_scale ? kScale : 0),
                    parts = std::min(width, all_after_.size());
  double low = INFINITY, high = -INFINITY;
  for (const auto* values : {&all_before_, &all_after_})
    for (std::size_t i = 0; i < parts; ++i) {
      const double mean = mean_of_part(*values, i, parts);
      if (mean < low) low = mean;
      if (mean > high) high = mean;
    }
  if (!(low <= high)) return {};
  const std::string after = coloured(kGreen, sparkline(all_after_, parts, low, high)),
                    scale = has_scale ? coloured(kFaint, format("  %.4g to %.4g", low, high)) : "";
  if (!has_inner_steps_) return {"return " + after + scale};
  return {"before " + sparkline(all_before_, parts, low, high), "after  " + after + scale};
}

// The cursor stands at the beginning of the bar's line: there it stays, too, when a terminal whose width changes wraps what was
// drawn.
void Progress::draw() {
  drawn_ = Clock::now();
  // A line as wide as the terminal would wrap.
  const std::size_t columns = static_cast<std::size_t>(std::max(columns_() - 1, 0));
  const std::vector<std::string> lines = sparklines(columns);
  std::string text = "\r";
  if (columns < drawn_columns_ || lines.size() < below_) text += kEraseScreen;
  text += bar(columns) + kEraseLine;
  for (const std::string& line : lines) text += "\n" + line + kEraseLine;
  if (!lines.empty()) text += "\x1b[" + std::to_string(lines.size()) + "A\r";
  drawn_columns_ = columns;
  below_ = lines.size();
  out_ << text << std::flush;
}

void Progress::print_line() {
  out_ << "iteration " << iteration_ << "/" << total_ << "  " << times() << "  " << returns() << "  "
       << rate() << '\n'
       << std::flush;
}

}  // namespace innerloop
