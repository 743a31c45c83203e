// `innerloop bench --sweep`: environment steps a second over a grid of sizes, with and without learning.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/config/config.h"
#include "engine/device/device.h"

namespace innerloop {

/// What each size is tried with: every combination is measured.
struct ThroughputGrid {
  std::vector<int> tasks = {10, 40, 160, 640};
  std::vector<int> envs = {20};         // of each task
  std::vector<int> widths = {64, 128};  // of the hidden layers, of which there are as many as the config has
  std::vector<int> inner_steps = {1, 3};
};

struct Throughput {
  int tasks = 0, envs = 0, width = 0, inner_steps = 0;
  std::int64_t memory_bytes = 0;  // that training needs
  // Environment steps a second; none where it does not fit into memory.
  std::optional<double> playing;   // rollouts alone
  std::optional<double> learning;  // whole meta-iterations, K + 1 rollouts each
};

/// Measures `config`, of an algorithm that learns by gradient steps, with each combination of sizes in place of its own: the
/// median of at least five repetitions. `on_result` is told of each as it comes.
/// @throws InputError where the algorithm takes no inner steps.
std::vector<Throughput> measure_throughput(const Config& config, const ThroughputGrid& grid, Device& device,
                                           const std::function<void(const Throughput&)>& on_result = {});

/// The table: the line above, and one for each result.
std::string throughput_table_head();
std::string throughput_table_line(const Throughput& result);

/// As `--json FILE` writes it: `machine`, `config` and `results`; null where a size does not fit.
nlohmann::ordered_json throughput_json(const Config& config, const std::vector<Throughput>& results,
                                       const Device& device);

/// A page with a chart of each width: steps a second over the number of environments.
std::string throughput_page(const Config& config, const std::vector<Throughput>& results,
                            const Device& device);

}  // namespace innerloop
