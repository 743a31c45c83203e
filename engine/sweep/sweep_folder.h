// The folder of a sweep: what is done is what is in it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/run/run_folder.h"
#include "engine/sweep/points.h"
#include "engine/sweep/sweep.h"

namespace innerloop {

struct SweepFolder {
  std::filesystem::path path;

  std::filesystem::path sweep() const { return path / "sweep.json"; }
  std::filesystem::path points() const { return path / "points.jsonl"; }
  std::filesystem::path references() const { return path / "references.json"; }
  std::filesystem::path results() const { return path / "results.json"; }
  std::filesystem::path table() const { return path / "results.csv"; }
  std::filesystem::path report() const { return path / "report.html"; }
  /// runs/0012-s3
  RunFolder run(std::size_t point, std::uint32_t seed) const;
};

/// "sweeps/NAME", of the sweep's file NAME.json.
std::filesystem::path default_sweep_folder(const std::filesystem::path& sweep);

/// Makes the folder, or opens one that is there where `resume` says so, and writes sweep.json and points.jsonl.
/// @throws InputError, having changed nothing, where a folder is there and `resume` is false, or its points are not the first
/// ones of these, nor these its first. RunError where it cannot be written.
SweepFolder open_sweep_folder(const std::filesystem::path& path, const Sweep& sweep, const Points& points,
                              bool resume);

/// What came of a run, as of its last stop: the file outcome.json in its folder.
struct RunOutcome {
  enum class Status { done, diverged, failed };
  struct Stop {
    int iteration;
    double metric;  // NaN: none that is finite
  };
  Status status = Status::done;
  int iteration = 0;        // that it has reached
  std::string message;      // of what did not go well
  std::vector<Stop> stops;  // with an evaluation, the newest last

  /// "done", "diverged" or "failed".
  const char* status_name() const;
  /// Whether the run has no more to do before `iterations`.
  bool is_over(int iterations) const { return status != Status::done || iteration >= iterations; }
};

/// None where the run has not come to a stop yet. @throws InputError where the file is none that can be read.
std::optional<RunOutcome> read_outcome(const RunFolder& run);
/// Whether every run has come to a stop.
bool has_all_outcomes(const SweepFolder& folder, const Sweep& sweep, const Points& points);
/// Makes the run's folder where there is none. @throws RunError where it cannot be written.
void write_outcome(const RunFolder& run, const RunOutcome& outcome);

/// One run of a sweep, held for as long as this lives, so that no two processes do it, on whatever machines share the
/// folder: a lock on one byte of the file `lock`. Free again when the process ends, however that happens.
class RunClaim {
 public:
  /// Empty where another process has it. `run` is its number among all of the sweep.
  static std::optional<RunClaim> take(const SweepFolder& folder, std::size_t run);
  /// Whether a process has it, other than this one.
  static bool is_taken(const SweepFolder& folder, std::size_t run);

  RunClaim(RunClaim&& other) noexcept;
  RunClaim& operator=(RunClaim&&) = delete;
  ~RunClaim();

 private:
  explicit RunClaim(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace innerloop
