#include "engine/device/control_groups.h"

#include <fstream>
#include <sstream>

namespace innerloop {
namespace {

namespace fs = std::filesystem;

void add_groups(const fs::path& root, const std::string& group, std::vector<fs::path>& groups) {
  groups.push_back(root);
  fs::path place = root;
  for (const fs::path& name : fs::path(group).relative_path()) groups.push_back(place /= name);
}

bool names_controller(const std::string& controllers, const std::string& controller) {
  std::istringstream names(controllers);
  for (std::string name; std::getline(names, name, ',');)
    if (name == controller) return true;
  return false;
}

}  // namespace

std::vector<fs::path> control_groups(const std::string& controller, const fs::path& membership,
                                     const fs::path& mount) {
  std::vector<fs::path> groups;
  std::ifstream file(membership);
  // HIERARCHY:CONTROLLERS:GROUP; version 2's hierarchy is 0, without controllers.
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1),
                      group = line.substr(second + 1);
    if (controllers.empty()) add_groups(mount, group, groups);
    if (names_controller(controllers, controller)) add_groups(mount / controllers, group, groups);
  }
  return groups;
}

}  // namespace innerloop
