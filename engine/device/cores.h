// How many processor cores this process may use.
#pragma once

#include <filesystem>

namespace innerloop {

/// The cores of this thread's affinity mask, but no more than the quotas of its control groups (containers) come to, rounded
/// up; at least 1.
int usable_cores();

/// Cores' worth of processor time that control groups (versions 1 and 2, each group and those around it) leave a process:
/// quota / period, or infinity where none has a quota. `membership` is the file that names the process's groups, `mount` the
/// folder that has them; groups that are not to be seen there (as from inside a container) count by those around them.
double cgroup_cores(const std::filesystem::path& membership = "/proc/self/cgroup",
                    const std::filesystem::path& mount = "/sys/fs/cgroup");

}  // namespace innerloop
