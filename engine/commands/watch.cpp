#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>
#include <string>

#include "engine/commands/commands.h"
#include "engine/run/interrupt.h"
#include "engine/run/progress.h"
#include "engine/run/watch.h"

namespace innerloop {

void add_watch(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand("watch", "looks on at a run that another process trains");
  auto run = std::make_shared<std::string>();
  command.add_option("RUN", *run, "the run's folder; one that is not there yet is waited for")->required();
  command.footer(R"(Examples:
  innerloop watch runs/maml
  ssh cluster innerloop watch /scratch/runs/maml)");
  command.callback([run, &exit_code] {
    catch_interrupts();
    const WatchOptions options{.terminal = Progress::on_terminal(), .stops = interrupted};
    if (!watch_run(*run, std::cout, options)) exit_code = kExitInterrupted;
  });
}

}  // namespace innerloop
