#include "engine/run/checkpoint_files.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "engine/error.h"
#include "engine/files/atomic_file.h"
#include "engine/files/file_status.h"
#include "engine/files/output_file.h"

namespace innerloop {
namespace {

constexpr std::string_view kExtension = ".safetensors";

std::filesystem::path checkpoint_folder(const std::filesystem::path& run) { return run / "checkpoints"; }

// The iteration in a checkpoint's name; nothing for other names, "007.safetensors" too.
std::optional<std::int64_t> iteration_of(const std::string& name) {
  std::int64_t iteration = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), iteration);
  if (error != std::errc() || iteration < 0) return std::nullopt;
  if (name != std::to_string(iteration).append(kExtension)) return std::nullopt;
  return iteration;
}

void delete_file(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error) throw_system_error(path, "delete it", error.value());
}

// What read_newest_checkpoint tells beside the damage.
std::string advice(const std::filesystem::path& run, const std::vector<std::int64_t>& iterations) {
  if (iterations.size() == 1) return " (it is the only checkpoint of this run)";
  const auto older = checkpoint_file(run, iterations[iterations.size() - 2]);
  return " (to go on from " + older.string() + ", delete the damaged file)";
}

}  // namespace

std::filesystem::path checkpoint_file(const std::filesystem::path& run, std::int64_t iteration) {
  return checkpoint_folder(run) / std::to_string(iteration).append(kExtension);
}

std::vector<std::int64_t> list_checkpoints(const std::filesystem::path& run) {
  std::vector<std::int64_t> iterations;
  const std::filesystem::path folder = checkpoint_folder(run);
  if (!std::filesystem::exists(status_of(folder))) return {};
  std::error_code error;
  const std::filesystem::directory_iterator entries(folder, error);
  if (error)
    throw InputError(folder.string() + ": wanted a folder that can be read, found \"" + error.message() +
                     "\"");
  for (const auto& entry : entries) {
    if (const auto iteration = iteration_of(entry.path().filename().string()))
      iterations.push_back(*iteration);
  }
  std::sort(iterations.begin(), iterations.end());
  return iterations;
}

Checkpoint read_newest_checkpoint(const std::filesystem::path& run) {
  const std::vector<std::int64_t> iterations = list_checkpoints(run);
  if (iterations.empty()) {
    throw InputError(checkpoint_folder(run).string() +
                     ": wanted a checkpoint, ITERATION.safetensors, found none");
  }
  try {
    return {iterations.back(), TensorFile::read(checkpoint_file(run, iterations.back()))};
  } catch (const UnreadableFile&) {
    throw;
  } catch (const InputError& damage) {
    throw InputError(damage.what() + advice(run, iterations));
  }
}

void prune_checkpoints(const std::filesystem::path& run, int keep) {
  const std::vector<std::int64_t> iterations = list_checkpoints(run);
  for (std::size_t i = 0; i + static_cast<std::size_t>(keep) < iterations.size(); ++i) {
    delete_file(checkpoint_file(run, iterations[i]));
  }
  remove_temporary_files(checkpoint_folder(run));
}

}  // namespace innerloop
