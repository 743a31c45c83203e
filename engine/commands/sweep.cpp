#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/commands/commands.h"
#include "engine/commands/device_flags.h"
#include "engine/device/buffer_plan.h"
#include "engine/device/thread_pool.h"
#include "engine/error.h"
#include "engine/files/atomic_file.h"
#include "engine/run/interrupt.h"
#include "engine/sweep/driver.h"
#include "engine/sweep/estimate.h"
#include "engine/sweep/metric.h"
#include "engine/sweep/page.h"
#include "engine/sweep/references.h"
#include "engine/sweep/results.h"
#include "engine/text/shell.h"
#include "engine/text/table.h"

namespace innerloop {
namespace {

constexpr std::size_t kMostRows = 40;

struct SweepFlags {
  std::string sweep, out, shard = "1/1", table;
  bool resume = false, dry_run = false, results = false, no_retry = false;
  int jobs = 0, until = 0;
  std::optional<std::size_t> run;  // the point of a single run; empty: all of the sweep
  std::optional<std::uint32_t> seed;
  DeviceOptions device;
};

const std::map<std::string, TableForm> kForms = {{"terminal", TableForm::terminal},
                                                 {"csv", TableForm::csv},
                                                 {"markdown", TableForm::markdown},
                                                 {"latex", TableForm::latex}};

bool is_folder(const std::string& path) { return std::filesystem::is_directory(path); }

std::filesystem::path folder_of(const SweepFlags& flags) {
  if (!flags.out.empty()) return flags.out;
  return is_folder(flags.sweep) ? std::filesystem::path(flags.sweep) : default_sweep_folder(flags.sweep);
}

// What is done in Python, where the libraries are that do it: by parts that are ours.
void check_is_ours(const Sweep& sweep, bool is_part) {
  const auto refuse = [&](const char* key, const char* ours, const char* extra) {
    throw InputError(sweep.source + ": /" + key + "/name: wanted \"" + ours +
                     "\", or the command of the Python package (pip install innerloop[" + extra +
                     "]), found another with this program alone");
  };
  if (sweep.options.search.name != SearchName::random) refuse("search", "random", "sweep");
  if (sweep.options.engine.name != EngineName::local && !is_part) refuse("engine", "local", "ray");
}

Sweep read(const SweepFlags& flags) {
  Sweep sweep = read_sweep(is_folder(flags.sweep) ? std::filesystem::path(flags.sweep) / "sweep.json"
                                                  : std::filesystem::path(flags.sweep));
  if (flags.jobs > 0) sweep.options.jobs = flags.jobs;
  if (flags.device.threads > 0) sweep.options.threads = flags.device.threads;
  check_metric(sweep.options.metric, sweep.source);
  return sweep;
}

std::string points_table(const Points& points) {
  TextTable table;
  table.columns.push_back({"point", true});
  for (const std::string& key : points.keys()) table.columns.push_back({key});
  for (std::size_t i = 0; i < std::min(points.size(), kMostRows); ++i) {
    const Point point = points.at(i);
    auto& row = table.rows.emplace_back();
    row.push_back({std::to_string(i)});
    for (const std::string& key : points.keys()) {
      const Json* value = value_at(point, key);
      row.push_back({value == nullptr ? "" : value_text(*value)});
    }
  }
  const std::size_t more = points.size() - table.rows.size();
  return terminal_table(table) + (more > 0 ? "and " + std::to_string(more) + " more\n" : "");
}

void show_plan(const Sweep& sweep, const Points& points, const DeviceOptions& device) {
  std::cout << points_table(points) << std::flush;
  const SweepNeed need = estimate(sweep, points, device);
  char hours[64];
  std::snprintf(hours, sizeof hours, need.hours < 1 ? "%.1f minutes" : "%.1f hours",
                need.hours < 1 ? need.hours * 60 : need.hours);
  std::cout << "\n"
            << need.points << " points × " << sweep.seeds.size() << " seeds = " << need.runs
            << " runs, each of up to " << readable_bytes(need.largest_bytes) << " in memory\n"
            << "about " << hours << " with " << sweep.options.jobs << " jobs × " << sweep.options.threads
            << " threads, evaluations apart"
            << (sweep.options.halving.first > 0 ? ", were every point trained to its end" : "") << "\n";
}

void show_results(const Sweep& sweep, const Points& points, const SweepResults& results, TableForm form) {
  const auto tables = result_tables(sweep, points, results, form == TableForm::terminal ? kMostRows : 0);
  for (std::size_t group = 0; group < tables.size(); ++group) {
    if (tables.size() > 1 && form != TableForm::csv)
      std::cout << (group > 0 ? "\n" : "") << results.groups[group] << "\n\n";
    std::cout << result_table(tables[group], form);
  }
  std::cout << std::flush;
}

// False: interrupted.
bool sweep(const SweepFlags& flags) {
  const Sweep sweep = read(flags);
  const Part part = {parse_shard(flags.shard), flags.until, !flags.no_retry};
  const Points points(sweep);
  const std::filesystem::path path = folder_of(flags);
  if (flags.run || flags.seed) {
    if (!flags.run || !flags.seed || flags.until == 0)
      throw InputError(
          "--run: wanted --seed and --until with it, as the sweep gives them to its runs, found some alone");
    catch_interrupts();
    std::cout << train_run(sweep, points, SweepFolder{path}, *flags.run, *flags.seed, flags.until,
                           flags.device);
    return true;
  }
  if (!flags.table.empty()) {
    if (!is_folder(path.string()))
      throw InputError(path.string() + ": wanted the folder of a sweep, found none");
    const SweepFolder folder{path};
    show_results(sweep, points, read_results(sweep, points, folder), kForms.at(flags.table));
    return true;
  }
  check_points(sweep, points);
  check_normalisation(sweep, points);
  if (flags.dry_run) {
    show_plan(sweep, points, flags.device);
    return true;
  }
  check_is_ours(sweep, flags.results || !part.is_whole());
  check_sweep(sweep, points, flags.device);
  const References references =
      references_of(sweep, points, SweepFolder{path}, threads_or_cores(sweep.options.threads));
  const SweepFolder folder = open_sweep_folder(path, sweep, points, flags.resume || is_folder(flags.sweep));
  write_references(sweep, references, folder);
  SweepEnd end;
  if (!flags.results) {
    catch_interrupts();
    std::cout << points.size() << " points × " << sweep.seeds.size() << " seeds, " << sweep.options.jobs
              << " jobs × " << sweep.options.threads << " threads\n"
              << "sweep: " << path.string() << "\n"
              << std::flush;
    end = run_sweep(sweep, points, folder, part, flags.device, std::cout);
    release_interrupts();
  }
  if (end.interrupted) {
    std::cout << "Interrupted; to go on: innerloop sweep " << shell_word(path.string()) << "\n";
    return false;
  }
  // Of a part whoever comes last tells what all have found.
  if (flags.results || part.is_whole() || has_all_outcomes(folder, sweep, points)) {
    const SweepResults results = read_results(sweep, points, folder);
    write_results(sweep, points, results, folder);
    write_file_atomically(folder.report(), sweep_page(sweep, points, results, folder));
    std::cout << "\n";
    show_results(sweep, points, results, TableForm::terminal);
    std::cout << "results: " << folder.results().string() << ", " << folder.table().string() << "\n"
              << "report: " << folder.report().string() << "\n";
  }
  if (end.left > 0) std::cout << "not trained to their end: " << end.left << " runs\n";
  if (end.failed > 0)
    throw RunError("sweep: wanted all runs to end well, found " + std::to_string(end.failed) +
                   " that failed, told above");
  return true;
}

}  // namespace

void add_sweep(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand(
      "sweep", "trains the many configs of one file, with several seeds, and compares them");
  auto flags = std::make_shared<SweepFlags>();
  command.add_option("SWEEP", flags->sweep, "the sweep, a JSON file; or the folder of one, which goes on")
      ->required();
  command.add_option("--out", flags->out, "the sweep's folder; sweeps/<name of the file> unless given")
      ->type_name("FOLDER");
  command.add_flag("--resume", flags->resume,
                   "goes on with --out where it is there, and begins where it is not");
  command.add_flag("--dry-run", flags->dry_run,
                   "prints the points, the memory and about how long it takes, and trains nothing");
  command.add_option("--shard", flags->shard, "trains a part of the points alone: 3/8 is the third of eight")
      ->type_name("I/N");
  command
      .add_option("--until", flags->until, "trains every point to so many iterations, whatever halving says")
      ->check(CLI::Range(1, 1000000000));
  // What the driver starts for each run; nothing for people.
  command.add_option("--run", flags->run)->group("");
  command.add_option("--seed", flags->seed)->group("");
  command.add_flag("--no-retry", flags->no_retry, "leaves runs that failed in an earlier start as they are");
  command.add_flag("--results", flags->results,
                   "writes the folder with the results so far, and trains nothing");
  command.add_option("--jobs", flags->jobs, "runs side by side; what the sweep says unless given")
      ->check(CLI::Range(1, 1024));
  command
      .add_option("--table", flags->table,
                  "prints the results so far as terminal, csv, markdown or latex, and trains nothing")
      ->type_name("FORM")
      ->check(CLI::IsMember(kForms));
  add_device_flags(command, flags->device);
  command.footer(R"(Examples:
  innerloop sweep sweeps/inner_lr.json --dry-run
  innerloop sweep sweeps/inner_lr.json --jobs 2
  innerloop sweep sweeps/inner_lr                                    # its folder: goes on
  innerloop sweep sweeps/inner_lr.json --resume --shard 3/8          # one of eight machines that share a folder
  innerloop sweep sweeps/inner_lr --table latex)");
  command.callback([flags, &exit_code] {
    if (!sweep(*flags)) exit_code = kExitInterrupted;
  });
}

}  // namespace innerloop
