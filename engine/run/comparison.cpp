#include "engine/run/comparison.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "engine/evaluation/curve.h"
#include "engine/evaluation/step_evaluator.h"
#include "engine/options/json.h"
#include "engine/stages/estimates.h"

namespace innerloop {
namespace {

// Held-out tasks are the same, and their returns comparable, only where these are.
void check_comparable(const TrainedRun& run, const TrainedRun& first) {
  check_learns_by_steps(run, "the comparison of runs");
  const Json found = to_json(run.config), wanted = to_json(first.config);
  for (const char* option : {"environment", "horizon", "at_episode_end"})
    if (found[option] != wanted[option])
      throw InputError(run.folder.config().string() + ": /" + option + ": wanted that of " +
                       first.folder.config().string() + ", " + wanted[option].dump() + ", found " +
                       found[option].dump());
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

Estimate paired_difference(const std::vector<double>& returns, const std::vector<double>& best) {
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
  char text[64];
  if (ci95.is_null())
    std::snprintf(text, sizeof text, "%10.2f        ", mean);
  else
    std::snprintf(text, sizeof text, "%10.2f ±%6.2f", mean, ci95.get<double>());
  return text;
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
        paired_difference(each.curve.back().returns, compared.front().curve.back().returns);
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
  std::size_t width = 3;
  for (const Json& run : comparison["runs"])
    width = std::max(width, run["run"].get_ref<const std::string&>().size());
  const auto padded = [&](const std::string& name) { return name + std::string(width - name.size(), ' '); };
  const std::size_t steps = comparison["runs"][0]["curve"].size() - 1;
  std::string table = "Mean return ± 95 % confidence interval over tasks, on " + comparison["tasks"].dump() +
                      " held-out tasks\n× " + comparison["episodes_per_task"].dump() +
                      " trajectories, after each gradient step; the difference is after the last\n" +
                      padded("run") + "  algorithm";
  for (std::size_t step = 0; step <= steps; ++step)
    table += std::string(13, ' ') + "step " + std::to_string(step);
  table += "   less than the best\n";
  for (const Json& run : comparison["runs"]) {
    const std::string algorithm = run["algorithm"];
    table += padded(run["run"]) + "  " + algorithm +
             std::string(9 - std::min<std::size_t>(9, algorithm.size()), ' ');
    for (const Json& point : run["curve"]) table += " " + with_interval(point["mean_return"], point["ci95"]);
    const Json& difference = run["difference"];
    if (&run != &comparison["runs"][0])
      table += "   " + with_interval(difference["mean"], difference["ci95"]);
    table += "\n";
  }
  return table;
}

}  // namespace innerloop
