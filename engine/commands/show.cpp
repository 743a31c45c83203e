#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/commands/commands.h"
#include "engine/config/config.h"
#include "engine/text/json.h"

namespace innerloop {

void add_show(CLI::App& app) {
  struct Flags {
    std::string config;
    std::vector<std::string> set;
  };
  CLI::App& command = *app.add_subcommand("show", "prints a config with every default filled in");
  auto flags = std::make_shared<Flags>();
  command.add_option("CONFIG", flags->config, "the config, a JSON file")->required();
  command.add_option("--set", flags->set, "overrides one option of the config")
      ->type_name("PATH=VALUE")
      ->type_size(1)
      ->allow_extra_args(false);
  command.footer(R"(Examples:
  innerloop show configs/article.json
  innerloop show configs/point_navigation_maml.json --set algorithm.name=promp > mine.json)");
  command.callback(
      [flags] { std::cout << json_text(shown_json(read_config(flags->config, flags->set)), 2) << "\n"; });
}

}  // namespace innerloop
