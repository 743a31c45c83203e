#include "engine/evaluation_report.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/json_document.h"
#include "engine/policy_layout.h"
#include "engine/task_numbers.h"

namespace innerloop {
namespace {

// MAML on 2D navigation after 0 … 3 gradient steps: Finn et al. 2017, 40 held-out tasks.
constexpr double kPublished[] = {-40.41, -11.68, -3.33, -3.23};

bool is_published_benchmark(const Config& config) {
  const auto* options = std::get_if<PointNavigation::Options>(&config.environment);
  return options != nullptr && options->layout == PointNavigation::Layout::square &&
         options->action_scale == 0.1f && config.horizon == 100 && !config.evaluation.deterministic;
}

std::string format(const char* form, double value) {
  char text[48];
  std::snprintf(text, sizeof text, form, value);
  return text;
}

std::string with_interval(const Json& point) {
  const std::string mean = format("%9.2f", point["mean_return"]);
  return point["ci95"].is_null() ? mean + "        " : mean + " ±" + format("%6.2f", point["ci95"]);
}

}  // namespace

nlohmann::ordered_json curve_json(const std::vector<CurvePoint>& curve, bool has_interval) {
  Json points = Json::array();
  for (const CurvePoint& point : curve)
    points.push_back({{"step", point.step},
                      {"mean_return", point.mean_return},
                      {"ci95", has_interval ? Json(point.ci95) : Json(nullptr)},
                      {"mean_reward_per_step", point.mean_reward_per_step},
                      {"mean_episode_length", point.mean_episode_length}});
  return points;
}

nlohmann::ordered_json evaluation_report(const Config& config, Device& device,
                                         const std::vector<float>& params, std::int64_t iteration,
                                         const std::vector<float>& task) {
  Evaluator evaluator(config, device, task);
  evaluator.allocate();
  const int tasks = task.empty() ? config.evaluation.tasks : 1;
  Json report = {{"algorithm", algorithm_name(config)},
                 {"environment", environment_name(config)},
                 {"iteration", iteration},
                 {"seed", config.seed},
                 {"tasks", tasks},
                 {"episodes_per_task", config.evaluation.envs_per_task},
                 {"deterministic", config.evaluation.deterministic},
                 {"evaluation_seed", config.evaluation.seed},
                 {"inner_lr", evaluation_lr_of_steps(config)}};
  if (!task.empty()) report["task"] = task_json(task, config);
  report["curve"] = curve_json(evaluator.evaluate(params), tasks > 1);
  const std::vector<float> random = initial_parameters(config, policy_shape(config));
  report["baselines"] = Json::array();
  report["baselines"].push_back(
      {{"name", "random"}, {"curve", curve_json(evaluator.evaluate(random), tasks > 1)}});
  return report;
}

std::string evaluation_table(const nlohmann::ordered_json& report, const Config& config) {
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
    table += format("%4.0f", curve[i]["step"]) + with_interval(curve[i]) + "   " + with_interval(random[i]);
    if (published && i < std::size(kPublished)) table += format("%15.2f", kPublished[i]);
    table += "\n";
  }
  if (published) table += "* MAML with TRPO, Finn et al. 2017, 40 tasks\n";
  return table;
}

}  // namespace innerloop
