#include "engine/device/host_memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace innerloop {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kNoLimitOfBytes = std::numeric_limits<std::int64_t>::max();

// A file of one number; `otherwise` where there is none ("max", too).
std::int64_t number_in(const fs::path& file, std::int64_t otherwise) {
  std::int64_t number = 0;
  return std::ifstream(file) >> number ? number : otherwise;
}

// Of the lines "NAME NUMBER", 0 where none has that name.
std::int64_t number_of(const fs::path& file, const std::string& wanted) {
  std::ifstream lines(file);
  std::int64_t number = 0;
  for (std::string name; lines >> name; lines.ignore(256, '\n'))
    if (name == wanted && lines >> number) return number;
  return 0;
}

std::int64_t left_of(const fs::path& group) {
  const std::int64_t limit = std::min(number_in(group / "memory.max", kNoLimitOfBytes),
                                      number_in(group / "memory.limit_in_bytes", kNoLimitOfBytes));
  if (limit == kNoLimitOfBytes) return kNoLimitOfBytes;
  const fs::path stat = group / "memory.stat";
  const std::int64_t use = number_in(group / "memory.current", number_in(group / "memory.usage_in_bytes", 0));
  const std::int64_t caches =
      std::max(number_of(stat, "inactive_file"), number_of(stat, "total_inactive_file"));
  return std::max<std::int64_t>(0, limit - std::max<std::int64_t>(0, use - caches));
}

std::int64_t system_bytes() {
  const std::int64_t kibibytes = number_of("/proc/meminfo", "MemAvailable:");
  if (kibibytes > 0) return kibibytes * 1024;
  return static_cast<std::int64_t>(sysconf(_SC_AVPHYS_PAGES)) * sysconf(_SC_PAGESIZE);
}

std::int64_t address_space_bytes() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kNoLimitOfBytes;
  const std::int64_t taken = number_in("/proc/self/statm", 0) * sysconf(_SC_PAGESIZE);
  return std::max<std::int64_t>(0, static_cast<std::int64_t>(limit.rlim_cur) - taken);
}

}  // namespace

std::int64_t cgroup_bytes(const fs::path& membership, const fs::path& mount) {
  std::int64_t least = kNoLimitOfBytes;
  for (const fs::path& group : control_groups("memory", membership, mount))
    least = std::min(least, left_of(group));
  return least;
}

std::int64_t host_available_bytes() {
  return std::min({system_bytes(), cgroup_bytes(), address_space_bytes()});
}

}  // namespace innerloop
