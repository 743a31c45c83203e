#include "engine/files/file_status.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "engine/error.h"

namespace innerloop {

std::filesystem::file_status status_of(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::none)
    throw InputError(path.string() + ": wanted a place that can be looked into, found \"" + error.message() +
                     "\"");
  return status;
}

std::string hindrance_to_read(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return "\"" + std::generic_category().message(errno) + "\"";
  ::close(descriptor);
  return "";
}

}  // namespace innerloop
