#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "engine/commands/commands.h"
#include "engine/commands/device_flags.h"
#include "engine/config/config.h"
#include "engine/config/environment_options.h"
#include "engine/config/tasks.h"
#include "engine/error.h"
#include "engine/evaluation/episode_pictures.h"
#include "engine/evaluation/sketches.h"
#include "engine/files/atomic_file.h"
#include "engine/files/file_status.h"
#include "engine/pictures/gif.h"
#include "engine/pictures/svg.h"
#include "engine/run/trained_run.h"

namespace innerloop {
namespace {

struct RenderFlags {
  std::string run, out;
  std::vector<std::string> tasks;
  std::vector<int> steps, episodes;
  int count = 3;
  std::uint32_t task_seed = 0;
  bool seeded = false, still = false;
  DeviceOptions device;
};

void check_flags(const RenderFlags& flags) {
  const std::filesystem::path out = flags.out;
  if (out.extension() != ".svg" && out.extension() != ".gif")
    throw InputError("--out: wanted a name that ends in .svg or .gif, found \"" + flags.out + "\"");
  if (flags.still && out.extension() != ".svg")
    throw InputError("--still: wanted a picture whose name ends in .svg, found \"" + flags.out + "\"");
  check_file_place(out);
}

std::vector<PictureRow> rows(const RenderFlags& flags, const TrainedRun& run, const Config& config,
                             Device& device, const std::vector<float>& task) {
  if (!find_inner_steps(config) || !flags.episodes.empty())
    return rows_of_episodes(config, device, run.params, flags.episodes, task);
  std::vector<int> steps = flags.steps;
  for (int k = 0; flags.steps.empty() && k <= config.evaluation.inner_steps; ++k) steps.push_back(k);
  return rows_of_steps(config, device, run.params, steps, task);
}

void render(const RenderFlags& flags) {
  check_flags(flags);
  const TrainedRun run = open_trained_run(flags.run);
  if (!flags.steps.empty()) check_learns_by_steps(run, "--steps");
  if (!flags.episodes.empty()) check_plays_trials(run, "--episodes");
  with_environment(run.config.environment,
                   []<class Env>(const typename Env::Options&) { check_sketches<Env>("render"); });
  Config config = run.config;
  if (flags.seeded) config.evaluation.seed = flags.task_seed;
  const int held_out = static_cast<int>(config.held_out_tasks.size());
  config.evaluation.tasks = flags.seeded ? 1 : held_out == 0 ? flags.count : std::min(flags.count, held_out);
  Device device(flags.device);
  Picture picture{algorithm_name(config) + " on " + environment_name(config) + " after " +
                      std::to_string(run.iteration) + " iterations",
                  {}};
  if (flags.tasks.empty())
    picture.rows = rows(flags, run, config, device,
                        flags.seeded ? seeded_task(config, flags.task_seed) : std::vector<float>{});
  for (const std::string& task : flags.tasks)
    for (PictureRow& row : rows(flags, run, config, device, parse_task(task, config)))
      picture.rows.push_back(std::move(row));
  const bool is_gif = std::filesystem::path(flags.out).extension() == ".gif";
  write_file_atomically(flags.out, is_gif ? gif_picture(picture) : svg_picture(picture, flags.still));
  std::cout << "picture: " << flags.out << "\n";
}

}  // namespace

void add_render(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("render",
                                          "shows what a run's newest checkpoint does, as a moving picture: "
                                          "after each gradient step, or in each episode of a trial");
  auto flags = std::make_shared<RenderFlags>();
  command.add_option("RUN", flags->run, "the run's folder")->required();
  command
      .add_option("--out", flags->out,
                  "the picture's file, which is written over: .svg, that moves in browsers, or .gif")
      ->type_name("FILE")
      ->required();
  command.add_flag("--still", flags->still,
                   "an SVG that does not move: the last state of each episode, and some before");
  CLI::Option* tasks =
      command.add_option("--tasks", flags->count, "number of held-out tasks, a row each; 3 unless given")
          ->check(CLI::Range(1, 100));
  CLI::Option* task =
      command
          .add_option(
              "--task", flags->tasks,
              R"(or a task's numbers by name, as in '{"goal_x": 0.3, "goal_y": -0.2}'; may be given again)")
          ->type_name("TASK")
          ->expected(1)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
          ->allow_extra_args(false);
  CLI::Option* seed = command.add_option("--task-seed", flags->task_seed,
                                         "or the seed that a task is drawn with, as in `adapt` and `play`; "
                                         "of a file of tasks, the number of a held-out one, from 0");
  for (CLI::Option* each : {task, seed}) each->excludes(tasks);
  seed->excludes(task);
  command
      .add_option(
          "--steps", flags->steps,
          "numbers of gradient steps, a picture each, as in 0,1,2; those of the evaluation unless given")
      ->delimiter(',')
      ->check(CLI::Range(0, kMaxInnerSteps));
  command
      .add_option("--episodes", flags->episodes,
                  "of an agent that plays trials: numbers of episodes, a picture each, as in 1,2,10; the "
                  "first ones and the last unless given")
      ->delimiter(',')
      ->check(CLI::Range(1, kMaxHorizon));
  add_device_flags(command, flags->device);
  command.footer(R"(Examples:
  innerloop render runs/maml --out maml.svg
  innerloop render runs/maml --task '{"goal_x": 0.3, "goal_y": -0.2}' --steps 0,1,3 --out goal.gif
  innerloop render runs/rl2 --episodes 1,2,10 --still --out episodes.svg)");
  command.callback([flags, seed] {
    flags->seeded = seed->count() > 0;
    render(*flags);
  });
}

}  // namespace innerloop
