#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/benchmark/benchmark.h"
#include "engine/commands/commands.h"
#include "engine/commands/device_flags.h"
#include "engine/files/atomic_file.h"
#include "engine/text/json.h"

namespace innerloop {

void add_bench(CLI::App& app) {
  struct Flags {
    std::string filter, json;
    DeviceOptions device;
  };
  CLI::App& command = *app.add_subcommand("bench", "times the kernels and whole meta-iterations");
  auto flags = std::make_shared<Flags>();
  command.add_option("FILTER", flags->filter, "a part of the benchmarks' names, or a pattern with * or ?");
  command.add_option("--json", flags->json, "also writes the results to this file")->type_name("FILE");
  add_device_flags(command, flags->device);
  command.footer(R"(Examples:
  innerloop bench
  innerloop bench 'rollout*' --threads 1 --json bench.json)");
  command.callback([flags] {
    if (!flags->json.empty()) check_file_place(flags->json);
    std::cout << benchmark_table_head() << "\n" << std::flush;
    const BenchmarkReport report =
        run_benchmarks(flags->device, flags->filter, [](const BenchmarkResult& result) {
          std::cout << benchmark_table_line(result) << "\n" << std::flush;
        });
    std::cout << benchmark_table_foot(report) << "\n" << std::flush;
    if (!flags->json.empty()) write_file_atomically(flags->json, json_text(to_json(report), 2) + "\n");
  });
}

}  // namespace innerloop
