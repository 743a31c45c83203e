#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/commands/commands.h"
#include "engine/commands/device_flags.h"
#include "engine/config/config.h"
#include "engine/config/tasks.h"
#include "engine/device/thread_pool.h"
#include "engine/error.h"
#include "engine/evaluation/report.h"
#include "engine/files/atomic_file.h"
#include "engine/files/file_status.h"
#include "engine/rivals/report.h"
#include "engine/rivals/trials.h"
#include "engine/run/adapted_policy.h"
#include "engine/run/comparison.h"
#include "engine/run/evaluation_files.h"
#include "engine/run/trained_run.h"

namespace innerloop {
namespace {

struct EvaluateFlags {
  std::vector<std::string> runs;
  std::string task, policy, json;
  std::vector<std::string> rivals, set;
  std::vector<int> steps;
  DeviceOptions device;
};

void check_steps(const Config& config, const EvaluateFlags& flags) {
  if (!flags.steps.empty() && !find_inner_steps(config))
    throw InputError("--steps: wanted none for a run of \"" + algorithm_name(config) +
                     "\", which takes no gradient steps, found " + std::to_string(flags.steps.front()));
}

void override_steps(Config& config, const EvaluateFlags& flags) {
  check_steps(config, flags);
  if (!flags.steps.empty()) config.evaluation.inner_steps = std::ranges::max(flags.steps);
}

std::vector<float> task_of(const EvaluateFlags& flags, const Config& config) {
  return flags.task.empty() ? std::vector<float>{} : parse_task(flags.task, config);
}

// Hand-written learners on what a config says, with nothing trained.
void evaluate_rivals(const EvaluateFlags& flags) {
  const Config config = read_config(flags.runs[0], flags.set);
  check_steps(config, flags);
  const std::vector<float> task = task_of(flags, config);
  const auto learners = prepare_rivals(config, flags.rivals);
  const int threads = threads_or_cores(flags.device.threads);
  const auto report = rivals_report(config, learners, threads, task);
  std::cout << rivals_table(report) << std::flush;
  if (!flags.json.empty()) write_json(flags.json, report);
}

void evaluate_one(const EvaluateFlags& flags) {
  TrainedRun run = open_trained_run(flags.runs[0], flags.set);
  override_steps(run.config, flags);
  const std::vector<float> task = task_of(flags, run.config);
  const auto learners = prepare_rivals(run.config, flags.rivals);
  if (!flags.policy.empty()) {
    check_learns_by_steps(run, "--policy");
    // What the run has learned beside the policy stays: step sizes.
    read_adapted_policy(flags.policy, run.config, run.params);
  }
  Device device(flags.device);
  std::cout << "device: " << device.description() << "\n" << std::flush;
  Evaluation evaluation = evaluation_of(run.config, device, run.params, run.iteration, task);
  auto& report = evaluation.report;
  add_rivals(report, run.config, learners, threads_or_cores(flags.device.threads), task);
  if (!flags.policy.empty()) report["policy"] = flags.policy;
  // What was computed is shown before a file can fail. The run's own file holds its own policy on the held-out tasks alone.
  std::cout << evaluation_table(report) << std::flush;
  const bool is_the_runs_own = flags.policy.empty() && flags.task.empty() && flags.set.empty();
  if (!flags.json.empty())
    write_json(flags.json, report);
  else if (is_the_runs_own)
    write_evaluation(run.folder, evaluation);
}

void compare(const EvaluateFlags& flags) {
  for (const auto& [flag, given] : {std::pair{"--task", !flags.task.empty()},
                                    {"--policy", !flags.policy.empty()},
                                    {"--baseline", !flags.rivals.empty()}})
    if (given)
      throw InputError(std::string(flag) + ": wanted one RUN with it, found " +
                       std::to_string(flags.runs.size()));
  std::vector<TrainedRun> runs;
  for (const std::string& path : flags.runs) {
    runs.push_back(open_trained_run(path, flags.set));
    override_steps(runs.back().config, flags);
  }
  Device device(flags.device);
  std::cout << "device: " << device.description() << "\n" << std::flush;
  const auto comparison = compare_runs(runs, device);
  std::cout << comparison_table(comparison) << std::flush;
  if (!flags.json.empty()) write_json(flags.json, comparison);
}

void evaluate(const EvaluateFlags& flags) {
  if (!flags.json.empty()) check_file_place(flags.json);
  const bool is_run = flags.rivals.empty() || std::filesystem::is_directory(status_of(flags.runs[0]));
  if (flags.runs.size() == 1 && !is_run)
    evaluate_rivals(flags);
  else if (flags.runs.size() == 1)
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
                  "a run's folder, where evaluation.json is written, unless --task, --policy or --set is "
                  "given; several "
                  "are compared in one table; with --baseline also a config")
      ->type_name("FILE")
      ->required();
  command.add_option("--json", flags->json, "the file for the numbers, in place of evaluation.json")
      ->type_name("FILE");
  command
      .add_option("--task", flags->task,
                  R"(one task in their place, as in '{"goal_x": 0.3, "goal_y": -0.2}')")
      ->type_name("TASK");
  CLI::Option* policy =
      command
          .add_option("--policy", flags->policy, "in place of the checkpoint's policy one that `adapt` saved")
          ->type_name("FILE");
  command.add_option("--steps", flags->steps, "gradient steps of adaptation; of several the most")
      ->check(CLI::Range(0, kMaxInnerSteps))
      ->type_size(1)
      ->allow_extra_args(false);
  command
      .add_option(
          "--baseline", flags->rivals,
          "a hand-written learner beside the run, or of a config alone: random, oracle; of bandits "
          "thompson, ucb1, epsilon_greedy, greedy, gittins; of tabular_mdp psrl, opsrl; of "
          "grid_navigation bayes, posterior_sampling; of dark_room search, posterior_sampling; of "
          "key_door search; of t_maze guess; of barcode_bandit, episodic_two_step and "
          "contextual_choice recall, no_recall; of cstr constant, pi_nominal, pi; of four_tank "
          "hold, pi, pi_crossed; of dc_drive zero, cascade, cascade_known; of distillation none, blt, "
          "pi; of tool_calls explore_then_plan, thompson; of alchemy random_potions, cash_in; of "
          "maze_navigation explorer")
      ->type_size(1)
      ->allow_extra_args(false)
      ->type_name("LEARNER")
      ->excludes(policy);
  command
      .add_option(
          "--set", flags->set,
          "overrides one option of a config; with a run of its evaluation, as evaluation.horizon=1000")
      ->type_name("PATH=VALUE")
      ->type_size(1)
      ->allow_extra_args(false);
  add_device_flags(command, flags->device);
  command.footer(R"(Examples:
  innerloop evaluate runs/maml
  innerloop evaluate runs/maml runs/fomaml --json comparison.json
  innerloop evaluate runs/ppo --set evaluation.horizon=1000
  innerloop evaluate runs/maml --task '{"goal_x": 0.3, "goal_y": -0.4}' --steps 5
  innerloop evaluate configs/rl2_bandit_10_5.json --baseline gittins --baseline thompson)");
  command.callback([flags] { evaluate(*flags); });
}

}  // namespace innerloop
