#include "engine/config/config.h"

#include <stdexcept>

#include "engine/config/names.h"
#include "engine/config/rules.h"
#include "engine/config/tasks.h"
#include "engine/config/words.h"
#include "engine/error.h"
#include "engine/files/text_file.h"
#include "engine/options/check.h"
#include "engine/options/docs.h"
#include "engine/options/source.h"
#include "engine/options/visitors.h"

namespace innerloop {
namespace {

const OptionGroup& config_outline() {
  static const OptionGroup outline = {"", "", outline_of<Config>()};
  return outline;
}

// Editors look for the schema under this name; it is no option.
void take_schema(Json& document, const OptionSource& source) {
  if (!document.is_object() || !document.contains("$schema")) return;
  const Json& schema = document["$schema"];
  if (!schema.is_string())
    source.refuse("/$schema", "a string, the place of a JSON Schema", found_value(schema));
  document.erase("$schema");
}

std::vector<double> repeat_last(std::vector<double> lr, int steps) {
  lr.resize(static_cast<std::size_t>(steps), lr.back());
  return lr;
}

}  // namespace

std::string one_of_names(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "\"" : i + 1 == names.size() ? "\" or \"" : "\", \"") + names[i];
  return text + "\"";
}

Config parse_config(std::string_view text, std::string_view source_name,
                    std::span<const std::string> overrides, std::string_view flag) {
  if (text.find_first_not_of(" \t\r\n") == text.npos) {
    throw InputError(std::string(source_name) + ": wanted a JSON object, found an empty file");
  }
  Json document = parse_json(text, source_name);
  OptionSource source(source_name, flag);
  for (const std::string& each : overrides) source.apply(each, document, config_outline());
  take_schema(document, source);
  check_options(document, config_outline(), source);
  Config config;
  read_options<Config>(document, config);
  check_rules(config, source);
  read_task_file(config, source, std::filesystem::path(source_name).parent_path());
  return config;
}

Config read_config(const std::filesystem::path& path, std::span<const std::string> overrides) {
  const std::string text = read_text_file(path, 1 << 20, [&](const std::string& found) {
    throw InputError(path.string() + ": wanted a config file, found " + found);
  });
  return parse_config(text, path.string(), overrides);
}

nlohmann::ordered_json to_json(const Config& config) { return write_options<Config>(config); }

nlohmann::ordered_json shown_json(const Config& config) {
  Json shown = {{"$schema", "../docs/config.schema.json"}};
  shown.update(to_json(config));
  return shown;
}

nlohmann::ordered_json json_schema() {
  Json schema = schema_of(config_outline());
  Json properties = {{"$schema", {{"description", "place of this schema, for editors"}, {"type", "string"}}}};
  properties.update(schema["properties"]);
  schema["properties"] = properties;
  return schema;
}

std::string options_markdown() {
  std::string text =
      markdown_of(config_outline()) +
      "\n## What an episode is worth beyond its last step\n\n"
      "An episode ends by itself (the pole falls), at its time limit (`horizon` steps), or it is in its "
      "middle when "
      "the data end: the last step of a batch, or of a trial, of an episode that began late. What the "
      "rewards "
      "that follow are worth there:\n\n"
      "| algorithm | by itself | at its time limit (`at_time_limit`) | in its middle at the last step |\n"
      "|---|---|---|---|\n";
  [&]<class... Options>(TypeList<Options...>) {
    ((text += "| `" + std::string(Options::name) + "` | " + Options::Learning::at_own_end + " | " +
              Options::Learning::at_time_limit + " | " + Options::Learning::at_last_step + " |\n"),
     ...);
  }(Algorithms{});
  return text;
}

std::vector<OptionWord> override_words(std::string_view begun, const Json& config) {
  return option_words(begun, config_outline(), config);
}

std::vector<Listing> listings() {
  std::vector<Listing> lists;
  auto add = [&](const std::string& title, const char* option) {
    Listing& list = lists.emplace_back(Listing{title, {}});
    for (const OptionGroup& group : config_outline().find(option)->groups) {
      list.entries.emplace_back(group.name, group.meaning);
    }
  };
  add("environments", "environment");
  add("policies", "policy");
  add("algorithms", "algorithm");
  add("optimisers", "outer");
  Listing& estimators = lists.emplace_back(Listing{"estimators", {}});
  for (const OptionGroup& group : config_outline().find("algorithm")->groups) {
    const Option* estimator = group.find("estimator");
    if (estimator == nullptr) continue;
    for (const Choice& choice : estimator->choices)
      estimators.entries.emplace_back(choice.name, choice.meaning);
    break;  // all algorithms that have estimators have the same ones
  }
  return lists;
}

EvaluationProtocol evaluation_protocol(const Config& config) {
  return std::visit([]<class Options>(const Options&) { return Options::Learning::protocol; },
                    config.algorithm);
}

bool has_memory(const Config& config) {
  return std::visit([](const auto& policy) { return policy.has_memory; }, config.policy);
}

const PpoUpdateOptions* find_ppo_options(const Config& config) {
  return std::visit(
      []<class Options>(const Options& options) -> const PpoUpdateOptions* {
        if constexpr (Options::Learning::plays_trials)
          return &options.ppo;
        else
          return nullptr;
      },
      config.algorithm);
}

const PpoUpdateOptions& ppo_options(const Config& config) {
  if (const PpoUpdateOptions* options = find_ppo_options(config)) return *options;
  throw std::logic_error("algorithm \"" + algorithm_name(config) +
                         "\", which makes no updates on trials, was asked for their options");
}

int trial_length(const Config& config) {
  return std::visit(
      [&]<class Options>(const Options& options) {
        if constexpr (Options::Learning::needs_memory)
          return options.trial_length;
        else
          return config.horizon;
      },
      config.algorithm);
}

int trial_episodes(const Config& config) {
  return std::visit(
      []<class Options>(const Options& options) {
        if constexpr (Options::Learning::needs_memory)
          return options.trial_episodes;
        else
          return 0;
      },
      config.algorithm);
}

const InnerLoopOptions* find_inner_loop(const Config& config) {
  return std::visit(
      []<class Options>(const Options& options) -> const InnerLoopOptions* {
        if constexpr (Options::Learning::plays_trials)
          return nullptr;
        else
          return &options.inner;
      },
      config.algorithm);
}

const InnerLoopOptions& inner_loop(const Config& config) {
  if (const InnerLoopOptions* options = find_inner_loop(config)) return *options;
  throw std::logic_error("algorithm \"" + algorithm_name(config) +
                         "\", which has no inner loop, was asked for its options");
}

std::vector<double> inner_lr_of_steps(const Config& config) {
  const InnerLoopOptions& inner = inner_loop(config);
  return repeat_last(inner.inner_lr, inner.inner_steps);
}

std::vector<double> evaluation_lr_of_steps(const Config& config) {
  const EvaluationOptions& evaluation = config.evaluation;
  return repeat_last(evaluation.inner_lr.empty() ? inner_loop(config).inner_lr : evaluation.inner_lr,
                     evaluation.inner_steps);
}

std::string environment_name(const Config& config) { return name_in(Environments{}, config.environment); }

std::string algorithm_name(const Config& config) { return name_in(Algorithms{}, config.algorithm); }

std::string policy_name(const Config& config) { return name_in(Policies{}, config.policy); }

}  // namespace innerloop
