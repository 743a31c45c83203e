#include <CLI/CLI.hpp>

#include <ctime>
#include <filesystem>
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
#include "engine/config/rules.h"
#include "engine/error.h"
#include "engine/evaluation/report.h"
#include "engine/files/atomic_file.h"
#include "engine/report/page.h"
#include "engine/run/evaluation_files.h"
#include "engine/run/interrupt.h"
#include "engine/run/profiler.h"
#include "engine/run/progress.h"
#include "engine/run/resume.h"
#include "engine/run/run_folder.h"
#include "engine/run/training.h"
#include "engine/text/shell.h"

namespace innerloop {
namespace {

struct TrainFlags {
  std::string config, out, dump_batch;
  bool resume = false;
  std::vector<std::string> set;
  std::int64_t dump_iteration = 0;  // 0: the first
  DeviceOptions device;
  bool timings = false, no_graph = false;
  std::string trace, profile;
};

ProfileOptions profile_options(const TrainFlags& flags) {
  ProfileOptions options{.timings = flags.timings, .trace = flags.trace, .looks_at = {}};
  if (!flags.profile.empty()) options.looks_at = read_iterations(flags.profile);
  return options;
}

// Checks all that can be wrong before it writes anything, then trains. False: interrupted.
bool train(const TrainFlags& flags) {
  const ProfileOptions looks = profile_options(flags);
  std::optional<Resume> from;
  if (flags.resume) from.emplace(read_resume(flags.out, flags.set));
  const std::string source = from ? from->folder.config().string() : flags.config;
  const auto training =
      from ? std::make_unique<Training>(std::move(*from), flags.device)
           : std::make_unique<Training>(read_config(flags.config, flags.set), source, flags.device);
  const Config& config = training->config();
  const Resume* resume = training->resumed();
  Trainer& trainer = training->trainer();
  Profiler profiler(looks, {trainer.counts().iteration + 1, config.iterations}, training->device());
  trainer.look_on(profiler);
  if (!flags.dump_batch.empty())
    trainer.dump_batch(flags.dump_iteration > 0 ? flags.dump_iteration : trainer.counts().iteration + 1,
                       flags.dump_batch);

  const RunFolder run =
      resume != nullptr ? resume->folder
      : flags.out.empty()
          ? create_free_run_folder(default_run_folder(flags.config, std::time(nullptr)), to_json(config))
          : create_run_folder(flags.out, to_json(config));
  catch_interrupts();  // from when there are files that tell of the run
  training->write_into(run);
  std::cout << algorithm_name(config) << " on " << environment_name(config) << ", " << config.iterations
            << " iterations"
            << (resume != nullptr ? " from " + std::to_string(trainer.counts().iteration) + " on" : "")
            << "\n"
            << "device: " << training->device().description() << "\n"
            << "run: " << run.path.string() << (resume != nullptr ? " (its config.json counts)" : "") << "\n"
            << (resume != nullptr ? schedule_note(*resume) : "") << std::flush;
  if (const std::string doubt = doubt_about(config); !doubt.empty())
    std::cerr << "innerloop: warning: " << source << ": " << doubt << "\n";

  const End end = train(*training->files(), std::cout, Progress::on_terminal());
  profiler.write_trace();
  if (flags.timings) std::cout << "\n" << profiler.table() << std::flush;
  if (end == End::interrupted) {
    std::cout << "Interrupted after iteration " << trainer.counts().iteration
              << "; to go on: innerloop train --resume "
              << "--out " << shell_word(run.path.string()) << "\n";
    return false;
  }
  release_interrupts();
  const Evaluation evaluation =
      evaluation_of(config, training->device(), trainer.params(), trainer.counts().iteration);
  std::cout << "\n" << evaluation_table(evaluation.report) << std::flush;
  write_evaluation(run, evaluation);
  write_file_atomically(run.report(), report_page({run.path}));
  std::cout << "report: " << run.report().string() << "\n";
  return true;
}

void check(const TrainFlags& flags) {
  if (flags.resume && flags.out.empty())
    throw InputError("--resume: wanted the run's folder with --out, found none");
  if (!flags.resume && flags.config.empty()) throw InputError("train: wanted a config, CONFIG, found none");
  if (flags.dump_iteration > 0 && flags.dump_batch.empty())
    throw InputError("--dump-iteration: wanted a file with --dump-batch, found none");
}

}  // namespace

void add_train(CLI::App& app, int& exit_code) {
  CLI::App& command =
      *app.add_subcommand("train", "meta-trains as a config says, and evaluates on held-out tasks");
  auto flags = std::make_shared<TrainFlags>();
  command.add_option("CONFIG", flags->config, "the config, a JSON file; with --resume the run's own counts");
  command.add_option("--out", flags->out, "the run's folder; runs/<config name>-<time> unless given")
      ->type_name("FOLDER");
  command.add_flag("--resume", flags->resume, "goes on from the newest checkpoint of --out");
  command
      .add_option("--set", flags->set, "overrides one option of the config; with --resume only iterations=N")
      ->type_name("PATH=VALUE")
      ->type_size(1)
      ->allow_extra_args(false);
  command
      .add_option("--dump-batch", flags->dump_batch, "writes all of one iteration as this safetensors file")
      ->type_name("FILE");
  command.add_option("--dump-iteration", flags->dump_iteration, "which one, from 1; the first unless given")
      ->check(CLI::Range(1, 1000000000));
  command.add_flag("--timings", flags->timings,
                   "tells at the end, and of each iteration in metrics.jsonl, what the time went into");
  command
      .add_option("--trace", flags->trace,
                  "writes when each thread did what, for chrome://tracing and ui.perfetto.dev")
      ->type_name("FILE");
  command
      .add_option("--profile", flags->profile,
                  "iterations that --trace and a GPU's profiler look at; unless given, the trace shows the "
                  "second to the fourth")
      ->type_name("N-M");
  command.add_flag("--no-graph", flags->no_graph,
                   "a GPU launches operations one by one, so that profilers see each");
  add_device_flags(command, flags->device);
  command.footer(R"(Examples:
  innerloop train configs/point_navigation_maml.json
  innerloop train configs/point_navigation_maml.json --out runs/k3 --set algorithm.inner_steps=3 --set outer.lr=0.002
  innerloop train --resume --out runs/k3 --set iterations=400)");
  command.callback([flags, &exit_code] {
    check(*flags);
    flags->device.graphs = !flags->no_graph;
    if (!train(*flags)) exit_code = kExitInterrupted;
  });
}

}  // namespace innerloop
