// How `--help` looks.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace innerloop {

/// For all commands: values are called by one word, FILE or N, and texts are broken into lines of at most 100
/// columns.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(28); }

  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
};

}  // namespace innerloop
