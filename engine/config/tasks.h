// A task's numbers by name: what a config's tasks have, one task from JSON, and many from a file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "engine/config/config.h"
#include "engine/options/source.h"
#include "kernels/options/task_numbers.h"

namespace innerloop {

/// The numbers that a task of the config's environment has, in their order.
std::vector<TaskNumber> task_numbers(const Config& config);
/// Their names.
std::vector<std::string> task_names(const Config& config);

/// One task's numbers from `text`, a JSON object of them by name, in the order of task_numbers.
/// @throws InputError, from `--task`, for an unknown name (with the nearest, if one is near), one that is missing, what is no
/// number, a number out of its range, and numbers that do not fit each other.
std::vector<float> parse_task(std::string_view text, const Config& config);
/// The object that parse_task reads.
nlohmann::ordered_json task_json(const std::vector<float>& task, const Config& config);

/// Reads the file that config.tasks names, where it names one, into train_tasks and held_out_tasks; its path, relative to
/// `folder`, becomes absolute, and its checksum that of what was read. Training draws uniformly from the train tasks;
/// evaluations play the held-out ones from the first on, each once.
/// @throws InputError from the file, for a task's place and number as parse_task; from `source`, where the checksum is
/// another, and where an evaluation has more tasks than are held out.
void read_task_file(Config& config, const OptionSource& source, const std::filesystem::path& folder);

/// The tasks that an evaluation plays: `fixed` alone where it is not empty, else the held-out ones of the config's file; empty
/// where they are drawn.
TaskTable evaluation_tasks(const Config& config, const std::vector<float>& fixed);
/// The held-out task of the config's file that `--task-seed` names: number `seed`, counted on from the first after the
/// last. Empty where tasks are drawn.
std::vector<float> seeded_task(const Config& config, std::uint32_t seed);

}  // namespace innerloop
