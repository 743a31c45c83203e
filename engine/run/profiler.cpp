#include "engine/run/profiler.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "engine/files/atomic_file.h"
#include "engine/options/json.h"
#include "engine/text/table.h"

namespace innerloop {
namespace {

std::string in_digits(double number, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, number);
  return text;
}

}  // namespace

Iterations read_iterations(const std::string& text) {
  const char *at = text.data(), *const end = at + text.size();
  Iterations read{0, 0};
  const auto first = std::from_chars(at, end, read.first);
  at = first.ptr;
  read.last = read.first;
  bool whole = first.ec == std::errc();
  if (whole && at != end && *at == '-') {
    const auto last = std::from_chars(at + 1, end, read.last);
    whole = last.ec == std::errc();
    at = last.ptr;
  }
  if (!whole || at != end || read.first < 1 || read.last < read.first)
    throw InputError("--profile: wanted iterations, from 1, as \"5-8\" or \"5\", found \"" + text + "\"");
  return read;
}

Profiler::Profiler(const ProfileOptions& options, const Iterations& run, Device& device)
    : options_(options),
      device_(device),
      // The first one allocates and loads.
      seen_(options.looks_at.value_or(
          Iterations{std::min(run.first + 1, run.last), std::min(run.first + 3, run.last)})),
      timings_(device.is_cuda() ? 1 : device.threads()) {
  if (!options.trace.empty()) check_file_place(options.trace);
  if (!options.looks_at) return;
  if (options.trace.empty() && !device.is_cuda())
    throw InputError("--profile: wanted --trace, or a GPU, whose profiler looks on, found neither");
  if (seen_.first > run.last || seen_.last < run.first)
    throw InputError("--profile: wanted iterations of this run, from " + std::to_string(run.first) + " to " +
                     std::to_string(run.last) + ", found " + std::to_string(seen_.first) + "-" +
                     std::to_string(seen_.last));
}

bool Profiler::looks_at(std::int64_t iteration) const {
  return iteration >= seen_.first && iteration <= seen_.last;
}

void Profiler::begin(std::int64_t iteration) {
  const bool looks = looks_at(iteration);
  if (looks && options_.looks_at) device_.profile(true);
  device_.begin_range("iteration " + std::to_string(iteration));
  if (!records()) return;
  timings_.keep_calls(looks && !options_.trace.empty());
  device_.record(&timings_);
}

std::vector<Timings::Sum> Profiler::end(std::int64_t iteration, double seconds) {
  device_.record(nullptr);
  device_.end_range();
  if (options_.looks_at && looks_at(iteration) && !looks_at(iteration + 1)) device_.profile(false);
  if (!records()) return {};
  std::vector<Timings::Sum> sums = timings_.take(seconds);
  add_sums(totals_, sums);
  seconds_ += seconds;
  return sums;
}

std::string Profiler::table() const {
  if (!options_.timings || seconds_ == 0) return "";
  std::vector<Timings::Sum> sums = totals_;
  std::ranges::stable_sort(sums, std::ranges::greater(), &Timings::Sum::seconds);
  TextTable table{{{"operation"}, {"seconds", true}, {"share", true}, {"calls", true}}, {}};
  for (const Timings::Sum& sum : sums)
    table.rows.push_back({{sum.operation},
                          {in_digits(sum.seconds, 3)},
                          {in_digits(100 * sum.seconds / (seconds_ * timings_.threads()), 1) + " %"},
                          {sum.calls > 0 ? std::to_string(sum.calls) : ""}});
  return terminal_table(table);
}

void Profiler::write_trace() const {
  if (options_.trace.empty()) return;
  using nlohmann::ordered_json;
  ordered_json events = ordered_json::array();
  int thread = 0;
  for (const auto& calls : timings_.calls()) {
    const std::string name = device_.is_cuda() ? "GPU" : "thread " + std::to_string(thread);
    events.push_back(
        {{"name", "thread_name"}, {"ph", "M"}, {"pid", 1}, {"tid", thread}, {"args", {{"name", name}}}});
    const auto microseconds = [](double at) { return std::round(at * 1e9) / 1e3; };
    for (const Timings::Call& call : calls)
      events.push_back({{"name", operation_name(call.operation)},
                        {"ph", "X"},
                        {"pid", 1},
                        {"tid", thread},
                        {"ts", microseconds(call.begin)},
                        {"dur", microseconds(call.end - call.begin)}});
    ++thread;
  }
  write_file_atomically(options_.trace,
                        ordered_json{{"traceEvents", events}, {"displayTimeUnit", "ms"}}.dump() + "\n");
}

}  // namespace innerloop
