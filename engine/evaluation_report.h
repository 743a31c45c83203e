// Evaluating a policy beside what it should beat: evaluation.json, and a table for people.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "engine/config.h"
#include "engine/device.h"

namespace innerloop {

/// One task's numbers from `text`, a JSON object of them by name, in the order of task_names.
/// @throws InputError for an unknown name (with the nearest), one that is missing, or what is no number.
std::vector<float> parse_task(std::string_view text, const Config& config);

/// Evaluates θ ([P]) after `iteration` iterations and, on the same tasks, the random initialisation: the content of
/// evaluation.json. With a `task` (parse_task) on that one alone; `ci95` is null where there is one task only.
/// @throws InputError where the memory does not fit.
nlohmann::ordered_json evaluation_report(const Config& config, Device& device,
                                         const std::vector<float>& params, std::int64_t iteration,
                                         const std::vector<float>& task = {});

/// The report as a table: mean return after each gradient step; the random initialisation and, where the config is the
/// 2D navigation of Finn et al. 2017, their results beside it.
std::string evaluation_table(const nlohmann::ordered_json& report, const Config& config);

}  // namespace innerloop
