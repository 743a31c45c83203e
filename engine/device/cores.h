// How many processor cores this process may use.
#pragma once

#include <filesystem>

#include "engine/device/control_groups.h"

namespace innerloop {

/// Cores' worth of processor time that control groups (versions 1 and 2, each group and those around it) leave a process:
/// quota / period, or infinity where none has a quota. The arguments are those of control_groups.
double cgroup_cores(const std::filesystem::path& membership = kMembership,
                    const std::filesystem::path& mount = kGroupsMount);

/// The cores of this thread's affinity mask, but no more than the quotas of its control groups (containers) come to, rounded
/// up; at least 1.
int usable_cores(double quota = cgroup_cores());

/// Whether each of so many threads has a core of its own, by the mask and by the quotas, of which a part of a core is none:
/// else threads that wait must not spin, as they would take the time of those they wait for.
bool are_cores_free(int threads, double quota = cgroup_cores());

}  // namespace innerloop
