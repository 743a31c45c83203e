#include <unistd.h>
#include <CLI/CLI.hpp>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/commands/commands.h"
#include "engine/commands/device_flags.h"
#include "engine/config/config.h"
#include "engine/config/rules.h"
#include "engine/error.h"
#include "engine/evaluation/report.h"
#include "engine/files/atomic_file.h"
#include "engine/run/interrupt.h"
#include "engine/run/machine_info.h"
#include "engine/run/memory_need.h"
#include "engine/run/metrics_log.h"
#include "engine/run/resume.h"
#include "engine/run/run_folder.h"
#include "engine/run/trainer.h"

namespace innerloop {
namespace {

struct TrainFlags {
  std::string config, out, dump_batch;
  bool resume = false;
  std::vector<std::string> set;
  std::int64_t dump_iteration = 0;  // 0: the first
  DeviceOptions device;
};

MachineFacts facts_of(const Device& device) {
  return {.backend = device.is_cuda() ? "cuda" : "cpu",
          .instruction_set = device.instructions(),
          .gpu = device.name(),
          .threads = device.threads()};
}

// What a run's start has written; null where it cannot be told, which is no reason not to go on.
nlohmann::ordered_json machine_before(const std::filesystem::path& path) {
  std::ifstream file(path);
  return nlohmann::ordered_json::parse(file, nullptr, false);
}

// As a shell takes it.
std::string shell_word(const std::string& text) {
  if (text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+=:,@%") ==
      text.npos)
    return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

void check_precision(const Config& config, const Device& device, const std::string& source) {
  if (config.precision != Precision::float32 && !device.has_tensor_cores())
    throw InputError(
        source +
        ": /precision: wanted \"float32\", or a GPU with tensor cores (compute capability 8.0 or "
        "later), found " +
        to_json(config)["precision"].dump() + " on " + device.description());
}

// Checks all that can be wrong before it writes anything, then trains. False: interrupted.
bool train(const TrainFlags& flags) {
  std::optional<Resume> resume;
  if (flags.resume) resume.emplace(read_resume(flags.out, flags.set));
  const Config config = resume ? resume->config : read_config(flags.config, flags.set);
  const std::string source = resume ? resume->folder.config().string() : flags.config;

  Device device(flags.device);
  check_precision(config, device, source);
  check_fits(memory_need(config, device, source), device, source);
  Trainer trainer(config, device);
  if (resume) trainer.restore(resume->checkpoint);
  if (!flags.dump_batch.empty())
    trainer.dump_batch(flags.dump_iteration > 0 ? flags.dump_iteration : trainer.counts().iteration + 1,
                       flags.dump_batch);

  RunFolder run;
  std::optional<RunLock> lock;
  if (resume) {
    run = resume->folder;
    remove_temporary_files(run.path);
    cut_metrics(run.metrics(), trainer.counts().iteration);
    write_json(run.config(), to_json(config));
  } else {
    run = flags.out.empty()
              ? create_free_run_folder(default_run_folder(flags.config, std::time(nullptr)), to_json(config))
              : create_run_folder(flags.out, to_json(config));
    lock.emplace(run.path);
  }
  write_json(run.machine(), resume ? resumed_machine_info(facts_of(device), trainer.counts().iteration,
                                                          machine_before(run.machine()))
                                   : machine_info(facts_of(device)));
  std::cout << algorithm_name(config) << " on " << environment_name(config) << ", " << config.iterations
            << " iterations" << (resume ? " from " + std::to_string(trainer.counts().iteration) + " on" : "")
            << "\n"
            << "device: " << device.description() << "\n"
            << "run: " << run.path.string() << (resume ? " (its config.json counts)" : "") << "\n"
            << (resume ? schedule_note(*resume) : "") << std::flush;
  if (const std::string doubt = doubt_about(config); !doubt.empty())
    std::cerr << "innerloop: warning: " << source << ": " << doubt << "\n";

  catch_interrupts();
  const Trainer::End end = trainer.train(run, std::cout, isatty(STDOUT_FILENO) != 0);
  if (end == Trainer::End::interrupted) {
    std::cout << "Interrupted after iteration " << trainer.counts().iteration
              << "; to go on: innerloop train --resume "
              << "--out " << shell_word(run.path.string()) << "\n";
    return false;
  }
  release_interrupts();
  const auto report = evaluation_report(config, device, trainer.params(), trainer.counts().iteration);
  std::cout << "\n" << evaluation_table(report) << std::flush;
  write_json(run.evaluation(), report);
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
  command.add_option("--out", flags->out, "the run's folder; runs/<config name>-<time> unless given");
  command.add_flag("--resume", flags->resume, "goes on from the newest checkpoint of --out");
  command
      .add_option("--set", flags->set, "path=value: overrides one option; with --resume only iterations=N")
      ->type_size(1)
      ->allow_extra_args(false);
  command.add_option("--dump-batch", flags->dump_batch,
                     "writes all of one iteration as this safetensors file");
  command.add_option("--dump-iteration", flags->dump_iteration, "which one, from 1; the first unless given")
      ->check(CLI::Range(1, 1000000000));
  add_device_flags(command, flags->device);
  command.callback([flags, &exit_code] {
    check(*flags);
    if (!train(*flags)) exit_code = kExitInterrupted;
  });
}

}  // namespace innerloop
