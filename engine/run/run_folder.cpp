#include "engine/run/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <utility>

#include "engine/error.h"
#include "engine/files/atomic_file.h"
#include "engine/files/file_status.h"
#include "engine/files/output_file.h"
#include "engine/files/text_file.h"
#include "engine/options/json.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

// Asking and making are one step, so that two runs that start together cannot share a folder. False: it exists already, or
// `error`.
bool make_folder(const std::filesystem::path& path, std::error_code& error) {
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  return !error && std::filesystem::create_directory(path, error);
}

[[noreturn]] void refuse_folder(const std::filesystem::path& path, const std::error_code& error) {
  std::error_code unknown;
  if (std::filesystem::exists(std::filesystem::symlink_status(path, unknown)))
    throw InputError(path.string() + ": wanted a folder that does not exist yet, found " +
                     (std::filesystem::is_directory(path, unknown) ? "one (--resume goes on with it)"
                      : std::filesystem::exists(path, unknown)     ? "a file"
                                                                   : "a link to nothing"));
  if (error == std::errc::no_space_on_device) throw_system_error(path, "make the folder", error.value());
  throw InputError(path.string() + ": wanted a place where a folder can be made, found \"" + error.message() +
                   "\"");
}

// The files of a run in the new folder `path`; where they cannot be written, nothing of it is left.
RunFolder begin_run(const std::filesystem::path& path, const nlohmann::ordered_json& config) {
  RunFolder run{path};
  std::error_code error;
  try {
    std::filesystem::create_directory(path / "checkpoints", error);
    if (error) throw_system_error(path / "checkpoints", "make the folder", error.value());
    write_json(run.config(), config);
  } catch (...) {
    std::filesystem::remove_all(path, error);
    throw;
  }
  return run;
}

}  // namespace

std::filesystem::path default_run_folder(const std::filesystem::path& config_name, std::time_t now) {
  std::tm local{};
  localtime_r(&now, &local);
  std::array<char, 32> time;
  std::strftime(time.data(), time.size(), "-%Y%m%d-%H%M%S", &local);
  return std::filesystem::path("runs") / (config_name.stem().string() + time.data());
}

RunFolder create_run_folder(const std::filesystem::path& folder, const nlohmann::ordered_json& config) {
  const std::filesystem::path path =
      folder.has_filename() ? folder : folder.parent_path();  // "runs/a/" is "runs/a"
  std::error_code error;
  if (!make_folder(path, error)) refuse_folder(path, error);
  return begin_run(path, config);
}

RunFolder create_free_run_folder(const std::filesystem::path& wanted, const nlohmann::ordered_json& config) {
  std::filesystem::path path = wanted;
  std::error_code error, unknown;
  for (int number = 2; !make_folder(path, error); ++number) {
    if (!std::filesystem::is_directory(path, unknown)) refuse_folder(path, error);
    path = wanted.string() + "-" + std::to_string(number);
    error.clear();
  }
  return begin_run(path, config);
}

RunFolder open_run_folder(const std::filesystem::path& path) {
  RunFolder run{path};
  if (!std::filesystem::exists(status_of(path)))
    throw InputError(path.string() + ": wanted a run folder, found none");
  if (!std::filesystem::is_regular_file(status_of(run.config()))) {
    throw InputError(path.string() + ": wanted a run folder, found no config.json in it");
  }
  return run;
}

RunLock::RunLock(const std::filesystem::path& run)
    : descriptor_(::open(run.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0) throw_system_error(run, "open the folder", errno);
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  ::close(descriptor_);
  throw InputError(run.string() + ": wanted a run that no process trains, found one that trains it");
}

RunLock::RunLock(RunLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

RunLock::~RunLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool is_trained(const std::filesystem::path& run) {
  const int descriptor = ::open(run.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return true;
  const bool held = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0;
  ::close(descriptor);
  return held;
}

nlohmann::ordered_json read_json(const std::filesystem::path& path) {
  if (!std::filesystem::exists(status_of(path))) return nullptr;
  const auto refuse = [&](const std::string& found) {
    throw InputError(path.string() + ": wanted a file of a run, found " + found);
  };
  constexpr std::size_t kMostBytes = 1 << 30;
  Json object = parse_json(read_text_file(path, kMostBytes, refuse), path.string());
  if (!object.is_object()) refuse(found_value(object));
  return object;
}

void write_json(const std::filesystem::path& path, const nlohmann::ordered_json& value) {
  write_file_atomically(path, json_text(value, 2) + "\n");
}

}  // namespace innerloop
