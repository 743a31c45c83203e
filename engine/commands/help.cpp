#include "engine/commands/help.h"

#include <sstream>

namespace innerloop {
namespace {

constexpr std::size_t kHelpText = 72;  // columns beside the options' names

// "FILE", "N" for any whole number, "{auto,cpu,cuda}" for choices.
std::string value_name(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  if (const std::size_t choices = type.find('{'); choices != std::string::npos) return type.substr(choices);
  const std::string name = type.substr(0, type.find(':'));
  return name == "INT" || name == "UINT" ? "N" : name;
}

}  // namespace

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  if (option->get_type_size() == 0) return "";
  const bool many = option->get_expected_max() > 1;
  return (option->get_positional() ? "" : " " + value_name(*option)) + (many ? " ..." : "");
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  std::istringstream words(option->get_description());
  std::string text, line;
  for (std::string word; words >> word;) {
    if (!line.empty() && line.size() + 1 + word.size() > kHelpText) {
      text += line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return text + line;
}

}  // namespace innerloop
