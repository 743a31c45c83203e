#include "engine/run/trained_run.h"

#include "engine/error.h"
#include "engine/run/checkpoint.h"

namespace innerloop {

TrainedRun open_trained_run(const std::filesystem::path& path) {
  const RunFolder folder = open_run_folder(path);
  const Config config = read_config(folder.config());
  const Checkpoint checkpoint = read_newest_checkpoint(folder.path);
  return {folder, config, checkpoint.iteration, checkpoint_params(checkpoint, config)};
}

void check_learns_by_steps(const TrainedRun& run, const std::string& what) {
  if (plays_trials(run.config))
    throw InputError(run.folder.config().string() + ": /algorithm: " + what +
                     " wants an algorithm that learns a task by gradient steps, found \"" +
                     algorithm_name(run.config) + "\"");
}

void check_plays_trials(const TrainedRun& run, const std::string& what) {
  if (!plays_trials(run.config))
    throw InputError(run.folder.config().string() + ": /algorithm: " + what +
                     " wants an algorithm that plays trials, \"rl2\" or \"ppo\", found \"" +
                     algorithm_name(run.config) + "\"");
}

}  // namespace innerloop
