#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "engine/commands/commands.h"
#include "engine/error.h"
#include "engine/files/atomic_file.h"
#include "engine/report/page.h"

namespace innerloop {

void add_report(CLI::App& app) {
  struct Flags {
    std::vector<std::string> runs;
    std::string out = "report.html";
  };
  CLI::App& command =
      *app.add_subcommand("report", "puts runs on one page to look at: curves, tables, commands");
  auto flags = std::make_shared<Flags>();
  command.add_option("RUN", flags->runs, "a run's folder, or several, also unfinished ones")->required();
  command.add_option("--out", flags->out, "the file for the page, HTML; report.html unless given")
      ->type_name("FILE");
  command.footer(R"(Examples:
  innerloop report runs/maml
  innerloop report runs/maml runs/fomaml --out comparison.html)");
  command.callback([flags] {
    if (flags->out == "-")
      throw InputError(R"(--out: wanted a file (/dev/stdout shows the page), found "-")");
    check_file_place(flags->out);
    write_file_atomically(flags->out, report_page({flags->runs.begin(), flags->runs.end()}));
    // Where the page has gone down a pipe, nothing may follow it.
    if (std::filesystem::is_regular_file(flags->out)) std::cout << "report: " << flags->out << "\n";
  });
}

}  // namespace innerloop
