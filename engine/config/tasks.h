// A task's numbers by name: what a config's tasks have, and one task from JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "engine/config/config.h"
#include "kernels/options/task_numbers.h"

namespace innerloop {

/// The numbers that a task of the config's environment has, in their order.
std::vector<TaskNumber> task_numbers(const Config& config);
/// Their names.
std::vector<std::string> task_names(const Config& config);

/// One task's numbers from `text`, a JSON object of them by name, in the order of task_numbers.
/// @throws InputError, from `--task`, for an unknown name (with the nearest, if one is near), one that is missing, what is no
/// number, and a number out of its range.
std::vector<float> parse_task(std::string_view text, const Config& config);
/// The object that parse_task reads.
nlohmann::ordered_json task_json(const std::vector<float>& task, const Config& config);

}  // namespace innerloop
