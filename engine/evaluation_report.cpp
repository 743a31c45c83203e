#include "engine/evaluation_report.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/json_document.h"
#include "engine/memory_layout.h"
#include "engine/task_numbers.h"
#include "engine/trial_evaluator.h"

namespace innerloop {
namespace {

// MAML on 2D navigation after 0 … 3 gradient steps: Finn et al. 2017, 40 held-out tasks.
constexpr double kPublished[] = {-40.41, -11.68, -3.33, -3.23};

bool is_published_benchmark(const Config& config) {
  const auto* options = std::get_if<PointNavigation::Options>(&config.environment);
  return options != nullptr && options->layout == PointNavigation::Layout::square &&
         options->action_scale == 0.1f && config.horizon == 100 && !config.evaluation.deterministic;
}

// A policy's curve, and of trials what a whole one brings.
Json measured(CurveEvaluator& evaluator, const std::vector<float>& params, int tasks) {
  const std::vector<CurvePoint> curve = evaluator.evaluate(params);
  const auto* trials = dynamic_cast<const TrialEvaluator*>(&evaluator);
  if (trials == nullptr) return {{"curve", curve_json(curve, tasks > 1)}};
  const bool has_interval = trials->trials() > 1;
  const Estimate& whole = trials->trial_return();
  return {{"curve", curve_json(curve, has_interval, "episode")},
          {"trial_return",
           {{"mean", whole.mean},
            {"ci95", has_interval ? Json(whole.ci95) : Json(nullptr)},
            {"trials", trials->trials()}}}};
}

std::string format(const char* form, double value) {
  char text[48];
  std::snprintf(text, sizeof text, form, value);
  return text;
}

std::string with_interval(const Json& point, const char* name = "mean_return") {
  const std::string mean = format("%9.2f", point[name]);
  return point["ci95"].is_null() ? mean + "        " : mean + " ±" + format("%6.2f", point["ci95"]);
}

// Which points of a curve are shown: all of a short one, of a long one fewer and fewer.
bool is_shown(std::size_t i, std::size_t points) {
  constexpr std::size_t kAll = 10;
  const std::size_t number = i + 1;
  if (points <= kAll || number <= 3 || number == points) return true;
  std::size_t power = 1;
  while (number >= 10 * power) power *= 10;
  return number == power || number == 2 * power || number == 5 * power;
}

std::string trial_table(const Json& report, const Config& config) {
  const Json& curve = report["curve"];
  const Json& random = report["baselines"][0];
  std::string table = "Mean return ± 95 % confidence interval of each episode of a task, after " +
                      report["iteration"].dump() + " iterations,\nin " +
                      report["trial_return"]["trials"].dump() + " trials of " + report["tasks"].dump() +
                      (report.contains("task") ? " given task" : " held-out tasks") + " with " +
                      (config.evaluation.deterministic ? "deterministic" : "stochastic") + " actions:\n" +
                      "episode  " + algorithm_name(config) +
                      std::string(19 - std::min<std::size_t>(18, algorithm_name(config).size()), ' ') +
                      "random initialisation\n";
  for (std::size_t i = 0; i < curve.size(); ++i)
    if (is_shown(i, curve.size()))
      table += format("%7.0f", curve[i]["episode"]) + with_interval(curve[i]) + "   " +
               with_interval(random["curve"][i]) + "\n";
  return table + "  trial" + with_interval(report["trial_return"], "mean") + "   " +
         with_interval(random["trial_return"], "mean") + "\n";
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

nlohmann::ordered_json evaluation_report(const Config& config, Device& device,
                                         const std::vector<float>& params, std::int64_t iteration,
                                         const std::vector<float>& task) {
  const auto evaluator = CurveEvaluator::create(config, device, task);
  evaluator->allocate();
  const int tasks = task.empty() ? config.evaluation.tasks : 1;
  Json report = {{"algorithm", algorithm_name(config)},
                 {"environment", environment_name(config)},
                 {"iteration", iteration},
                 {"seed", config.seed},
                 {"tasks", tasks},
                 {"episodes_per_task", config.evaluation.envs_per_task},
                 {"deterministic", config.evaluation.deterministic},
                 {"evaluation_seed", config.evaluation.seed}};
  if (!has_memory(config)) report["inner_lr"] = evaluation_lr_of_steps(config);
  if (!task.empty()) report["task"] = task_json(task, config);
  report.update(measured(*evaluator, params, tasks));
  Json random = {{"name", "random"}};
  random.update(measured(*evaluator, initial_parameters(config), tasks));
  report["baselines"] = Json::array();
  report["baselines"].push_back(random);
  return report;
}

std::string evaluation_table(const nlohmann::ordered_json& report, const Config& config) {
  if (has_memory(config)) return trial_table(report, config);
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
