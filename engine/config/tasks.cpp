#include "engine/config/tasks.h"

#include <nlohmann/json.hpp>

#include "engine/config/environment_info.h"
#include "engine/error.h"
#include "engine/options/check.h"
#include "engine/options/json.h"
#include "engine/options/visitors.h"

namespace innerloop {
namespace {

// A task as a group of options, so that the config's checks read it.
OptionGroup outline_of_task(const Config& config) {
  OptionGroup task;
  for (const TaskNumber& number : task_numbers(config)) {
    Option& option = task.options.emplace_back();
    option.name = number.name;
    option.kind = number.whole ? Option::Kind::integer : Option::Kind::real;
    option.range = number.range;
  }
  return task;
}

}  // namespace

std::vector<TaskNumber> task_numbers(const Config& config) { return environment_info(config).task_numbers; }

std::vector<std::string> task_names(const Config& config) {
  std::vector<std::string> names;
  for (const TaskNumber& number : task_numbers(config)) names.push_back(number.name);
  return names;
}

std::vector<float> parse_task(std::string_view text, const Config& config) {
  const Json object = parse_json(text, "--task");
  const OptionGroup outline = outline_of_task(config);
  const OptionSource source("--task");
  check_options(object, outline, source, "a number of a task of " + environment_name(config));
  std::vector<float> task;
  for (const Option& option : outline.options) {
    if (!object.contains(option.name))
      source.refuse(pointer_to("", option.name), wanted_value(option), "none");
    task.push_back(object[option.name].get<float>());
  }
  return task;
}

nlohmann::ordered_json task_json(const std::vector<float>& task, const Config& config) {
  Json object = Json::object();
  const std::vector<std::string> names = task_names(config);
  for (std::size_t i = 0; i < names.size(); ++i) object[names[i]] = shortest_decimal(task[i]);
  return object;
}

}  // namespace innerloop
