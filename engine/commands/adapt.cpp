#include <filesystem>
#include <iomanip>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/commands/commands.h"
#include "engine/commands/device_flags.h"
#include "engine/config/config.h"
#include "engine/config/tasks.h"
#include "engine/error.h"
#include "engine/evaluation/step_evaluator.h"
#include "engine/files/atomic_file.h"
#include "engine/run/adapted_policy.h"
#include "engine/run/trained_run.h"

namespace innerloop {
namespace {

struct AdaptFlags {
  std::string run, task, out;
  std::uint32_t task_seed = 0;
  bool seeded = false;
  int steps = 0;
  DeviceOptions device;
};

// Nothing that is there is written over.
void check_out(const std::filesystem::path& out) {
  check_file_place(out);
  if (std::filesystem::exists(out))
    throw InputError(out.string() + ": wanted a file that does not exist, found one");
}

// One task alone, evaluated as held-out ones are, but with as many steps as asked for.
Config config_for(Config config, const AdaptFlags& flags) {
  config.evaluation.tasks = 1;
  config.evaluation.inner_steps = flags.steps;
  if (flags.seeded) config.evaluation.seed = flags.task_seed;
  return config;
}

void print(const AdaptedPolicy& policy, const Config& config) {
  std::cout << algorithm_name(config) << " after " << policy.iteration << " iterations, adapted to "
            << task_json(policy.task, config).dump() << "\nby " << config.evaluation.envs_per_task
            << " trajectories before each step:\nstep   mean return\n"
            << std::fixed << std::setprecision(2);
  for (std::size_t step = 0; step < policy.returns.size(); ++step)
    std::cout << std::setw(4) << step << std::setw(14) << policy.returns[step] << "\n";
  std::cout << "return before: " << policy.returns.front() << ", after: " << policy.returns.back() << "\n";
}

void adapt(const AdaptFlags& flags) {
  if (flags.task.empty() && !flags.seeded)
    throw InputError("adapt: wanted a task, with --task or --task-seed, found none");
  check_out(flags.out);
  const TrainedRun run = open_trained_run(flags.run);
  check_learns_by_steps(run, "adapt");
  const Config config = config_for(run.config, flags);
  Device device(flags.device);
  const auto evaluator = StepEvaluator::create(
      config, device, flags.seeded ? seeded_task(config, flags.task_seed) : parse_task(flags.task, config));
  evaluator->allocate();
  std::cout << "device: " << device.description() << "\n" << std::flush;

  AdaptedPolicy policy;
  for (const CurvePoint& point : evaluator->evaluate(run.params)) policy.returns.push_back(point.mean_return);
  policy.params = evaluator->adapted(0);
  policy.task = evaluator->task(0);
  policy.iteration = run.iteration;
  write_adapted_policy(flags.out, policy, run.config);
  print(policy, config);
  std::cout << "policy: " << flags.out << "\n";
}

}  // namespace

void add_adapt(CLI::App& app) {
  CLI::App& command =
      *app.add_subcommand("adapt", "adapts a run's newest checkpoint to one task, and saves the policy");
  auto flags = std::make_shared<AdaptFlags>();
  command.add_option("RUN", flags->run, "the run's folder")->required();
  CLI::Option* task = command.add_option(
      "--task", flags->task, R"(the task's numbers by name, as in '{"goal_x": 0.3, "goal_y": -0.2}')");
  CLI::Option* seed =
      command.add_option("--task-seed", flags->task_seed,
                         "or the seed that it is drawn with, as the first held-out task is; of a file of "
                         "tasks, the number of a held-out one, from 0");
  seed->excludes(task);
  command.add_option("--steps", flags->steps, "gradient steps of adaptation")
      ->required()
      ->check(CLI::Range(1, kMaxInnerSteps));
  command.add_option("--out", flags->out, "the file for the adapted policy, safetensors")->required();
  add_device_flags(command, flags->device);
  command.callback([flags, seed] {
    flags->seeded = seed->count() > 0;
    adapt(*flags);
  });
}

}  // namespace innerloop
