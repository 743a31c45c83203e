// A file opened for writing, unbuffered: what `write` returned from has reached the operating system and
// outlives this process. Every failure is a RunError of the form `PATH: wanted to write 12 bytes, found "No
// space left on device"`.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace innerloop {

class OutputFile {
 public:
  enum class Mode {
    replace,     // empty it if it exists
    append,      // go on at its end
    create_new,  // it must not exist
  };

  /// Opens or creates `path` with the permissions that the umask leaves.
  OutputFile(std::filesystem::path path, Mode mode);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  /// Writes all of `bytes` at the end.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  /// Waits until everything written is on the disk.
  void sync();

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

/// @throws RunError, always: `PATH: wanted to WANTED, found "what `error_number` (an errno) means"`.
[[noreturn]] void throw_system_error(const std::filesystem::path& path, const std::string& wanted,
                                     int error_number);

}  // namespace innerloop
