#include "engine/files/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "engine/error.h"

namespace innerloop {
namespace {

int open_flags(OutputFile::Mode mode) {
  switch (mode) {
    case OutputFile::Mode::replace:
      return O_WRONLY | O_CREAT | O_CLOEXEC | O_TRUNC;
    case OutputFile::Mode::append:
      return O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND;
    case OutputFile::Mode::create_new:
      return O_WRONLY | O_CREAT | O_CLOEXEC | O_EXCL;
  }
  return 0;
}

}  // namespace

void throw_system_error(const std::filesystem::path& path, const std::string& wanted, int error_number) {
  throw RunError(path.string() + ": wanted to " + wanted + ", found \"" +
                 std::generic_category().message(error_number) + "\"");
}

OutputFile::OutputFile(std::filesystem::path path, Mode mode) : path_(std::move(path)) {
  descriptor_ = ::open(path_.c_str(), open_flags(mode), 0666);
  if (descriptor_ < 0) throw_system_error(path_, "open it for writing", errno);
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void OutputFile::write(std::span<const std::byte> bytes) {
  // A nearly full disk first takes a part of the bytes; the error comes with the next attempt.
  for (std::span<const std::byte> rest = bytes; !rest.empty();) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_system_error(path_, "write " + std::to_string(bytes.size()) + " bytes", errno);
    rest = rest.subspan(static_cast<std::size_t>(written));
  }
}

void OutputFile::write(std::string_view text) { write(std::as_bytes(std::span(text))); }

void OutputFile::sync() {
  // EINVAL: a pipe or a special file, which has nothing to wait for.
  if (::fsync(descriptor_) != 0 && errno != EINVAL) throw_system_error(path_, "bring it to the disk", errno);
}

}  // namespace innerloop
