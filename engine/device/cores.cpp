#include "engine/device/cores.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
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

// The least quota of the group and of those around it, up to the hierarchy's root.
double least_quota(const fs::path& root, const std::string& group) {
  double least = quota_of(root);
  fs::path place = root;
  for (const fs::path& name : fs::path(group).relative_path()) {
    place /= name;
    least = std::min(least, quota_of(place));
  }
  return least;
}

bool names_processor(const std::string& controllers) {
  std::istringstream names(controllers);
  for (std::string name; std::getline(names, name, ',');)
    if (name == "cpu") return true;
  return false;
}

int cores_of_mask() {
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof(mask), &mask) == 0) return CPU_COUNT(&mask);
  return static_cast<int>(std::thread::hardware_concurrency());  // more cores than a cpu_set_t holds
}

}  // namespace

double cgroup_cores(const fs::path& membership, const fs::path& mount) {
  double least = kNoLimit;
  std::ifstream file(membership);
  // HIERARCHY:CONTROLLERS:GROUP; version 2's hierarchy is 0, without controllers.
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1),
                      group = line.substr(second + 1);
    if (controllers.empty()) least = std::min(least, least_quota(mount, group));
    if (names_processor(controllers)) least = std::min(least, least_quota(mount / controllers, group));
  }
  return least;
}

int usable_cores() {
  const double cores = std::min<double>(cores_of_mask(), std::ceil(cgroup_cores()));
  return std::max(1, static_cast<int>(cores));
}

}  // namespace innerloop
