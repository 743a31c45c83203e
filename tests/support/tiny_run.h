#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "engine/config/config.h"
#include "engine/device/device.h"
#include "engine/run/checkpoint_files.h"
#include "engine/run/run_files.h"
#include "engine/run/run_folder.h"
#include "engine/run/trainer.h"
#include "tests/support/temporary_folder.h"

namespace innerloop {

// A config that trains in milliseconds, on every instruction set. It writes a checkpoint every other iteration.
inline const std::string kTinyConfig = R"({
  "seed": 7, "iterations": 6, "tasks_per_iteration": 3, "envs_per_task": 4, "horizon": 5,
  "environment": {"name": "point_navigation"}, "policy": {"name": "mlp", "hidden": [5, 3]},
  "algorithm": {"name": "maml", "inner_steps": 2}, "outer": {"name": "adam", "lr": 0.01},
  "evaluation": {"every": 3, "tasks": 2, "envs_per_task": 2, "inner_steps": 1},
  "checkpoint": {"every": 2, "keep": 2}})";

inline Config tiny_config(const std::vector<std::string>& overrides = {}) {
  return parse_config(kTinyConfig, "tiny.json", overrides);
}

inline const DeviceOptions kOneThread = {.backend = Backend::cpu, .threads = 1, .instructions = ""};

// Trains until the end, or an interrupt.
inline End train_into(const RunFolder& run, Trainer& trainer, std::ostream& progress) {
  RunFiles files(run, trainer);
  return train(files, progress, false);
}

// Trains `config` into the new folder `path`, without an evaluation at the end.
inline RunFolder train_tiny(const std::filesystem::path& path, const Config& config,
                            const DeviceOptions& options = kOneThread) {
  Device device(options);
  Trainer trainer(config, device);
  const RunFolder run = create_run_folder(path, to_json(config));
  std::ostringstream progress;
  EXPECT_EQ(train_into(run, trainer, progress), End::complete);
  return run;
}

inline std::string newest_checkpoint_bytes(const std::filesystem::path& run) {
  const auto iterations = list_checkpoints(run);
  if (iterations.empty()) return "";
  return read_text(checkpoint_file(run, iterations.back()));
}

// metrics.jsonl without what differs from run to run: its seconds.
inline std::vector<nlohmann::json> timeless_metrics(const std::filesystem::path& run) {
  std::vector<nlohmann::json> lines;
  std::istringstream text(read_text(RunFolder{run}.metrics()));
  for (std::string line; std::getline(text, line);) {
    lines.push_back(nlohmann::json::parse(line));
    lines.back().erase("seconds");
    lines.back().erase("env_steps_per_second");
  }
  return lines;
}

}  // namespace innerloop
