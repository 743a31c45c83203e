#include "engine/commands/candidates.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/config/config.h"
#include "engine/config/words.h"
#include "engine/rivals/registry.h"

namespace innerloop {
namespace {

using TypedWords = std::vector<std::string>;

// The option of the command that a word names, "--set" or "--set=…"; null where it names none.
const CLI::Option* named_option(const CLI::App& command, const std::string& word) {
  if (word.size() < 2 || word[0] != '-') return nullptr;
  return command.get_option_no_throw(word.substr(0, word.find('=')));
}

bool wants_value(const CLI::Option* option) {
  return option != nullptr && option->get_items_expected_max() > 0;
}

// What the command's own words, before the last, say.
struct Typed {
  const CLI::Option* waiting = nullptr;  // for its value, which is the last word
  TypedWords positionals, overrides;     // overrides: values of --set
};

Typed read_typed(const CLI::App& command, const TypedWords& words) {
  Typed typed;
  for (std::size_t i = 1; i + 1 < words.size(); ++i) {
    const CLI::Option* option = typed.waiting;
    std::string value = words[i];
    typed.waiting = nullptr;
    if (option == nullptr) {
      option = named_option(command, words[i]);
      if (option == nullptr) {
        typed.positionals.push_back(words[i]);
        continue;
      }
      const std::size_t equals = words[i].find('=');
      if (equals == std::string::npos) {
        if (wants_value(option)) typed.waiting = option;
        continue;
      }
      value = words[i].substr(equals + 1);
    }
    if (option->check_lname("set")) typed.overrides.push_back(value);
  }
  return typed;
}

// The config that the line is about: the first positional's, a file or a run's folder. None where it can't be
// read (yet).
std::optional<Config> typed_config(const Typed& typed) {
  if (typed.positionals.empty()) return std::nullopt;
  std::filesystem::path path = typed.positionals[0];
  try {
    if (std::filesystem::is_directory(path)) path /= "config.json";
    return read_config(path, typed.overrides);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

// "{auto,cpu,cuda}" in the name of a type are choices.
std::vector<std::string> choices_in(const std::string& type) {
  std::vector<std::string> choices;
  const std::size_t begin = type.find('{'), end = type.find('}');
  if (begin == std::string::npos || end == std::string::npos) return choices;
  std::string choice;
  for (std::size_t i = begin + 1; i <= end; ++i) {
    if (type[i] != ',' && type[i] != '}') {
      choice += type[i];
      continue;
    }
    choices.push_back(choice);
    choice.clear();
  }
  return choices;
}

void add(Candidates& found, const std::string& begun, const std::string& word,
         const std::string& meaning = "") {
  if (word.starts_with(begun)) found.words.push_back({word, meaning});
}

// Values of an option, by what its help calls them.
Candidates values_of(const CLI::Option& option, const Typed& typed, const std::string& begun) {
  Candidates found;
  const std::string kind = option.get_positional() ? option.get_name(true, false) : option.get_type_name();
  const std::optional<Config> config = typed_config(typed);
  for (const std::string& choice : choices_in(option.get_type_name())) add(found, begun, choice);
  if (kind == "PATH=VALUE")
    for (const OptionWord& word : override_words(begun, config ? to_json(*config) : Json(nullptr)))
      found.words.push_back({word.word, word.meaning});
  if (kind == "KIND")
    for (const Listing& list : listings()) add(found, begun, list.title);
  if (kind == "LEARNER" && config)
    for (const Rival& rival : rivals_of(*config)) add(found, begun, rival.name);
  // A run's folder in whose place there may be a config has FILE for its type.
  found.files = kind == "FILE" || kind == "CONFIG" || option.get_type_name() == "FILE";
  found.folders = kind == "RUN" || kind == "FOLDER";
  return found;
}

Candidates options_of(const CLI::App& command, const std::string& begun) {
  Candidates found;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames())
      add(found, begun, "--" + name, option->get_description());
  return found;
}

Candidates commands_of(const CLI::App& app, const std::string& begun) {
  if (begun.starts_with("-")) return options_of(app, begun);
  Candidates found;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    add(found, begun, command->get_name(), command->get_description());
  return found;
}

// The option whose place the next positional has; the last one may have several.
const CLI::Option* next_positional(const CLI::App& command, std::size_t before) {
  const CLI::Option* last = nullptr;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional()) continue;
    last = option;
    if (before == 0) return option;
    --before;
  }
  return last != nullptr && last->get_expected_max() > 1 ? last : nullptr;
}

}  // namespace

Candidates candidates(const CLI::App& app, const std::vector<std::string>& words) {
  if (words.size() < 2) return commands_of(app, words.empty() ? "" : words[0]);
  const auto named = app.get_subcommands([&](const CLI::App* each) { return each->get_name() == words[0]; });
  if (named.empty()) return {};
  const CLI::App& command = *named[0];
  const Typed typed = read_typed(command, words);
  const std::string& begun = words.back();
  if (typed.waiting != nullptr) return values_of(*typed.waiting, typed, begun);
  if (const std::size_t equals = begun.find('='); begun.starts_with("-") && equals != std::string::npos) {
    const CLI::Option* option = named_option(command, begun);
    if (!wants_value(option)) return {};
    Candidates found = values_of(*option, typed, begun.substr(equals + 1));
    for (Candidate& each : found.words) each.word.insert(0, begun.substr(0, equals + 1));
    return found;
  }
  if (begun.starts_with("-")) return options_of(command, begun);
  const CLI::Option* positional = next_positional(command, typed.positionals.size());
  return positional == nullptr ? Candidates{} : values_of(*positional, typed, begun);
}

}  // namespace innerloop
