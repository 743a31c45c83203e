// What a run has learnt: its config and newest checkpoint.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "engine/config.h"
#include "engine/run_folder.h"

namespace innerloop {

struct TrainedRun {
  RunFolder folder;
  Config config;
  std::int64_t iteration = 0;  // of the checkpoint
  std::vector<float> params;   // [M]  all that is learned (engine/policy_layout.h)
};

/// @throws InputError where there is no such run, where its config or its newest checkpoint is bad, or where these do not
/// fit each other.
TrainedRun open_trained_run(const std::filesystem::path& path);

}  // namespace innerloop
