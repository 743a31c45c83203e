#include "engine/run/run_files.h"

#include <nlohmann/json.hpp>

#include "engine/run/interrupt.h"
#include "engine/run/progress.h"

namespace innerloop {

RunFiles::RunFiles(const RunFolder& run, Trainer& trainer)
    : run_(run),
      trainer_(trainer),
      metrics_(run.metrics()),
      tensorboard_(run.path, trainer.counts().iteration + 1) {
  if (trainer.counts().iteration == 0) save();
}

void RunFiles::save() {
  const std::int64_t iteration = trainer_.counts().iteration;
  if (saved_ == iteration) return;
  metrics_.sync();
  trainer_.save(run_.path);
  saved_ = iteration;
}

StepReport RunFiles::step() {
  StepReport report;
  try {
    report = trainer_.step();
  } catch (const GradientNotFinite& error) {
    save();
    throw GradientNotFinite(std::string(error.what()) + "; the state before it is " +
                            checkpoint_file(run_.path, trainer_.counts().iteration).string());
  }
  const nlohmann::ordered_json metrics = metrics_json(report);
  metrics_.write(metrics);
  tensorboard_.write(metrics);
  const int every = trainer_.config().checkpoint.every;
  if (trainer_.complete() || (every > 0 && report.counts.iteration % every == 0)) save();
  return report;
}

End train(RunFiles& files, std::ostream& out, bool terminal) {
  Trainer& trainer = files.trainer();
  Progress progress(out, terminal, trainer.counts().iteration, trainer.config().iterations);
  while (!trainer.complete()) {
    const StepReport report = files.step();
    progress.update(report.counts.iteration, report.iteration.returns, report.env_steps_per_second());
    if (interrupted()) {
      files.save();
      return End::interrupted;
    }
  }
  return End::complete;
}

}  // namespace innerloop
