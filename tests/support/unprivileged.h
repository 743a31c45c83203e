#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace innerloop {

// While it lives, this process has a user's rights, also where the tests run as root, whom nothing is forbidden. What lies in
// `folder` is the user's.
class Unprivileged {
 public:
  explicit Unprivileged(const std::filesystem::path& folder) {
    if (root_ != 0) return;
    give(folder);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) give(entry.path());
    if (::seteuid(kNobody) != 0) std::abort();
  }
  ~Unprivileged() {
    if (root_ == 0 && ::seteuid(0) != 0) std::abort();
  }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;

 private:
  static constexpr uid_t kNobody = 65534;
  static void give(const std::filesystem::path& path) {
    if (::lchown(path.c_str(), kNobody, static_cast<gid_t>(-1)) != 0) std::abort();
  }
  const uid_t root_ = ::geteuid();
};

}  // namespace innerloop
