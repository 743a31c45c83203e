#include <CLI/CLI.hpp>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/commands/commands.h"
#include "engine/commands/device_flags.h"
#include "engine/config/config.h"
#include "engine/config/environment_options.h"
#include "engine/config/tasks.h"
#include "engine/error.h"
#include "engine/evaluation/episode_pictures.h"
#include "engine/evaluation/step_evaluator.h"
#include "engine/files/atomic_file.h"
#include "engine/files/file_status.h"
#include "engine/pictures/svg.h"
#include "engine/run/adapted_policy.h"
#include "engine/run/trained_run.h"
#include "engine/text/columns.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

struct AdaptFlags {
  std::string run, task, out, picture;
  std::uint32_t task_seed = 0;
  bool seeded = false;
  int steps = 0;
  DeviceOptions device;
};

// Nothing that is there is written over.
void check_out(const std::filesystem::path& out) {
  check_file_place(out);
  if (std::filesystem::exists(status_of(out)))
    throw InputError(out.string() + ": wanted a file that does not exist, found one");
}

// The first episodes of what the evaluator played last.
PictureRow episodes_row(StepEvaluator& evaluator, const Config& config, const std::string& title) {
  constexpr int kEpisodes = 6;
  PictureRow row{title, {}};
  const std::vector<float> task = evaluator.task(0);
  for (const PlayedEpisodes& episode : evaluator.first_episodes(0, kEpisodes)) {
    SketchedEpisode sketched = sketch(config, task, episode).front();
    row.panels.push_back({std::move(sketched.states), episode_words(sketched.rewards)});
  }
  return row;
}

// What the policy did in the task before adaptation, and after it, which `evaluator` has just evaluated.
void write_picture(const std::string& file, const TrainedRun& run, const Config& config,
                   const AdaptedPolicy& policy, StepEvaluator& evaluator, Device& device) {
  const auto title = [&](const std::string& when, double mean) {
    return when + number_cell(": mean return %.2f", mean);
  };
  const std::string steps = std::to_string(config.evaluation.inner_steps);
  const PictureRow after =
      episodes_row(evaluator, config, title("after gradient step " + steps, policy.returns.back()));
  Config at_first = config;
  at_first.evaluation.inner_steps = 0;
  const auto unadapted = StepEvaluator::create(at_first, device, policy.task);
  unadapted->allocate();
  unadapted->evaluate(run.params);
  const PictureRow before =
      episodes_row(*unadapted, config, title("before adaptation", policy.returns.front()));
  write_file_atomically(file, svg_picture({algorithm_name(config) + " on " + environment_name(config) + ", " +
                                               task_words(policy.task, config),
                                           {before, after}},
                                          true));
  std::cout << "picture: " << file << "\n";
}

void print(const AdaptedPolicy& policy, const Config& config) {
  std::cout << algorithm_name(config) << " after " << policy.iteration << " iterations, adapted to "
            << json_text(task_json(policy.task, config)) << "\nby " << config.evaluation.envs_per_task
            << " trajectories before each step:\nstep   mean return\n"
            << std::fixed << std::setprecision(2);
  for (std::size_t step = 0; step < policy.returns.size(); ++step)
    std::cout << std::setw(4) << step << " " << std::setw(13) << policy.returns[step] << "\n";
  std::cout << "return before: " << policy.returns.front() << ", after: " << policy.returns.back() << "\n";
}

void adapt_run(const AdaptFlags& flags) {
  if (flags.task.empty() && !flags.seeded)
    throw InputError("adapt: wanted a task, with --task or --task-seed, found none");
  check_out(flags.out);
  if (!flags.picture.empty()) check_out(flags.picture);
  const TrainedRun run = open_trained_run(flags.run);
  check_learns_by_steps(run, "adapt");
  if (!flags.picture.empty())
    with_environment(run.config.environment,
                     []<class Env>(const typename Env::Options&) { check_sketches<Env>("--picture"); });
  const Config config = adaptation_config(run.config, flags.steps,
                                          flags.seeded ? std::optional(flags.task_seed) : std::nullopt);
  Device device(flags.device);
  const auto evaluator = StepEvaluator::create(
      config, device, flags.seeded ? seeded_task(config, flags.task_seed) : parse_task(flags.task, config));
  evaluator->allocate();
  std::cout << "device: " << device.description() << "\n" << std::flush;

  const AdaptedPolicy policy = adapt(*evaluator, run.params, run.iteration);
  print(policy, config);
  std::cout << std::flush;  // what was computed is shown before a file can fail
  write_adapted_policy(flags.out, policy, run.config);
  std::cout << "policy: " << flags.out << "\n";
  if (!flags.picture.empty()) write_picture(flags.picture, run, config, policy, *evaluator, device);
}

}  // namespace

void add_adapt(CLI::App& app) {
  CLI::App& command =
      *app.add_subcommand("adapt", "adapts a run's newest checkpoint to one task, and saves the policy");
  auto flags = std::make_shared<AdaptFlags>();
  command.add_option("RUN", flags->run, "the run's folder")->required();
  CLI::Option* task =
      command
          .add_option("--task", flags->task,
                      R"(the task's numbers by name, as in '{"goal_x": 0.3, "goal_y": -0.2}')")
          ->type_name("TASK");
  CLI::Option* seed =
      command.add_option("--task-seed", flags->task_seed,
                         "or the seed that it is drawn with, as the first held-out task is; of a file of "
                         "tasks, the number of a held-out one, from 0");
  seed->excludes(task);
  command.add_option("--steps", flags->steps, "gradient steps of adaptation")
      ->required()
      ->check(CLI::Range(1, kMaxInnerSteps));
  command.add_option("--out", flags->out, "the file for the adapted policy, safetensors")
      ->required()
      ->type_name("FILE");
  command
      .add_option("--picture", flags->picture,
                  "a file for a picture, SVG: episodes before adaptation and after it")
      ->type_name("FILE");
  add_device_flags(command, flags->device);
  command.footer(R"(Examples:
  innerloop adapt runs/maml --task '{"goal_x": 0.3, "goal_y": -0.4}' --steps 2 --out policy.safetensors
  innerloop adapt runs/maml --task-seed 7 --steps 1 --out policy.safetensors --picture episodes.svg)");
  command.callback([flags, seed] {
    flags->seeded = seed->count() > 0;
    adapt_run(*flags);
  });
}

}  // namespace innerloop
