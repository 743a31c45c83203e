#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "engine/commands/commands.h"
#include "engine/run/doctor.h"
#include "engine/text/columns.h"

namespace innerloop {

void add_doctor(CLI::App& app) {
  CLI::App& command =
      *app.add_subcommand("doctor", "tells what it finds on this machine, to paste into an issue");
  command.footer(R"(Examples:
  innerloop doctor > doctor.txt)");
  command.callback([] {
    const auto found = examine_machine();
    std::size_t width = 0;
    for (const auto& [subject, finding] : found) width = std::max(width, subject.size());
    for (const auto& [subject, finding] : found)
      std::cout << filled(subject, width) << "  " << finding << "\n";
  });
}

}  // namespace innerloop
