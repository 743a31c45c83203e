#include "engine/run/trainer.h"

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/error.h"
#include "engine/files/atomic_file.h"
#include "engine/run/batch_file.h"

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

}  // namespace

nlohmann::ordered_json metrics_json(const StepReport& report) {
  nlohmann::ordered_json metrics = {
      {"iteration", report.counts.iteration}, {"seconds", report.seconds},
      {"env_steps", report.counts.env_steps}, {"env_steps_per_second", report.env_steps_per_second()},
      {"returns", report.iteration.returns},  {"gradient_norm", report.iteration.gradient_norm}};
  for (const auto& [name, value] : report.iteration.extra) metrics[name] = value;
  if (!report.evaluation_returns.empty()) metrics["evaluation_returns"] = report.evaluation_returns;
  for (const Timings::Sum& sum : report.timings) metrics["timings"][sum.operation] = sum.seconds;
  for (const double ci95 : report.evaluation_ci95)
    metrics["evaluation_ci95"].push_back(std::isnan(ci95) ? nlohmann::ordered_json()
                                                          : nlohmann::ordered_json(ci95));
  return metrics;
}

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

void Trainer::save(const std::filesystem::path& run) const {
  write_checkpoint(run, config_, learner_->learned(), device_, learner_->state(), counts_);
  prune_checkpoints(run, config_.checkpoint.keep);
}

StepReport Trainer::step() {
  if (dump_ && dump_->iteration == counts_.iteration + 1)
    write_batch_file(dump_->file, config_, device_, learner_->state(), counts_.iteration);
  if (profiler_ != nullptr) profiler_->begin(counts_.iteration + 1);
  const auto start = Clock::now();
  last_->take(device_, learner_->state());
  StepReport report;
  report.iteration = learner_->iterate(static_cast<std::uint32_t>(counts_.iteration));
  report.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  if (profiler_ != nullptr) report.timings = profiler_->end(counts_.iteration + 1, report.seconds);
  if (!report.iteration.gradient_finite) {
    last_->put_back(device_, learner_->state());
    throw GradientNotFinite("iteration " + std::to_string(counts_.iteration + 1) +
                            ": wanted a finite meta-gradient, found NaN or infinity in that of tasks " +
                            listed(report.iteration.bad_tasks));
  }
  counts_ = {counts_.iteration + 1, counts_.env_steps + report.iteration.env_steps};
  report.counts = counts_;
  if (evaluator_ && counts_.iteration % config_.evaluation.every == 0)
    for (const CurvePoint& point : evaluator_->evaluate(params())) {
      report.evaluation_returns.push_back(point.mean_return);
      report.evaluation_ci95.push_back(config_.evaluation.tasks > 1 ? point.ci95 : NAN);
    }
  return report;
}

}  // namespace innerloop
