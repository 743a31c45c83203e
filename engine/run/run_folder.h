#pragma once

#include <ctime>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace innerloop {

// The folder that a training run leaves. Checkpoints: checkpoint_files.h; events of TensorBoard:
// tensorboard.h.
struct RunFolder {
  std::filesystem::path path;

  std::filesystem::path config() const { return path / "config.json"; }
  std::filesystem::path machine() const { return path / "machine.json"; }
  std::filesystem::path metrics() const { return path / "metrics.jsonl"; }
  std::filesystem::path evaluation() const { return path / "evaluation.json"; }
};

/// "runs/NAME-20260131-235959": where a run of the config file called `config_name`, "configs/NAME.json",
/// goes unless the user says otherwise. `now` is shown as local time.
std::filesystem::path default_run_folder(const std::filesystem::path& config_name, std::time_t now);

/// Makes the folder `path`, its parents where they are missing, and in it config.json and an empty
/// checkpoints/. Throws InputError, having touched nothing, when `path` exists already; RunError when it
/// cannot be made, with nothing left of it.
RunFolder create_run_folder(const std::filesystem::path& path, const nlohmann::ordered_json& config);

/// The run folder `path`, to resume or evaluate. Throws InputError when there is none or it has no
/// config.json.
RunFolder open_run_folder(const std::filesystem::path& path);

/// Writes `value` as the file `path`, indented, atomically. Throws RunError.
void write_json(const std::filesystem::path& path, const nlohmann::ordered_json& value);

}  // namespace innerloop
