#include "engine/device/cores.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <thread>

namespace innerloop {
namespace {

namespace fs = std::filesystem;

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

// Version 2's cpu.max holds "QUOTA PERIOD", where the quota may be "max"; version 1 has a file for each, and -1 for none.
double quota_of(const fs::path& group) {
  double quota = 0, period = 0;
  std::ifstream(group / "cpu.max") >> quota >> period;
  std::ifstream(group / "cpu.cfs_quota_us") >> quota;
  std::ifstream(group / "cpu.cfs_period_us") >> period;
  return quota > 0 && period > 0 ? quota / period : kNoLimit;
}

int cores_of_mask() {
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof(mask), &mask) == 0) return CPU_COUNT(&mask);
  return static_cast<int>(std::thread::hardware_concurrency());  // more cores than a cpu_set_t holds
}

}  // namespace

double cgroup_cores(const fs::path& membership, const fs::path& mount) {
  double least = kNoLimit;
  for (const fs::path& group : control_groups("cpu", membership, mount))
    least = std::min(least, quota_of(group));
  return least;
}

bool are_cores_free(int threads, double quota) { return threads <= cores_of_mask() && threads <= quota; }

int usable_cores(double quota) {
  const double cores = std::min<double>(cores_of_mask(), std::ceil(quota));
  return std::max(1, static_cast<int>(cores));
}

}  // namespace innerloop
