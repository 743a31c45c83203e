// What `innerloop train --resume` goes on with.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "engine/config/config.h"
#include "engine/run/checkpoint_files.h"
#include "engine/run/run_folder.h"

namespace innerloop {

struct Resume {
  RunFolder folder;
  RunLock lock;
  Config config;  // the run's own; `iterations` may be longer
  Checkpoint checkpoint;
  int iterations_before;  // those of the run's config so far
};

/// A line about each schedule that a longer run jumps in, as it falls over all iterations; empty where none does.
std::string schedule_note(const Resume& resume);

/// Reads the run `folder`, changing nothing. `overrides` may lengthen `iterations`, and no more.
/// @throws InputError for another override, a shorter run, no run or no checkpoint there, a damaged one,
/// or another process that trains it.
Resume read_resume(const std::filesystem::path& folder, std::span<const std::string> overrides);

}  // namespace innerloop
