#include "engine/run/comparison.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "engine/evaluation/curve.h"
#include "engine/evaluation/step_evaluator.h"
#include "engine/options/json.h"
#include "engine/statistics/estimates.h"
#include "engine/text/columns.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

// Held-out tasks are the same, and their returns comparable, only where these are.
void check_comparable(const TrainedRun& run, const TrainedRun& first) {
  check_learns_by_steps(run, "the comparison of runs");
  const Json found = to_json(run.config), wanted = to_json(first.config);
  for (const char* option : {"environment", "horizon", "at_episode_end"})
    if (found[option] != wanted[option])
      throw InputError(run.folder.config().string() + ": /" + option + ": wanted that of " +
                       first.folder.config().string() + ", " + json_text(wanted[option]) + ", found " +
                       json_text(found[option]));
  if (run.config.held_out_tasks != first.config.held_out_tasks)
    throw InputError(run.folder.config().string() + ": /tasks/file: wanted the held-out tasks of " +
                     first.folder.config().string() + ", found others");
}

Config config_for(const TrainedRun& run, const TrainedRun& first) {
  Config config = run.config;
  config.evaluation = first.config.evaluation;
  config.evaluation.inner_lr = run.config.evaluation.inner_lr;
  return config;
}

struct Compared {
  const TrainedRun* run;
  Config config;
  std::vector<CurvePoint> curve;
};

Estimate difference_over_tasks(const std::vector<double>& returns, const std::vector<double>& best) {
  std::vector<double> difference(returns.size());
  for (std::size_t i = 0; i < returns.size(); ++i) difference[i] = returns[i] - best[i];
  return mean_of(difference);
}

// A run that diverged comes after all others, in whichever order they are named.
double rank(const Compared& each) {
  const double reached = each.curve.back().mean_return;
  return std::isfinite(reached) ? reached : -INFINITY;
}

std::string with_interval(double mean, const Json& ci95) {
  return number_cell("%10.2f", mean) + (ci95.is_null() ? "        " : number_cell(" ±%6.2f", ci95));
}

}  // namespace

nlohmann::ordered_json compare_runs(const std::vector<TrainedRun>& runs, Device& device) {
  for (const TrainedRun& run : runs) check_comparable(run, runs.front());
  std::vector<Compared> compared;
  for (const TrainedRun& run : runs) {
    const Config config = config_for(run, runs.front());
    const auto evaluator = StepEvaluator::create(config, device);
    evaluator->allocate();
    compared.push_back({&run, config, evaluator->evaluate(run.params)});
  }
  std::ranges::stable_sort(compared, std::ranges::greater{}, rank);
  const EvaluationOptions& evaluation = runs.front().config.evaluation;
  Json report = {{"environment", environment_name(runs.front().config)},
                 {"tasks", evaluation.tasks},
                 {"episodes_per_task", evaluation.envs_per_task},
                 {"deterministic", evaluation.deterministic},
                 {"evaluation_seed", evaluation.seed},
                 {"ci95_over", kIntervalOver},
                 {"runs", Json::array()}};
  const bool has_interval = evaluation.tasks > 1;
  for (const Compared& each : compared) {
    const Estimate difference =
        difference_over_tasks(each.curve.back().returns, compared.front().curve.back().returns);
    report["runs"].push_back(
        {{"run", each.run->folder.path.string()},
         {"algorithm", algorithm_name(each.config)},
         {"iteration", each.run->iteration},
         {"seed", each.config.seed},
         {"curve", curve_json(each.curve, has_interval)},
         {"difference",
          {{"mean", difference.mean}, {"ci95", has_interval ? Json(difference.ci95) : Json(nullptr)}}}});
  }
  return report;
}

std::string comparison_table(const nlohmann::ordered_json& comparison) {
  std::size_t name_width = 3, algorithm_width = 9, width = 18;
  for (const Json& run : comparison["runs"]) {
    name_width = std::max(name_width, columns_in(run["run"].get_ref<const std::string&>()));
    algorithm_width = std::max(algorithm_width, columns_in(run["algorithm"].get_ref<const std::string&>()));
    for (const Json& point : run["curve"])
      width = std::max(width, columns_in(with_interval(point["mean_return"], point["ci95"])));
  }
  const std::size_t steps = comparison["runs"][0]["curve"].size() - 1;
  std::string table = "Mean return ± 95 % confidence interval over tasks, on " +
                      json_text(comparison["tasks"]) + " held-out tasks\n× " +
                      json_text(comparison["episodes_per_task"]) +
                      " trajectories, after each gradient step; the difference is after the last\n" +
                      filled("run", name_width) + "  " + filled("algorithm", algorithm_width);
  for (std::size_t step = 0; step <= steps; ++step)
    table += " " + filled_left("step " + std::to_string(step), width);
  table += "   less than the best\n";
  for (const Json& run : comparison["runs"]) {
    table += filled(run["run"], name_width) + "  " + filled(run["algorithm"], algorithm_width);
    for (const Json& point : run["curve"])
      table += " " + filled_left(with_interval(point["mean_return"], point["ci95"]), width);
    const Json& difference = run["difference"];
    if (&run != &comparison["runs"][0])
      table += "   " + with_interval(difference["mean"], difference["ci95"]);
    table += "\n";
  }
  return table;
}

}  // namespace innerloop
