#include "engine/sweep/train_point.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

#include "engine/error.h"
#include "engine/evaluation/report.h"
#include "engine/files/file_status.h"
#include "engine/options/json.h"
#include "engine/run/checkpoint_files.h"
#include "engine/run/evaluation_files.h"
#include "engine/run/interrupt.h"
#include "engine/run/training.h"
#include "engine/sweep/metric.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

// Whether there is something to go on with; a folder that a run was killed in before it had a checkpoint is cleared away.
bool has_begun(const Config& config, const RunFolder& run) {
  const auto status = status_of(run.path);
  if (!std::filesystem::exists(status)) return false;
  if (!std::filesystem::is_directory(status))
    throw InputError(run.path.string() + ": wanted a place for a run's folder, found something else");
  if (const Json its = read_json(run.config()); !its.is_null()) {
    if (Json(to_json(config)) != its)
      throw InputError(run.path.string() +
                       ": wanted a run of this point, found one of another config: " + run.config().string());
    if (!list_checkpoints(run.path).empty()) return true;
  }
  std::error_code error;
  std::filesystem::remove_all(run.path, error);
  return false;
}

std::unique_ptr<Training> begin(const Config& config, const std::string& source, const RunFolder& run,
                                const DeviceOptions& device, bool begun) {
  if (begun) {
    auto training = std::make_unique<Training>(read_resume(run.path, {}), device);
    training->write_into(run);
    return training;
  }
  auto training = std::make_unique<Training>(config, source, device);
  training->write_into(create_run_folder(run.path, to_json(config)));
  return training;
}

}  // namespace

bool train_point(const Config& config, const std::string& source, const RunFolder& run, int iterations,
                 const DeviceOptions& device, const Metric& metric) {
  const bool begun = has_begun(config, run);
  RunOutcome outcome = begun ? read_outcome(run).value_or(RunOutcome()) : RunOutcome();
  outcome.status = RunOutcome::Status::done;
  outcome.message.clear();
  const auto failed = [&](RunOutcome::Status status, const std::string& message) {
    outcome.status = status;
    outcome.message = message;
    write_outcome(run, outcome);
    return true;
  };
  try {
    const auto training = begin(config, source, run, device, begun);
    Trainer& trainer = training->trainer();
    while (trainer.counts().iteration < iterations) {
      if (interrupted()) {
        training->files()->save();
        return false;
      }
      training->step();
      outcome.iteration = static_cast<int>(trainer.counts().iteration);
    }
    training->files()->save();
    outcome.iteration = static_cast<int>(trainer.counts().iteration);
    write_evaluation(run,
                     evaluation_of(config, training->device(), trainer.params(), trainer.counts().iteration));
  } catch (const GradientNotFinite& error) {
    return failed(RunOutcome::Status::diverged, error.what());
  } catch (const std::exception& error) {
    return failed(RunOutcome::Status::failed, error.what());
  }
  // What no run has is no fault of this one.
  const double reached = metric_of(metric, run);
  std::erase_if(outcome.stops,
                [&](const RunOutcome::Stop& stop) { return stop.iteration >= outcome.iteration; });
  outcome.stops.push_back({outcome.iteration, reached});
  write_outcome(run, outcome);
  return true;
}

}  // namespace innerloop
