// The folder that a training run leaves.
#pragma once

#include <ctime>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace innerloop {

/// Its checkpoints are in checkpoint_files.h, the events of TensorBoard in tensorboard.h.
struct RunFolder {
  std::filesystem::path path;

  std::filesystem::path config() const { return path / "config.json"; }
  std::filesystem::path machine() const { return path / "machine.json"; }
  std::filesystem::path metrics() const { return path / "metrics.jsonl"; }
  std::filesystem::path evaluation() const { return path / "evaluation.json"; }
  std::filesystem::path evaluation_tasks() const { return path / "evaluation_tasks.json"; }
  std::filesystem::path report() const { return path / "report.html"; }
};

/// "runs/NAME-20260131-235959": where a run of the config file called `config_name`, "configs/NAME.json",
/// goes unless the user says otherwise. `now` is shown as local time.
std::filesystem::path default_run_folder(const std::filesystem::path& config_name, std::time_t now);

/// Makes the folder `path`, its parents where they are missing, and in it config.json and an empty
/// checkpoints/.
/// @throws InputError, having touched nothing, when `path` exists already; RunError when it cannot be made, with
/// nothing left of it.
RunFolder create_run_folder(const std::filesystem::path& path, const nlohmann::ordered_json& config);

/// The same in `wanted`, or in the first of `wanted`-2, -3, … that is free where a folder has that name: runs that start in the
/// same second each get one of their own.
RunFolder create_free_run_folder(const std::filesystem::path& wanted, const nlohmann::ordered_json& config);

/// The run folder `path`, to resume or evaluate.
/// @throws InputError when there is none or it has no config.json.
RunFolder open_run_folder(const std::filesystem::path& path);

/// A run's folder, held for as long as this lives, so that no two processes train in it; free again when the process ends,
/// however that happens. File systems without such locks hold nothing.
class RunLock {
 public:
  /// @throws InputError where another process holds the folder `run`, RunError where it cannot be opened.
  explicit RunLock(const std::filesystem::path& run);
  RunLock(RunLock&& other) noexcept;
  RunLock& operator=(RunLock&&) = delete;
  ~RunLock();

 private:
  int descriptor_;
};

/// Whether a process holds the folder `run`, so far as can be told: true where the file system has no such
/// locks.
bool is_trained(const std::filesystem::path& run);

/// The object that the file `path` of a run holds, which is written whole; null where there is no such file
/// (yet).
/// @throws InputError where it is none that can be read.
nlohmann::ordered_json read_json(const std::filesystem::path& path);

/// Writes `value` as the file `path`, indented, atomically; bytes that are no UTF-8 (of a file's name) become U+FFFD.
/// @throws RunError as write_file_atomically.
void write_json(const std::filesystem::path& path, const nlohmann::ordered_json& value);

}  // namespace innerloop
