#include "engine/files/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string>

#include "engine/error.h"
#include "engine/files/output_file.h"

namespace innerloop {
namespace {

constexpr std::string_view kTemporaryMark = ".tmp-";

// Without this a power cut could undo the renaming, even though the file's bytes are on the disk.
void sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) throw_system_error(folder, "open the folder", errno);
  const int error_number = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  // Some file systems know no fsync of a folder and say EINVAL.
  if (error_number != 0 && error_number != EINVAL) {
    throw_system_error(folder, "bring the folder to the disk", error_number);
  }
}

// `NAME.tmp-PROCESS`
bool is_temporary_file_name(std::string_view name) {
  const std::size_t mark = name.rfind(kTemporaryMark);
  if (mark == std::string_view::npos || mark == 0) return false;
  const std::string_view process = name.substr(mark + kTemporaryMark.size());
  return !process.empty() && process.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

void write_file_atomically(const std::filesystem::path& path,
                           std::span<const std::span<const std::byte>> pieces) {
  std::filesystem::path temporary = path;
  temporary += std::string(kTemporaryMark) + std::to_string(::getpid());
  std::size_t size = 0;
  for (const auto& piece : pieces) size += piece.size();
  const std::string wanted = "write " + std::to_string(size) + " bytes";
  try {
    OutputFile file(temporary, OutputFile::Mode::replace);
    for (const auto& piece : pieces) file.write(piece);
    file.sync();
    if (std::rename(temporary.c_str(), path.c_str()) != 0) throw_system_error(path, wanted, errno);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_folder(path.has_parent_path() ? path.parent_path() : ".");
}

void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  const std::array pieces = {std::as_bytes(std::span(text))};
  write_file_atomically(path, std::span<const std::span<const std::byte>>(pieces));
}

void check_file_place(const std::filesystem::path& path) {
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown))
    throw InputError(path.string() + ": wanted the name of a file to write, found a folder");
  if (path.has_parent_path() && !std::filesystem::is_directory(path.parent_path(), unknown))
    throw InputError(path.string() + ": wanted the name of a file to write, found no folder " +
                     path.parent_path().string());
}

void remove_temporary_files(const std::filesystem::path& folder) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (!is_temporary_file_name(entry.path().filename().string())) continue;
    std::filesystem::remove(entry.path(), error);
    if (error) throw_system_error(entry.path(), "delete it", error.value());
  }
}

}  // namespace innerloop
