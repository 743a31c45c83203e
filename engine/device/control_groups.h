// The control groups (containers) that this process belongs to.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace innerloop {

/// The folders of the process's groups for `controller` ("cpu", "memory"), of versions 1 and 2, and of all groups around them,
/// up to each hierarchy's root. `membership` is the file that names the process's groups, `mount` the folder that has them;
/// groups that are not to be seen there (as from inside a container) count by those around them.
std::vector<std::filesystem::path> control_groups(const std::string& controller,
                                                  const std::filesystem::path& membership,
                                                  const std::filesystem::path& mount);

inline constexpr const char* kMembership = "/proc/self/cgroup";
inline constexpr const char* kGroupsMount = "/sys/fs/cgroup";

}  // namespace innerloop
