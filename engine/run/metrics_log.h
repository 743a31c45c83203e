// metrics.jsonl: one JSON object a line, one line an iteration, each on its way to the disk as soon as it is
// written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "engine/files/output_file.h"

namespace innerloop {

class MetricsLog {
 public:
  /// Opens `path` to go on at its end.
  /// @throws RunError when it cannot be opened.
  explicit MetricsLog(const std::filesystem::path& path) : file_(path, OutputFile::Mode::append) {}

  /// Appends `metrics`, an object with an "iteration"; NaN and infinities become null.
  /// @throws RunError when they cannot be written.
  void write(const nlohmann::ordered_json& metrics);
  /// Waits until all lines are on the disk: to be called before a checkpoint is written, so that what a
  /// checkpoint counts as done has its lines even after a power cut.
  /// @throws RunError when the disk fails.
  void sync() { file_.sync(); }

 private:
  OutputFile file_;
};

/// Cuts `path`, a metrics.jsonl, after its last line with an iteration ≤ `iteration`, the checkpoint's, so
/// that a resumed run leaves the file that an uninterrupted one would. A line without its end, as a killed
/// process leaves it, goes too. No file is as good as an empty one.
/// @throws InputError, and changes nothing, for a damaged line amid the others or what is no file; RunError when the
/// file cannot be cut.
void cut_metrics(const std::filesystem::path& path, std::int64_t iteration);

/// Calls `each` with the metrics of every line of `path`, a metrics.jsonl that may still be written: a last
/// line without its end is none yet. No file is as good as an empty one.
/// @throws InputError for a damaged line, or what cannot be read.
void read_metrics(const std::filesystem::path& path,
                  const std::function<void(const nlohmann::ordered_json&)>& each);

/// The metrics of the last whole line; none where there is no such line yet, or it is damaged. However long
/// the file is, little of it is read.
std::optional<nlohmann::ordered_json> last_metrics(const std::filesystem::path& path);

}  // namespace innerloop
