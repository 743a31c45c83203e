// How much memory of the host this process may still take.
#pragma once

#include <cstdint>
#include <filesystem>

#include "engine/device/control_groups.h"

namespace innerloop {

/// Bytes: the least of what the system would find for us (MemAvailable, which counts the caches that make room), what its
/// control groups leave and what the limit of its address space (RLIMIT_AS) leaves.
std::int64_t host_available_bytes();

/// Bytes that control groups (versions 1 and 2, each group and those around it) leave a process: limit less use,
/// where caches of files that are not in use do not count; INT64_MAX where none has a limit. The arguments are those
/// of control_groups.
std::int64_t cgroup_bytes(const std::filesystem::path& membership = kMembership,
                          const std::filesystem::path& mount = kGroupsMount);

}  // namespace innerloop
