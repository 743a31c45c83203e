#include "engine/evaluation/report.h"

#include <nlohmann/json.hpp>

#include "engine/config/tasks.h"
#include "engine/evaluation/curve.h"
#include "engine/evaluation/tables.h"
#include "engine/learned/create.h"
#include "engine/options/json.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

std::string after_iterations(const Json& report) {
  return "after " + json_text(report["iteration"]) + " iterations";
}

std::string tasks_of(const Json& report) {
  return json_text(report["tasks"]) + (report.contains("task") ? " given task" : " held-out tasks");
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
  if (find_inner_loop(config) != nullptr) heading["inner_lr"] = evaluation_lr_of_steps(config);
  if (!task.empty()) heading["task"] = task_json(task, config);
  return heading;
}

nlohmann::ordered_json evaluation_report(const Config& config, Device& device,
                                         const std::vector<float>& params, std::int64_t iteration,
                                         const std::vector<float>& task) {
  const auto evaluator = CurveEvaluator::create(config, device, task);
  evaluator->allocate();
  Json report = evaluation_heading(config, algorithm_name(config), iteration, task);
  report.update(evaluator->report(params));
  Json random = {{"name", "random"}};
  random.update(evaluator->report(create_learned(config).initial(config.seed)));
  report["baselines"] = Json::array();
  report["baselines"].push_back(random);
  return report;
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
