#include "engine/device/timings.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace innerloop {
namespace {

double seconds_between(Timings::Clock::time_point begin, Timings::Clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

void erase_all(std::string& text, const std::string& what) {
  for (std::size_t at; (at = text.find(what)) != std::string::npos;) text.erase(at, what.size());
}

}  // namespace

void Timings::add(std::type_index operation, int thread, Clock::time_point begin, Clock::time_point end) {
  Thread& own = threads_[static_cast<std::size_t>(thread)];
  Total& total = own.totals[operation];
  ++total.calls;
  total.seconds += seconds_between(begin, end);
  if (keeps_calls_) own.calls.push_back({operation, seconds_since_start(begin), seconds_since_start(end)});
}

void Timings::add_round(Clock::time_point begin, Clock::time_point end) {
  rounds_ += seconds_between(begin, end);
}

std::vector<Timings::Sum> Timings::take(double seconds) {
  std::vector<Sum> sums;
  double busy = 0;
  for (Thread& thread : threads_) {
    for (const auto& [operation, total] : thread.totals) {
      add_sums(sums, {{operation_name(operation), total.calls, total.seconds}});
      busy += total.seconds;
    }
    thread.totals.clear();
  }
  // Which operations take as long as each other is a matter of chance, in which order a map has them too.
  std::ranges::sort(sums, [](const Sum& a, const Sum& b) {
    return a.seconds != b.seconds ? a.seconds > b.seconds : a.operation < b.operation;
  });
  const double all = static_cast<double>(threads()), in_rounds = std::max(rounds_, busy / all);
  sums.push_back({"waiting", 0, all * in_rounds - busy});
  sums.push_back({"host", 0, std::max(0.0, all * (seconds - in_rounds))});
  rounds_ = 0;
  return sums;
}

std::vector<std::vector<Timings::Call>> Timings::calls() const {
  std::vector<std::vector<Call>> calls;
  for (const Thread& thread : threads_) calls.push_back(thread.calls);
  return calls;
}

double Timings::seconds_since_start(Clock::time_point at) const { return seconds_between(start_, at); }

std::string operation_name(std::type_index operation) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(operation.name(), nullptr, nullptr, &status), std::free);
  std::string text = status == 0 ? name.get() : operation.name();
  for (const char* of_all : {"innerloop::", "<float>", "float, "}) erase_all(text, of_all);
  for (std::size_t at; (at = text.find(" >")) != std::string::npos;) text.erase(at, 1);
  return text;
}

void add_sums(std::vector<Timings::Sum>& to, const std::vector<Timings::Sum>& sums) {
  for (const Timings::Sum& sum : sums) {
    const auto same = std::ranges::find(to, sum.operation, &Timings::Sum::operation);
    if (same == to.end()) {
      to.push_back(sum);
    } else {
      same->calls += sum.calls;
      same->seconds += sum.seconds;
    }
  }
}

}  // namespace innerloop
