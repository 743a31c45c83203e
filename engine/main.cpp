// The command line: `innerloop COMMAND`. Errors are one line on standard error; exit codes as in engine/commands/commands.h.
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "engine/commands/commands.h"
#include "engine/commands/help.h"
#include "engine/error.h"
#include "engine/options/check.h"
#include "engine/run/build_info.h"

namespace {

int fail(const std::string& message, int exit_code) {
  std::cout << std::flush;
  std::cerr << "innerloop: " << message << "\n";
  return exit_code;
}

// CLI11 says no more than that a command is required, whatever stands in its place.
std::string wanted_command(const CLI::App& app) {
  std::vector<std::string> names;
  std::string wanted;
  for (const CLI::App* command : app.get_subcommands({})) {
    names.push_back(command->get_name());
    wanted += (wanted.empty() ? "" : ", ") + names.back();
  }
  const std::vector<std::string> found = app.remaining();
  return "wanted a command, one of " + wanted +
         (found.empty() ? ", found none (innerloop --help tells what they do)"
                        : innerloop::nearest_hint(found[0], names) + ", found \"" + found[0] + "\"");
}

// An empty text (a variable of the shell that is not set) is no value, and no absent option either.
void refuse_empty_texts(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands({}))
    for (CLI::Option* option : command->get_options())
      if (option->get_items_expected_max() > 0)
        option->check(
            [](const std::string& text) { return text.empty() ? R"(wanted a value, found "")" : ""; });
}

}  // namespace

int main(int argc, char** argv) {
  using namespace innerloop;
  // A limit on the size of files is an error like a full disk, not the end of the process.
  std::signal(SIGXFSZ, SIG_IGN);
  // So is an output that nobody reads any more (`| head`): the work goes on, and the end tells of it.
  std::signal(SIGPIPE, SIG_IGN);

  CLI::App app("Batched meta-reinforcement learning on CPUs and GPUs", "innerloop");
  app.formatter(std::make_shared<HelpFormatter>());
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("innerloop ") + version() + " (" + build_commit() + ", " +
                                        build_compiler() + ", " + build_type() + ")");
  app.footer(R"(Examples:
  innerloop train configs/point_navigation_maml.json --out runs/maml
  innerloop evaluate runs/maml --steps 5
  innerloop report runs/maml

innerloop COMMAND --help tells all about a command.)");
  int exit_code = kExitDone;
  add_train(app, exit_code);
  add_sweep(app, exit_code);
  add_watch(app, exit_code);
  add_evaluate(app);
  add_adapt(app);
  add_play(app);
  add_render(app);
  add_report(app);
  add_show(app);
  add_plan(app);
  add_list(app);
  add_bench(app);
  add_doctor(app);
  refuse_empty_texts(app);
  add_completion(app);  // whose words may be empty
  try {
    app.parse(argc, argv);
    if (!std::cout.flush())
      throw RunError("standard output: wanted to write to it, found that it is full or closed");
    return exit_code;
  } catch (const CLI::Success& help_or_version) {
    return app.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    return fail(app.get_subcommands().empty() ? wanted_command(app) : error.what(), kExitBadInput);
  } catch (const InputError& error) {
    return fail(error.what(), kExitBadInput);
  } catch (const std::exception& error) {
    return fail(error.what(), kExitRunFailed);
  }
}
