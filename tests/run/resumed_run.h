#pragma once

#include <string>
#include <vector>

#include "engine/run/metrics_log.h"
#include "engine/run/resume.h"
#include "tests/support/tiny_run.h"

namespace innerloop {

// Goes on with the run in `path` up to `iterations`, as `innerloop train --resume --set iterations=N` does it.
inline void resume(const std::filesystem::path& path, int iterations,
                   const DeviceOptions& options = kOneThread) {
  const Resume from = read_resume(path, std::vector<std::string>{"iterations=" + std::to_string(iterations)});
  Device device(options);
  Trainer trainer(from.config, device);
  trainer.restore(from.checkpoint);
  cut_metrics(from.folder.metrics(), trainer.counts().iteration);
  std::ostringstream progress;
  train_into(from.folder, trainer, progress);
}

}  // namespace innerloop
