// What training spends its time on: sums of each operation, and a trace of some iterations.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/device/device.h"
#include "engine/device/timings.h"

namespace innerloop {

struct Iterations {
  std::int64_t first = 1, last = 1;
};
/// "5-8", or "5". @throws InputError
Iterations read_iterations(const std::string& text);

struct ProfileOptions {
  bool timings = false;         // sums of each operation
  std::filesystem::path trace;  // a file for single calls; empty: none
  /// What the trace and a GPU's profiler see; unless given the trace sees the second to the fourth.
  std::optional<Iterations> looks_at;
};

class Profiler {
 public:
  /// `run`: the iterations that are still to come. @throws InputError where the trace cannot be a file, where nothing would
  /// look at the iterations, and where the run will not come by them.
  Profiler(const ProfileOptions& options, const Iterations& run, Device& device);

  /// Around an iteration, numbered from 1.
  void begin(std::int64_t iteration);
  /// What it spent `seconds` on (Timings::take); empty unless sums or a trace were asked for.
  std::vector<Timings::Sum> end(std::int64_t iteration, double seconds);

  /// The sums of all iterations as a table: seconds of all threads, their share, calls. Empty unless `timings`.
  std::string table() const;
  /// Writes the trace, if there is to be one: a JSON file as chrome://tracing and ui.perfetto.dev open it (Trace Event Format,
  /// complete events in microseconds), a track a thread. @throws RunError when the disk is full.
  void write_trace() const;

 private:
  bool looks_at(std::int64_t iteration) const;
  bool records() const { return options_.timings || !options_.trace.empty(); }

  const ProfileOptions options_;
  Device& device_;
  const Iterations seen_;
  Timings timings_;
  std::vector<Timings::Sum> totals_;
  double seconds_ = 0;
};

}  // namespace innerloop
