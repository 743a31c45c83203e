// `innerloop bench`: how fast the kernels and whole meta-iterations are on this machine.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/benchmark/operation_counts.h"
#include "engine/device/device.h"

namespace innerloop {

struct BenchmarkResult {
  std::string name;  // "rollout/mlp-2x64/point_navigation"; on one of several threads: "…/one-thread"
  int threads = 1, tasks = 0, envs_per_task = 0, horizon = 0, inner_steps = 0;
  double seconds = 0;         // median of at least five repetitions, after one that does not count
  double env_steps = 0;       // of one repetition: samples that were drawn or worked on
  OperationCount operations;  // of one repetition; 0 where there are no matrix products
  double peak = 0;            // operations a second that these threads could do
  std::int64_t memory_bytes =
      0;  // the process' greatest resident memory while this ran; 0 where the system hides it
};

struct BenchmarkReport {
  std::string backend, instructions, gpu;
  int threads = 1;
  double peak_per_thread = 0;  // of multiply-adds, measured; 0 on a GPU
  double peak = 0;             // of all threads, or of the GPU
  std::vector<BenchmarkResult> results;
};

/// Runs the benchmarks whose name contains `filter`, or matches it where it has one of *?[ ; all for an empty one.
/// `on_result` is told of each result as it comes.
/// @throws InputError where no name fits.
BenchmarkReport run_benchmarks(const DeviceOptions& options, const std::string& filter,
                               const std::function<void(const BenchmarkResult&)>& on_result = {});

/// The table: the line above, one for each result, and what the peak was.
std::string benchmark_table_head();
std::string benchmark_table_line(const BenchmarkResult& result);
std::string benchmark_table_foot(const BenchmarkReport& report);

/// The report as `--json FILE` writes it: seconds, operations in GFLOP/s, memory in bytes. Numbers that do not apply
/// are null.
nlohmann::ordered_json to_json(const BenchmarkReport& report);

}  // namespace innerloop
