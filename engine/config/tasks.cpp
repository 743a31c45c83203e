#include "engine/config/tasks.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "engine/config/environment_info.h"
#include "engine/config/environment_options.h"
#include "engine/files/crc32c.h"
#include "engine/files/text_file.h"
#include "engine/options/check.h"
#include "engine/options/json.h"
#include "engine/options/visitors.h"
#include "kernels/environment/words.h"

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

// Refuses a task whose numbers, each good for itself, do not fit each other.
void check_together(const std::vector<float>& task, const Config& config, const OptionSource& source,
                    const std::string& pointer) {
  with_environment(config.environment, [&]<class Env>(const typename Env::Options& options) {
    if constexpr (ChecksTasks<Env>)
      if (const std::optional<TaskFault> fault = Env::task_fault(options, task))
        source.refuse(pointer_to(pointer, fault->number), fault->wanted, fault->found);
  });
}

// Its numbers in their order; `pointer`: where it stands in its source.
std::vector<float> read_task(const Json& object, const OptionGroup& outline, const Config& config,
                             const OptionSource& source, const std::string& pointer) {
  check_options(object, outline, source, "a number of a task of " + environment_name(config), pointer);
  std::vector<float> task;
  for (const Option& option : outline.options) {
    if (!object.contains(option.name))
      source.refuse(pointer_to(pointer, option.name), wanted_value(option), "none");
    task.push_back(object[option.name].get<float>());
  }
  check_together(task, config, source, pointer);
  return task;
}

// The same of a list.
std::vector<float> read_row(const Json& list, const OptionGroup& outline, const Config& config,
                            const OptionSource& source, const std::string& pointer) {
  if (list.size() != outline.options.size())
    source.refuse(pointer, std::to_string(outline.options.size()) + " numbers",
                  std::to_string(list.size()) + ", " + found_value(list));
  std::vector<float> task;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Option& option = outline.options[i];
    check_option(list[i], option, source, pointer_to(pointer, option.name));
    task.push_back(list[i].get<float>());
  }
  check_together(task, config, source, pointer);
  return task;
}

TaskTable read_tasks(const Json& file, const char* part, const Config& config, const OptionSource& source) {
  const OptionGroup outline = outline_of_task(config);
  const std::string pointer = pointer_to("", part);
  const Json tasks = file.contains(part) ? file[part] : Json(nullptr);
  if (!tasks.is_array() || tasks.empty() || tasks.size() > kMaxTasks)
    source.refuse(pointer, "a list of 1 to " + std::to_string(kMaxTasks) + " tasks",
                  file.contains(part) ? found_value(tasks) : "none");
  TaskTable table;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const std::string at = pointer_to(pointer, std::to_string(i));
    table.push_back(tasks[i].is_array() ? read_row(tasks[i], outline, config, source, at)
                                        : read_task(tasks[i], outline, config, source, at));
  }
  return table;
}

std::string checksum_of(const std::string& text) {
  char digits[9];
  std::snprintf(digits, sizeof digits, "%08x", crc32c(std::as_bytes(std::span(text))));
  return digits;
}

}  // namespace

std::vector<TaskNumber> task_numbers(const Config& config) { return environment_info(config).task_numbers; }

std::vector<std::string> task_names(const Config& config) {
  std::vector<std::string> names;
  for (const TaskNumber& number : task_numbers(config)) names.push_back(number.name);
  return names;
}

std::vector<float> parse_task(std::string_view text, const Config& config) {
  return read_task(parse_json(text, "--task"), outline_of_task(config), config, OptionSource("--task"), "");
}

nlohmann::ordered_json task_json(const std::vector<float>& task, const Config& config) {
  Json object = Json::object();
  const std::vector<std::string> names = task_names(config);
  for (std::size_t i = 0; i < names.size(); ++i) object[names[i]] = shortest_decimal(task[i]);
  return object;
}

void read_task_file(Config& config, const OptionSource& source, const std::filesystem::path& folder) {
  TasksOptions& options = config.tasks;
  if (options.file.empty()) {
    if (!options.checksum.empty())
      source.refuse("/tasks/checksum", "none without a file", found_value(options.checksum));
    return;
  }
  constexpr std::size_t kMostBytes = std::size_t{1} << 30;
  options.file = std::filesystem::absolute(folder / options.file).lexically_normal().string();
  const std::string text = read_text_file(options.file, kMostBytes, [&](const std::string& found) {
    source.refuse("/tasks/file", "a file of tasks", found + " at " + options.file);
  });
  const std::string checksum = checksum_of(text);
  if (!options.checksum.empty() && options.checksum != checksum)
    source.refuse("/tasks/checksum", "that of " + options.file + ", \"" + checksum + "\"",
                  found_value(options.checksum) + ": the file has changed");
  options.checksum = checksum;

  const Json file = parse_json(text, options.file);
  const OptionSource in_file(options.file);
  if (!file.is_object()) in_file.refuse("", "an object of \"train\" and \"held_out\"", found_value(file));
  for (const auto& [key, value] : file.items())
    if (key != "train" && key != "held_out")
      in_file.refuse(pointer_to("", key), "\"train\" or \"held_out\"", found_value(key));
  config.train_tasks = read_tasks(file, "train", config, in_file);
  config.held_out_tasks = read_tasks(file, "held_out", config, in_file);
  const std::size_t held_out = config.held_out_tasks.size();
  if (static_cast<std::size_t>(config.evaluation.tasks) > held_out)
    source.refuse("/evaluation/tasks",
                  "at most the " + std::to_string(held_out) + " held-out tasks of " + options.file,
                  std::to_string(config.evaluation.tasks));
}

TaskTable evaluation_tasks(const Config& config, const std::vector<float>& fixed) {
  if (!fixed.empty()) return {fixed};
  const TaskTable& all = config.held_out_tasks;
  if (all.empty()) return {};
  return {all.begin(), all.begin() + config.evaluation.tasks};
}

std::vector<float> seeded_task(const Config& config, std::uint32_t seed) {
  const TaskTable& all = config.held_out_tasks;
  return all.empty() ? std::vector<float>{} : all[seed % all.size()];
}

}  // namespace innerloop
