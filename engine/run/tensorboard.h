// `events.out.tfevents.TIME.HOST` in the run folder: the metrics for TensorBoard. A file of TFRecords, each a
// protocol buffer `Event`, of which the few fields needed are written by hand.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "engine/files/output_file.h"

namespace innerloop {

class TensorBoardLog {
 public:
  /// Makes a new file in `folder`. What older files of the folder hold from `first_iteration` on no longer
  /// counts for TensorBoard: a resumed run writes it anew.
  /// @throws RunError when the file cannot be made.
  TensorBoardLog(const std::filesystem::path& folder, std::int64_t first_iteration);

  /// Writes the numbers of `metrics`, an object with an "iteration", which is their step. The elements of a
  /// list are the scalars `returns/0`, `returns/1`, …; what is no number is left out.
  /// @throws RunError when it cannot be written.
  void write(const nlohmann::ordered_json& metrics);

 private:
  OutputFile file_;
};

// The encoding, in the order in which it wraps.

using Scalar = std::pair<std::string, double>;

/// The bytes of an Event with these scalars; `wall_time` in seconds since 1970.
std::string scalar_event(double wall_time, std::int64_t step, std::span<const Scalar> scalars);
/// The bytes of a TFRecord around `event`: its length, both with their masked CRC-32C.
std::string tensorboard_record(std::string_view event);

}  // namespace innerloop
