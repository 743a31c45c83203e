#include "engine/evaluation/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/config/tasks.h"
#include "engine/evaluation/table_cell.h"
#include "engine/evaluation/tables.h"
#include "engine/evaluation/trial_evaluator.h"
#include "engine/learned/trial_policy.h"
#include "engine/options/json.h"

namespace innerloop {
namespace {

// MAML on 2D navigation after 0 … 3 gradient steps: Finn et al. 2017, 40 held-out tasks.
constexpr double kPublished[] = {-40.41, -11.68, -3.33, -3.23};

bool is_published_benchmark(const Config& config) {
  const auto* options = std::get_if<PointNavigation::Options>(&config.environment);
  return options != nullptr && options->layout == PointNavigation::Layout::square &&
         options->action_scale == 0.1f && config.horizon == 100 && !config.evaluation.deterministic &&
         !plays_trials(config);
}

// A policy's curve, and of trials what a whole one brings.
Json measured(CurveEvaluator& evaluator, const Config& config, const std::vector<float>& params, int tasks) {
  const std::vector<CurvePoint> curve = evaluator.evaluate(params);
  if (!has_memory(config)) return {{"curve", curve_json(curve, tasks > 1)}};
  const auto& trials = dynamic_cast<const TrialEvaluator&>(evaluator);
  return trials_json(curve, trials.trial_return(), trials.trials());
}

std::string trial_heading(const Json& report, const Config& config) {
  return "after " + report["iteration"].dump() + " iterations,\nin " + trials_played(report) + " with " +
         (config.evaluation.deterministic ? "deterministic" : "stochastic") + " actions";
}

}  // namespace

nlohmann::ordered_json curve_json(const std::vector<CurvePoint>& curve, bool has_interval, const char* step) {
  Json points = Json::array();
  for (const CurvePoint& point : curve)
    points.push_back({{step, point.step},
                      {"mean_return", point.mean_return},
                      {"ci95", has_interval ? Json(point.ci95) : Json(nullptr)},
                      {"mean_reward_per_step", point.mean_reward_per_step},
                      {"mean_episode_length", point.mean_episode_length}});
  return points;
}

nlohmann::ordered_json trials_json(const std::vector<CurvePoint>& curve, const Estimate& trial_return,
                                   int trials) {
  const bool has_interval = trials > 1;
  return {{"curve", curve_json(curve, has_interval, "episode")},
          {"trial_return",
           {{"mean", trial_return.mean},
            {"ci95", has_interval ? Json(trial_return.ci95) : Json(nullptr)},
            {"trials", trials}}}};
}

std::string trials_played(const nlohmann::ordered_json& report) {
  return report["trial_return"]["trials"].dump() + " trials of " + report["tasks"].dump() +
         (report.contains("task") ? " given task" : " held-out tasks");
}

nlohmann::ordered_json evaluation_heading(const Config& config, const std::string& algorithm,
                                          std::int64_t iteration, const std::vector<float>& task) {
  Json heading = {{"algorithm", algorithm},
                  {"environment", environment_name(config)},
                  {"iteration", iteration},
                  {"seed", config.seed},
                  {"tasks", task.empty() ? config.evaluation.tasks : 1},
                  {"episodes_per_task", config.evaluation.envs_per_task},
                  {"deterministic", config.evaluation.deterministic},
                  {"evaluation_seed", config.evaluation.seed}};
  if (!plays_trials(config)) heading["inner_lr"] = evaluation_lr_of_steps(config);
  if (!task.empty()) heading["task"] = task_json(task, config);
  return heading;
}

nlohmann::ordered_json evaluation_report(const Config& config, Device& device,
                                         const std::vector<float>& params, std::int64_t iteration,
                                         const std::vector<float>& task) {
  const auto evaluator = CurveEvaluator::create(config, device, task);
  evaluator->allocate();
  const int tasks = task.empty() ? config.evaluation.tasks : 1;
  Json report = evaluation_heading(config, algorithm_name(config), iteration, task);
  report.update(measured(*evaluator, config, params, tasks));
  Json random = {{"name", "random"}};
  random.update(measured(*evaluator, config, initial_parameters(config), tasks));
  report["baselines"] = Json::array();
  report["baselines"].push_back(random);
  return report;
}

std::string evaluation_table(const nlohmann::ordered_json& report, const Config& config) {
  if (has_memory(config)) return trial_table(report, trial_heading(report, config));
  const bool published = is_published_benchmark(config) && !report.contains("task");
  const Json& curve = report["curve"];
  const Json& random = report["baselines"][0]["curve"];
  std::string table = "Mean return ± 95 % confidence interval after " + report["iteration"].dump() +
                      " iterations, on " + report["tasks"].dump() +
                      (report.contains("task") ? " given task" : " held-out tasks") + "\n× " +
                      report["episodes_per_task"].dump() + " trajectories with " +
                      (config.evaluation.deterministic ? "deterministic" : "stochastic") + " actions:\n";
  table += "step   " + algorithm_name(config) +
           std::string(19 - std::min<std::size_t>(18, algorithm_name(config).size()), ' ') +
           "random initialisation" + (published ? "   published*" : "") + "\n";
  for (std::size_t i = 0; i < curve.size(); ++i) {
    table +=
        number_cell("%4.0f", curve[i]["step"]) + interval_cell(curve[i]) + "   " + interval_cell(random[i]);
    if (published && i < std::size(kPublished)) table += number_cell("%15.2f", kPublished[i]);
    table += "\n";
  }
  if (published) table += "* MAML with TRPO, Finn et al. 2017, 40 tasks\n";
  return table;
}

}  // namespace innerloop
