// Evaluating a policy beside what it should beat: evaluation.json, and a table for people.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
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

/// Evaluates what was learned ([M]) after `iteration` iterations and, on the same tasks, the random initialisation: the
/// content of evaluation.json. With a `task` (engine/config/tasks.h) on that one alone; `ci95` is null where there is one
/// task only.
/// @throws InputError where the memory does not fit.
nlohmann::ordered_json evaluation_report(const Config& config, Device& device,
                                         const std::vector<float>& params, std::int64_t iteration,
                                         const std::vector<float>& task = {});

/// The report as a table: mean return after each gradient step or of each episode; the `baselines` beside it.
std::string evaluation_table(const nlohmann::ordered_json& report);

}  // namespace innerloop
