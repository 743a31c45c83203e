#include "engine/files/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string>

#include "engine/error.h"
#include "engine/files/file_status.h"
#include "engine/files/output_file.h"

namespace innerloop {
namespace {

constexpr std::string_view kTemporaryMark = ".tmp-";
constexpr std::size_t kLongestName = 255;  // bytes, on the usual file systems

// `NAME.tmp-PROCESS` beside `path`, with the name's beginning where all of it would be too long.
std::filesystem::path temporary_path(const std::filesystem::path& path) {
  const std::string end = std::string(kTemporaryMark) + std::to_string(::getpid());
  return path.parent_path() / (path.filename().string().substr(0, kLongestName - end.size()) + end);
}

// What `path` leads to where it is a link, or a link to a link.
std::filesystem::path behind_links(std::filesystem::path path) {
  std::error_code error;
  constexpr int kMostLinks = 40;  // as the system
  for (int i = 0; i < kMostLinks && std::filesystem::is_symlink(path, error); ++i) {
    const auto target = std::filesystem::read_symlink(path, error);
    if (error) break;
    path = path.parent_path() / target;
  }
  return path;
}

// Without this a power cut could undo the renaming, even though the file's bytes are on the disk.
void sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0 && errno == EACCES) return;  // a folder may be written and not read
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

void write_file_atomically(const std::filesystem::path& name,
                           std::span<const std::span<const std::byte>> pieces) {
  std::error_code unknown;
  // A terminal or a pipe has no old content to keep.
  if (std::filesystem::is_other(name, unknown)) {
    OutputFile file(name, OutputFile::Mode::replace);
    for (const auto& piece : pieces) file.write(piece);
    return;
  }
  const std::filesystem::path path = behind_links(name), temporary = temporary_path(path);
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

void check_file_place(const std::filesystem::path& name) {
  const std::filesystem::path path = behind_links(name);
  if (std::filesystem::is_directory(status_of(path)))
    throw InputError(path.string() + ": wanted the name of a file to write, found a folder");
  if (path.has_parent_path() && !std::filesystem::is_directory(status_of(path.parent_path())))
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
