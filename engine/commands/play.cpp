#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "engine/commands/commands.h"
#include "engine/commands/device_flags.h"
#include "engine/config/config.h"
#include "engine/config/tasks.h"
#include "engine/evaluation/played_trial.h"
#include "engine/run/trained_run.h"

namespace innerloop {
namespace {

struct PlayFlags {
  std::string run, task;
  std::uint32_t task_seed = 0;
  bool seeded = false;
  DeviceOptions device;
};

void play(const PlayFlags& flags) {
  TrainedRun run = open_trained_run(flags.run);
  check_plays_trials(run, "play");
  if (flags.seeded) run.config.evaluation.seed = flags.task_seed;
  std::vector<float> task;
  if (!flags.task.empty()) task = parse_task(flags.task, run.config);
  if (flags.seeded) task = seeded_task(run.config, flags.task_seed);
  Device device(flags.device);
  const PlayedTrial trial = play_trial(run.config, device, run.params, task);
  std::cout << algorithm_name(run.config) << " after " << run.iteration << " iterations, one trial with "
            << (run.config.evaluation.deterministic ? "deterministic" : "stochastic") << " actions\n"
            << trial_story(trial, run.config);
}

}  // namespace

void add_play(CLI::App& app) {
  CLI::App& command =
      *app.add_subcommand("play", "shows one trial of a run's newest checkpoint, step by step");
  auto flags = std::make_shared<PlayFlags>();
  command.add_option("RUN", flags->run, "the run's folder, of an agent that plays trials")->required();
  CLI::Option* task = command
                          .add_option("--task", flags->task,
                                      R"(the task's numbers by name, as in '{"arm_0": 0.2, "arm_1": 0.7}')")
                          ->type_name("TASK");
  CLI::Option* seed = command.add_option(
      "--task-seed", flags->task_seed,
      "the seed that the task and the trial are drawn with; of neither, evaluation.seed; of a "
      "file of tasks, the task is the held-out one of that number, from 0");
  seed->excludes(task);
  add_device_flags(command, flags->device);
  command.footer(R"(Examples:
  innerloop play runs/memory
  innerloop play runs/memory --task-seed 7)");
  command.callback([flags, seed] {
    flags->seeded = seed->count() > 0;
    play(*flags);
  });
}

}  // namespace innerloop
