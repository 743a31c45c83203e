#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/adapted_policy.h"
#include "engine/atomic_file.h"
#include "engine/commands/commands.h"
#include "engine/commands/device_flags.h"
#include "engine/comparison.h"
#include "engine/config.h"
#include "engine/error.h"
#include "engine/evaluation_report.h"
#include "engine/task_numbers.h"
#include "engine/trained_run.h"

namespace innerloop {
namespace {

struct EvaluateFlags {
  std::vector<std::string> runs;
  std::string task, policy, json;
  std::vector<int> steps;
  DeviceOptions device;
};

void override_steps(Config& config, const EvaluateFlags& flags) {
  if (!flags.steps.empty() && has_memory(config))
    throw InputError("--steps: wanted none for a run of \"" + algorithm_name(config) +
                     "\", whose memory learns a task, found " + std::to_string(flags.steps.front()));
  if (!flags.steps.empty()) config.evaluation.inner_steps = std::ranges::max(flags.steps);
}

void evaluate_one(const EvaluateFlags& flags) {
  TrainedRun run = open_trained_run(flags.runs[0]);
  override_steps(run.config, flags);
  const std::vector<float> task =
      flags.task.empty() ? std::vector<float>{} : parse_task(flags.task, run.config);
  if (!flags.policy.empty()) {
    check_learns_by_steps(run, "--policy");
    // What the run has learned beside the policy stays: step sizes.
    read_adapted_policy(flags.policy, run.config, run.iteration, run.params);
  }
  Device device(flags.device);
  std::cout << "device: " << device.description() << "\n" << std::flush;
  const auto report = evaluation_report(run.config, device, run.params, run.iteration, task);
  write_json(flags.json.empty() ? run.folder.evaluation().string() : flags.json, report);
  std::cout << evaluation_table(report, run.config);
}

void compare(const EvaluateFlags& flags) {
  for (const auto& [flag, value] : {std::pair{"--task", &flags.task}, {"--policy", &flags.policy}})
    if (!value->empty())
      throw InputError(std::string(flag) + ": wanted one RUN with it, found " +
                       std::to_string(flags.runs.size()));
  std::vector<TrainedRun> runs;
  for (const std::string& path : flags.runs) {
    runs.push_back(open_trained_run(path));
    override_steps(runs.back().config, flags);
  }
  Device device(flags.device);
  std::cout << "device: " << device.description() << "\n" << std::flush;
  const auto comparison = compare_runs(runs, device);
  if (!flags.json.empty()) write_json(flags.json, comparison);
  std::cout << comparison_table(comparison);
}

void evaluate(const EvaluateFlags& flags) {
  if (!flags.json.empty()) check_file_place(flags.json);
  if (flags.runs.size() == 1)
    evaluate_one(flags);
  else
    compare(flags);
}

}  // namespace

void add_evaluate(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("evaluate", "adapts runs' newest checkpoints to held-out tasks");
  auto flags = std::make_shared<EvaluateFlags>();
  command
      .add_option("RUN", flags->runs,
                  "a run's folder, where evaluation.json is written; several are compared in one table")
      ->required();
  command.add_option("--json", flags->json, "the file for the numbers, in place of evaluation.json");
  command.add_option("--task", flags->task,
                     R"(one task in their place, as in '{"goal_x": 0.3, "goal_y": -0.2}')");
  command.add_option("--policy", flags->policy, "in place of the checkpoint's policy one that `adapt` saved");
  command.add_option("--steps", flags->steps, "gradient steps of adaptation; of several the most")
      ->check(CLI::Range(0, kMaxInnerSteps))
      ->type_size(1)
      ->allow_extra_args(false);
  add_device_flags(command, flags->device);
  command.callback([flags] { evaluate(*flags); });
}

}  // namespace innerloop
