// What a run has learned: its config and newest checkpoint.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/config/config.h"
#include "engine/run/run_folder.h"

namespace innerloop {

struct TrainedRun {
  RunFolder folder;
  Config config;
  std::int64_t iteration = 0;  // of the checkpoint
  std::vector<float> params;   // [M]  all that is learned (engine/learned/create.h)
};

/// `overrides`: of the evaluation's options, as --set gives them. @throws InputError where there is no such run, where its
/// config or its newest checkpoint is bad, where these do not fit each other, or where an override is of anything else.
TrainedRun open_trained_run(const std::filesystem::path& path, std::span<const std::string> overrides = {});

/// @throws InputError where the run's policy plays trials, and takes no gradient steps; `what` asks for them.
void check_learns_by_steps(const TrainedRun& run, const std::string& what);

/// @throws InputError where it is gradient steps by which the run's policy learns a task; `what` asks for trials.
void check_plays_trials(const TrainedRun& run, const std::string& what);

}  // namespace innerloop
