#include "engine/run/trainer.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/error.h"
#include "engine/files/atomic_file.h"
#include "engine/run/batch_file.h"
#include "engine/run/interrupt.h"
#include "engine/run/metrics_log.h"
#include "engine/run/progress.h"
#include "engine/run/tensorboard.h"

namespace innerloop {
namespace {

using Clock = std::chrono::steady_clock;

// "1, 2, 3 and 37 more"
std::string listed(const std::vector<int>& tasks) {
  constexpr std::size_t kShown = 8;
  std::string text;
  for (std::size_t i = 0; i < tasks.size() && i < kShown; ++i)
    text += (i > 0 ? ", " : "") + std::to_string(tasks[i]);
  if (tasks.size() > kShown) text += " and " + std::to_string(tasks.size() - kShown) + " more";
  return text.empty() ? "none (their mean is not finite)" : text;
}

nlohmann::ordered_json metrics_of(const IterationReport& report, const RunCounts& counts, double seconds) {
  nlohmann::ordered_json metrics = {{"iteration", counts.iteration},
                                    {"seconds", seconds},
                                    {"env_steps", counts.env_steps},
                                    {"env_steps_per_second", static_cast<double>(report.env_steps) / seconds},
                                    {"returns", report.returns},
                                    {"gradient_norm", report.gradient_norm}};
  for (const auto& [name, value] : report.extra) metrics[name] = value;
  return metrics;
}

bool is_due(std::int64_t iteration, int every) { return every > 0 && iteration % every == 0; }

}  // namespace

Trainer::Trainer(const Config& config, Device& device)
    : config_(config), device_(device), learner_(Algorithm::create(config, device)) {
  last_ = std::make_unique<StateCopy>(learner_->state());
  learner_->allocate();
  last_->allocate(device);
  if (config.evaluation.every > 0) {
    evaluator_ = CurveEvaluator::create(config, device);
    evaluator_->allocate();
  }
}

void Trainer::restore(const Checkpoint& checkpoint) {
  counts_ = restore_checkpoint(checkpoint, learner_->learned(), device_, learner_->state());
  check_belongs(checkpoint, config_);
}

void Trainer::dump_batch(std::int64_t iteration, const std::filesystem::path& file) {
  if (iteration <= counts_.iteration || iteration > config_.iterations)
    throw InputError("--dump-iteration: wanted an iteration of this run, from " +
                     std::to_string(counts_.iteration + 1) + " to " + std::to_string(config_.iterations) +
                     ", found " + std::to_string(iteration));
  if (find_inner_loop(config_) == nullptr)
    throw InputError("--dump-batch: wanted an algorithm that learns a task by gradient steps, found \"" +
                     algorithm_name(config_) + "\"");
  check_file_place(file);
  dump_ = {iteration, file};
}

std::vector<float> Trainer::params() const {
  return device_.read(learner_->params(), learner_->learned().size());
}

IterationReport Trainer::iterate() {
  last_->take(device_, learner_->state());
  return learner_->iterate(static_cast<std::uint32_t>(counts_.iteration));
}

void Trainer::save(const RunFolder& run, const std::vector<StateTensor>& state) const {
  write_checkpoint(run.path, config_, learner_->learned(), device_, state, counts_);
  prune_checkpoints(run.path, config_.checkpoint.keep);
}

Trainer::End Trainer::train(const RunFolder& run, std::ostream& out, bool terminal) {
  MetricsLog metrics_log(run.metrics());
  TensorBoardLog tensorboard(run.path, counts_.iteration + 1);
  // A run that is killed before its first checkpoint is due can go on from this one.
  if (counts_.iteration == 0) save(run, learner_->state());
  Progress progress(out, terminal, counts_.iteration, config_.iterations);

  while (counts_.iteration < config_.iterations) {
    if (dump_ && dump_->iteration == counts_.iteration + 1)
      write_batch_file(dump_->file, config_, device_, learner_->state(), counts_.iteration);
    const auto start = Clock::now();
    const IterationReport report = iterate();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (!report.gradient_finite) {
      save(run, last_->state());
      throw RunError("iteration " + std::to_string(counts_.iteration + 1) +
                     ": wanted a finite meta-gradient, found NaN or infinity in that of tasks " +
                     listed(report.bad_tasks) + "; the state before it is " +
                     checkpoint_file(run.path, counts_.iteration).string());
    }
    counts_ = {counts_.iteration + 1, counts_.env_steps + report.env_steps};

    nlohmann::ordered_json metrics = metrics_of(report, counts_, seconds);
    if (is_due(counts_.iteration, config_.evaluation.every))
      for (const CurvePoint& point : evaluator_->evaluate(params()))
        metrics["evaluation_returns"].push_back(point.mean_return);
    metrics_log.write(metrics);
    tensorboard.write(metrics);
    progress.update(counts_.iteration, report.returns, metrics["env_steps_per_second"]);

    const bool stop = interrupted();
    if (stop || counts_.iteration == config_.iterations ||
        is_due(counts_.iteration, config_.checkpoint.every)) {
      metrics_log.sync();
      save(run, learner_->state());
    }
    if (stop) return End::interrupted;
  }
  return End::complete;
}

}  // namespace innerloop
