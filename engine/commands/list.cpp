#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/commands/commands.h"
#include "engine/config/config.h"
#include "engine/error.h"
#include "engine/options/check.h"
#include "engine/sweep/sweep.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

void print(const Listing& list) {
  std::size_t width = 0;
  for (const auto& entry : list.entries) width = std::max(width, entry.first.size());
  std::cout << list.title << "\n";
  for (const auto& [name, meaning] : list.entries)
    std::cout << "  " << name << std::string(width - name.size() + 2, ' ') << meaning << "\n";
}

void print_kind(const std::string& kind) {
  std::vector<std::string> titles;
  for (const Listing& list : listings()) {
    if (kind.empty() || list.title == kind) print(list);
    titles.push_back(list.title);
  }
  if (kind.empty() || std::ranges::find(titles, kind) != titles.end()) return;
  throw InputError("list: wanted a kind of thing that configs name" + nearest_hint(kind, titles) +
                   ", found \"" + kind + "\"");
}

}  // namespace

void add_list(CLI::App& app) {
  struct Flags {
    std::string kind;
    bool markdown = false, schema = false, sweep = false;
  };
  CLI::App& command = *app.add_subcommand("list", "prints what a config can name, or every option");
  auto flags = std::make_shared<Flags>();
  CLI::Option* kind =
      command.add_option("KIND", flags->kind, "environments, policies, algorithms, optimisers or estimators");
  CLI::Option* markdown =
      command.add_flag("--markdown", flags->markdown, "every option, as docs/config.md has them");
  CLI::Option* schema = command.add_flag("--schema", flags->schema, "a JSON Schema of the config");
  CLI::Option* sweep = command.add_flag("--sweep", flags->sweep, "either of them, of the file of a sweep");
  sweep->excludes(kind);
  markdown->excludes(kind)->excludes(schema);
  schema->excludes(kind);
  command.footer(R"(Examples:
  innerloop list
  innerloop list environments
  innerloop list --schema > config.schema.json)");
  command.callback([flags] {
    if (flags->sweep && !flags->markdown && !flags->schema)
      throw InputError("--sweep: wanted --markdown or --schema with it, found neither");
    if (flags->markdown)
      std::cout << (flags->sweep ? sweep_options_markdown() : options_markdown());
    else if (flags->schema)
      std::cout << json_text(flags->sweep ? sweep_schema() : json_schema(), 2) << "\n";
    else
      print_kind(flags->kind);
  });
}

}  // namespace innerloop
