#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/benchmark/benchmark.h"
#include "engine/benchmark/throughput.h"
#include "engine/commands/commands.h"
#include "engine/commands/device_flags.h"
#include "engine/files/atomic_file.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

constexpr int kMostUnits = 4096;  // more than any policy may have: its own options say how many

struct BenchFlags {
  std::string filter, json, config, page;
  bool sweep = false;
  ThroughputGrid grid;
  DeviceOptions device;
};

void bench(const BenchFlags& flags) {
  std::cout << benchmark_table_head() << "\n" << std::flush;
  const BenchmarkReport report =
      run_benchmarks(flags.device, flags.filter, [](const BenchmarkResult& result) {
        std::cout << benchmark_table_line(result) << "\n" << std::flush;
      });
  std::cout << benchmark_table_foot(report) << "\n" << std::flush;
  if (!flags.json.empty()) write_file_atomically(flags.json, json_text(to_json(report), 2) + "\n");
}

void sweep_sizes(const BenchFlags& flags) {
  const Config config = flags.config.empty() ? parse_config("{}", "bench") : read_config(flags.config);
  Device device(flags.device);
  std::cout << algorithm_name(config) << " on " << environment_name(config)
            << ", device: " << device.description() << "\n"
            << throughput_table_head() << "\n"
            << std::flush;
  const auto results = measure_throughput(config, flags.grid, device, [](const Throughput& result) {
    std::cout << throughput_table_line(result) << "\n" << std::flush;
  });
  if (!flags.json.empty())
    write_file_atomically(flags.json, json_text(throughput_json(config, results, device), 2) + "\n");
  if (!flags.page.empty()) write_file_atomically(flags.page, throughput_page(config, results, device));
}

}  // namespace

void add_bench(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("bench", "times the kernels and whole meta-iterations");
  auto flags = std::make_shared<BenchFlags>();
  CLI::Option* filter = command.add_option("FILTER", flags->filter,
                                           "a part of the benchmarks' names, or a pattern with * or ?");
  command.add_option("--json", flags->json, "also writes the results to this file")->type_name("FILE");
  CLI::Option* sweep =
      command.add_flag("--sweep", flags->sweep, "times a config over a grid of sizes, playing and learning");
  sweep->excludes(filter);
  const auto add_sizes = [&](const char* name, std::vector<int>& sizes, const char* meaning, int most) {
    command.add_option(name, sizes, meaning)
        ->delimiter(',')
        ->type_name("N,...")
        ->check(CLI::Range(1, most))
        ->needs(sweep);
  };
  command
      .add_option("--config", flags->config,
                  "with --sweep: what is timed; MAML on 2D navigation unless given")
      ->type_name("FILE")
      ->needs(sweep);
  add_sizes("--tasks", flags->grid.tasks, "with --sweep: tasks of an iteration; 10,40,160,640 unless given",
            kMaxTasks);
  add_sizes("--envs", flags->grid.envs, "with --sweep: trajectories of a task; 20 unless given",
            kMaxEnvsPerTask);
  add_sizes("--widths", flags->grid.widths, "with --sweep: units of a hidden layer; 64,128 unless given",
            kMostUnits);
  add_sizes("--inner-steps", flags->grid.inner_steps, "with --sweep: gradient steps; 1,3 unless given",
            kMaxInnerSteps);
  command.add_option("--page", flags->page, "with --sweep: also draws the results on this page, HTML")
      ->type_name("FILE")
      ->needs(sweep);
  add_device_flags(command, flags->device);
  command.footer(R"(Examples:
  innerloop bench
  innerloop bench 'rollout*' --threads 1 --json bench.json
  innerloop bench --sweep --tasks 10,100,1000 --widths 64 --page throughput.html
  innerloop bench --sweep --config configs/cartpole_maml.json --json throughput.json)");
  command.callback([flags] {
    for (const std::string& file : {flags->json, flags->page})
      if (!file.empty()) check_file_place(file);
    flags->sweep ? sweep_sizes(*flags) : bench(*flags);
  });
}

}  // namespace innerloop
