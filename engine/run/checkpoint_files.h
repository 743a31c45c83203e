// The checkpoints of a run: `RUN/checkpoints/ITERATION.safetensors`, ITERATION being how many are done. Each
// is written atomically, so one that has its name is complete; anything else in the folder is ignored.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "engine/files/safetensors.h"

namespace innerloop {

/// Where the checkpoint after `iteration` iterations lies.
std::filesystem::path checkpoint_file(const std::filesystem::path& run, std::int64_t iteration);

/// The iterations that have a checkpoint, ascending; none when there is no such folder.
std::vector<std::int64_t> list_checkpoints(const std::filesystem::path& run);

struct Checkpoint {
  std::int64_t iteration;
  TensorFile file;
};

/// Reads the newest checkpoint of `run`. It never takes an older one by itself, but its message says how the user can.
/// @throws InputError when there is none, or when it is damaged.
Checkpoint read_newest_checkpoint(const std::filesystem::path& run);

/// Deletes all but the newest `keep` (≥ 1) checkpoints, and what was left of one by a process that was killed
/// in the middle.
/// @throws RunError when a file cannot be deleted.
void prune_checkpoints(const std::filesystem::path& run, int keep);

}  // namespace innerloop
