#include "engine/evaluation/report.h"

#include <algorithm>

#include "engine/config/tasks.h"
#include "engine/evaluation/curve.h"
#include "engine/evaluation/tables.h"
#include "engine/learned/create.h"
#include "engine/options/json.h"
#include "engine/options/visitors.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

std::string after_iterations(const Json& report) {
  return "after " + json_text(report["iteration"]) + " iterations";
}

std::string tasks_of(const Json& report) {
  return json_text(report["tasks"]) + (report.contains("task") ? " given task" : " held-out tasks");
}

// The numbers of each task, where they are few, and its return at each point of the curve.
Json returns_by_task(const Config& config, const TaskTable& tasks, const std::vector<CurvePoint>& curve) {
  const std::size_t listed = std::min(tasks.size(), kMostListedTasks);
  const std::vector<std::string> names = task_names(config);
  Json by_task = Json::object();
  if (names.size() <= kMostListedNumbers) {
    by_task["task_names"] = names;
    by_task["tasks"] = Json::array();
    for (std::size_t task = 0; task < listed; ++task) {
      Json& numbers = by_task["tasks"].emplace_back(Json::array());
      for (const float number : tasks[task]) numbers.push_back(shortest_decimal(number));
    }
  }
  Json& returns = by_task["returns"] = Json::array();
  for (std::size_t task = 0; task < listed; ++task) {
    returns.push_back(Json::array());
    for (const CurvePoint& point : curve) returns.back().push_back(point.returns[task]);
  }
  return by_task;
}

}  // namespace

std::string trials_played(const nlohmann::ordered_json& report) {
  return json_text(report["trial_return"]["trials"]) + " trials of " + tasks_of(report);
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
                  {"evaluation_seed", config.evaluation.seed},
                  {"ci95_over", kIntervalOver}};
  if (config.evaluation.horizon > 0) heading["horizon"] = config.evaluation.horizon;
  if (find_inner_steps(config)) heading["inner_lr"] = evaluation_lr_of_steps(config);
  if (!task.empty()) heading["task"] = task_json(task, config);
  return heading;
}

Evaluation evaluation_of(const Config& config, Device& device, const std::vector<float>& params,
                         std::int64_t iteration, const std::vector<float>& task) {
  const auto evaluator = CurveEvaluator::create(config, device, task);
  evaluator->allocate();
  Json report = evaluation_heading(config, algorithm_name(config), iteration, task);
  const std::vector<CurvePoint> curve = evaluator->evaluate(params);
  report.update(evaluator->report(curve));
  Json by_task = returns_by_task(config, evaluator->tasks(), curve);
  by_task.update(evaluator->beliefs());
  Json random = {{"name", "random"}};
  random.update(evaluator->report(evaluator->evaluate(create_learned(config).initial(config.seed))));
  report["baselines"] = Json::array();
  report["baselines"].push_back(random);
  return {std::move(report), std::move(by_task)};
}

std::string evaluation_table(const nlohmann::ordered_json& report) {
  const std::string actions =
      report["deterministic"] ? " with deterministic actions" : " with stochastic actions";
  if (report.contains("trial_return"))
    return trial_table(report, after_iterations(report) + ",\nin " + trials_played(report) + actions);
  return step_table(report, after_iterations(report) + ", on " + tasks_of(report) + "\n× " +
                                json_text(report["episodes_per_task"]) + " trajectories" + actions);
}

}  // namespace innerloop
