#pragma once

#include <filesystem>

namespace innerloop {

// A run's folder, held for as long as it lives, so that no two processes train in it; free again when the process
// ends, however that happens. File systems without such locks hold nothing.
class RunLock {
 public:
  /// Throws InputError when another process holds the folder `run`, RunError when it cannot be opened.
  explicit RunLock(const std::filesystem::path& run);
  RunLock(RunLock&& other) noexcept;
  RunLock& operator=(RunLock&&) = delete;
  ~RunLock();

 private:
  int descriptor_;
};

}  // namespace innerloop
