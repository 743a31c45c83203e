// Evaluating a policy beside what it should beat: evaluation.json, and a table for people.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/config/config.h"
#include "engine/device/device.h"

namespace innerloop {

/// The keys that say what is evaluated, and on what: `algorithm` … `evaluation_seed`, and `task`.
nlohmann::ordered_json evaluation_heading(const Config& config, const std::string& algorithm,
                                          std::int64_t iteration, const std::vector<float>& task);

/// "16384 trials of 16384 held-out tasks", of a report of trials.
std::string trials_played(const nlohmann::ordered_json& report);

struct Evaluation {
  nlohmann::ordered_json report;   // the content of evaluation.json
  nlohmann::ordered_json by_task;  // the content of evaluation_tasks.json: of what was learned, for each task
};

/// How many tasks `by_task` has at most, the first ones, and how many numbers a task whose numbers it has.
inline constexpr std::size_t kMostListedTasks = 1000, kMostListedNumbers = 8;

/// Evaluates what was learned ([M]) after `iteration` iterations and, on the same tasks, the random initialisation.
/// With a `task` (engine/config/tasks.h) on that one alone; `ci95` is null where there is one task only.
/// @throws InputError where the memory does not fit.
Evaluation evaluation_of(const Config& config, Device& device, const std::vector<float>& params,
                         std::int64_t iteration, const std::vector<float>& task = {});

/// The report as a table: mean return after each gradient step or of each episode; the `baselines` beside it.
std::string evaluation_table(const nlohmann::ordered_json& report);

}  // namespace innerloop
