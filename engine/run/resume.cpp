#include "engine/run/resume.h"

#include <utility>

#include "engine/error.h"

namespace innerloop {

Resume read_resume(const std::filesystem::path& folder, std::span<const std::string> overrides) {
  for (const std::string& each : overrides)
    if (!each.starts_with("iterations="))
      throw InputError("--set " + each +
                       ": wanted iterations=N, as a run is resumed with its own config, found \"" + each +
                       "\"");
  const RunFolder run = open_run_folder(folder);
  RunLock lock(run.path);
  const Config own = read_config(run.config());
  const Config config = read_config(run.config(), overrides);
  if (config.iterations < own.iterations)
    throw InputError("--set " + overrides.back() + ": wanted at least the " + std::to_string(own.iterations) +
                     " iterations of " + run.config().string() + ", found " +
                     std::to_string(config.iterations));
  return {run, std::move(lock), config, read_newest_checkpoint(run.path)};
}

}  // namespace innerloop
