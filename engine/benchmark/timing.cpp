#include "engine/benchmark/timing.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace innerloop {

double median_seconds(const std::function<void()>& work) {
  using Clock = std::chrono::steady_clock;
  constexpr int kFewest = 5, kMost = 100;
  constexpr double kEnough = 0.5;  // seconds in all
  work();
  std::vector<double> seconds;
  double all = 0;
  while (seconds.size() < kFewest || (all < kEnough && seconds.size() < kMost)) {
    const auto start = Clock::now();
    work();
    seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    all += seconds.back();
  }
  const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
  std::nth_element(seconds.begin(), middle, seconds.end());
  return *middle;
}

}  // namespace innerloop
