#include "engine/run/trained_run.h"

#include "engine/config/names.h"
#include "engine/error.h"
#include "engine/learned/create.h"
#include "engine/run/checkpoint.h"

namespace innerloop {

TrainedRun open_trained_run(const std::filesystem::path& path, std::span<const std::string> overrides) {
  const RunFolder folder = open_run_folder(path);
  for (const std::string& override_text : overrides)
    if (!override_text.starts_with("evaluation"))
      throw InputError(
          "--set: wanted an option of the evaluation with a run, as in evaluation.horizon=1000, found \"" +
          override_text + "\"");
  const Config config = read_config(folder.config(), overrides);
  const Checkpoint checkpoint = read_newest_checkpoint(folder.path);
  const std::vector<float> params = checkpoint_params(checkpoint, create_learned(config));
  check_belongs(checkpoint, config);
  return {folder, config, checkpoint.iteration, params};
}

void check_learns_by_steps(const TrainedRun& run, const std::string& what) {
  if (!find_inner_steps(run.config))
    throw InputError(run.folder.config().string() + ": /algorithm: " + what +
                     " wants an algorithm that learns a task by gradient steps, found \"" +
                     algorithm_name(run.config) + "\"");
}

void check_plays_trials(const TrainedRun& run, const std::string& what) {
  if (plays_trials(run.config)) return;
  const auto plays = []<class Algorithm>() { return Algorithm::Learning::plays_trials; };
  throw InputError(run.folder.config().string() + ": /algorithm: " + what +
                   " wants an algorithm that plays trials, " + one_of_names(names_where<Algorithms>(plays)) +
                   ", found \"" + algorithm_name(run.config) + "\"");
}

}  // namespace innerloop
