// What `innerloop train --resume` goes on with.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "engine/checkpoint_files.h"
#include "engine/config.h"
#include "engine/run_folder.h"

namespace innerloop {

struct Resume {
  RunFolder folder;
  Config config;  // the run's own; `iterations` may be longer
  Checkpoint checkpoint;
};

/// Reads the run `folder`, changing nothing. `overrides` may lengthen `iterations`, and no more.
/// @throws InputError for another override, a shorter run, no run or no checkpoint there, or a damaged one.
Resume read_resume(const std::filesystem::path& folder, std::span<const std::string> overrides);

}  // namespace innerloop
