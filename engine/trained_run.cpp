#include "engine/trained_run.h"

#include "engine/checkpoint.h"

namespace innerloop {

TrainedRun open_trained_run(const std::filesystem::path& path) {
  const RunFolder folder = open_run_folder(path);
  const Config config = read_config(folder.config());
  const Checkpoint checkpoint = read_newest_checkpoint(folder.path);
  return {folder, config, checkpoint.iteration, checkpoint_params(checkpoint, config)};
}

}  // namespace innerloop
