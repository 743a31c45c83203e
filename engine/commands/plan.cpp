#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "engine/commands/commands.h"
#include "engine/commands/device_flags.h"
#include "engine/config/config.h"
#include "engine/run/memory_need.h"

namespace innerloop {

void add_plan(CLI::App& app) {
  struct Flags {
    std::string config;
    std::vector<std::string> set;
    DeviceOptions device;
  };
  CLI::App& command =
      *app.add_subcommand("plan", "prints every buffer that a config needs, its shape and its bytes");
  auto flags = std::make_shared<Flags>();
  command.add_option("CONFIG", flags->config, "the config, a JSON file")->required();
  command.add_option("--set", flags->set, "overrides one option of the config")
      ->type_name("PATH=VALUE")
      ->type_size(1)
      ->allow_extra_args(false);
  add_device_flags(command, flags->device);
  command.footer(R"(Examples:
  innerloop plan configs/cartpole_maml.json
  innerloop plan configs/cartpole_maml.json --set tasks_per_iteration=10000 --backend cpu)");
  command.callback([flags] {
    const Config config = read_config(flags->config, flags->set);
    Device device(flags->device);
    const MemoryNeed need = memory_need(config, device, flags->config);
    std::cout << "device: " << device.description() << "\n";
    for (const auto& [name, plan] : need.parts) std::cout << "\n" << name << "\n" << plan.table();
    std::cout << "\nIn all: " << need.total_bytes() << " bytes (" << readable_bytes(need.total_bytes())
              << ") of " << device.available_bytes() << " (" << readable_bytes(device.available_bytes())
              << ") that are free\n"
              << std::flush;
    check_fits(need, device, flags->config);
  });
}

}  // namespace innerloop
