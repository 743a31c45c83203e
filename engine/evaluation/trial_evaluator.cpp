#include "engine/evaluation/trial_evaluator.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/device/planned_buffers.h"
#include "engine/evaluation/reliability.h"
#include "engine/evaluation/report.h"
#include "engine/options/json.h"
#include "engine/statistics/estimates.h"

namespace innerloop {
namespace {

// The first episode of each trial, with nothing learned of its task: a mean over tasks.
CurvePoint first_episodes(const TrialLoop::Returns& returns) {
  std::vector<double> of_task = task_means(returns.of_episode.at(0), returns.envs_per_task);
  const Estimate of = mean_of(of_task);
  const double length = mean_of(returns.lengths.at(0)).mean;
  return {0, of.mean, of.ci95, of.mean / length, length, std::move(of_task)};
}

// With the beliefs of the tasks that are listed.
TrialSetup told(TrialSetup setup, const EvaluationOptions& options) {
  const std::int64_t most = std::int64_t{kMostListedTasks} * options.envs_per_task;
  setup.told_envs = static_cast<int>(std::min<std::int64_t>(most, std::numeric_limits<int>::max()));
  return setup;
}

}  // namespace

TrialEvaluator::TrialEvaluator(const TrialSetup& setup, const EvaluationOptions& options, Device& device,
                               TaskTable fixed_tasks)
    : options_(options),
      device_(device),
      fixed_tasks_(std::move(fixed_tasks)),
      loop_(told(setup, options_),
            fixed_tasks_.empty() ? options_.tasks : static_cast<int>(fixed_tasks_.size()),
            options_.envs_per_task, false, device, plan_) {
  plan_.add(&params_, "params", "[parameter]", {loop_.parameters()});
}

void TrialEvaluator::allocate() {
  memory_ = allocate_planned(device_, plan_, "the evaluation");
  if (!fixed_tasks_.empty()) loop_.fix_tasks(fixed_tasks_);
}

TrialLoop::Returns TrialEvaluator::play(const std::vector<float>& params) {
  device_.write(params_, std::span(params).first(static_cast<std::size_t>(loop_.parameters())));
  loop_.set_key({options_.seed, kEvaluationIteration});
  loop_.play(params_, options_.deterministic);
  return loop_.returns();
}

std::vector<CurvePoint> TrialEvaluator::evaluate(const std::vector<float>& params) {
  return trial_curve(play(params));
}

nlohmann::ordered_json TrialEvaluator::report(const std::vector<CurvePoint>&) const {
  return trials_json(loop_.returns());
}

std::vector<CurvePoint> FirstEpisodeEvaluator::evaluate(const std::vector<float>& params) {
  return {first_episodes(play(params))};
}

nlohmann::ordered_json FirstEpisodeEvaluator::report(const std::vector<CurvePoint>& curve) const {
  return {{"curve", curve_json(curve, curve.front().returns.size() > 1)}};
}

std::vector<CurvePoint> trial_curve(const TrialLoop::Returns& returns) {
  std::vector<CurvePoint> curve;
  for (std::size_t episode = 0; episode < returns.of_episode.size(); ++episode) {
    std::vector<double> of_task = task_means(returns.of_episode[episode], returns.envs_per_task);
    const Estimate of = mean_of(of_task);
    const double length = mean_of(returns.lengths[episode]).mean;
    curve.push_back(
        {static_cast<int>(episode) + 1, of.mean, of.ci95, of.mean / length, length, std::move(of_task)});
  }
  return curve;
}

nlohmann::ordered_json trials_json(const TrialLoop::Returns& returns) {
  const std::size_t trials = returns.of_trial.size();
  const bool has_interval = trials > static_cast<std::size_t>(returns.envs_per_task);
  const Estimate trial = mean_over_tasks(returns.of_trial, returns.envs_per_task);
  Json report = {{"curve", curve_json(trial_curve(returns), has_interval, "episode")},
                 {"trial_return",
                  {{"mean", trial.mean},
                   {"ci95", has_interval ? Json(trial.ci95) : Json(nullptr)},
                   {"trials", trials}}}};
  if (!returns.solved.empty()) {
    report["solved"] = solved_shares(returns.solved);
    report["pass_k"] = pass_k(returns.solved);
  }
  if (!returns.beyond_limits.empty())
    report["beyond_limits"] = shares_of_steps(returns.beyond_limits, returns.lengths);
  return report;
}

}  // namespace innerloop
