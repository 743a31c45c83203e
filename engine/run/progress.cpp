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

constexpr std::size_t kSmallestBar = 6, kBrackets = 2;  // columns
constexpr auto kRedrawEvery = std::chrono::milliseconds(100);

template <class... Values>
std::string format(const char* pattern, Values... values) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), pattern, values...);
  return text.data();
}

bool wants_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  return no_colour == nullptr || *no_colour == '\0';
}

}  // namespace

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

int Progress::terminal_columns() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void Progress::update(std::int64_t iteration, std::span<const double> returns, double env_steps_per_second) {
  const std::int64_t tenths_before = 10 * iteration_ / total_;
  iteration_ = iteration;
  if (!returns.empty()) {
    before_ = returns.front();
    after_ = returns.back();
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
  out_ << '\n' << std::flush;
}

std::string Progress::times() const {
  const double elapsed = std::chrono::duration<double>(Clock::now() - start_).count();
  const double left =
      elapsed * static_cast<double>(total_ - iteration_) / static_cast<double>(iteration_ - first_);
  return human_time(elapsed) + " (" + human_time(left) + " left)";
}

std::string Progress::returns() const { return format("return %.2f -> %.2f", before_, after_); }

std::string Progress::rate() const { return human_count(rate_) + " env-steps/s"; }

void Progress::draw() {
  drawn_ = Clock::now();
  // A line as wide as the terminal would wrap, and its beginning could not be drawn over. What does not fit
  // is left out from the end on; then the bar takes the room that is left, and never grows again, so that it
  // stands still.
  const std::size_t columns = static_cast<std::size_t>(std::max(columns_() - 1, 0));
  std::string rest = " " + std::to_string(iteration_) + "/" + std::to_string(total_);
  for (const std::string& part : {times(), returns(), rate()}) {
    if (kBrackets + kSmallestBar + rest.size() + 2 + part.size() > columns) break;
    rest += "  " + part;
  }
  const std::size_t taken = kBrackets + rest.size();
  bar_ = std::min(bar_, std::max(kSmallestBar, columns > taken ? columns - taken : 0));

  const auto filled = bar_ * static_cast<std::size_t>(iteration_) / static_cast<std::size_t>(total_);
  const std::size_t width = taken + bar_;
  const std::size_t drawn = std::min(drawn_columns_, columns);
  const std::string over(drawn > width ? drawn - width : 0, ' ');
  drawn_columns_ = width;
  out_ << "\r[" << (colour_ ? "\x1b[32m" : "") << std::string(filled, '=') << (colour_ ? "\x1b[0m" : "")
       << std::string(bar_ - filled, ' ') << ']' << rest << over << std::flush;
}

void Progress::print_line() {
  out_ << "iteration " << iteration_ << "/" << total_ << "  " << times() << "  " << returns() << "  "
       << rate() << '\n'
       << std::flush;
}

}  // namespace innerloop
