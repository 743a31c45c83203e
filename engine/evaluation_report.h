// Evaluating a policy beside what it should beat: evaluation.json, and a table for people.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/config.h"
#include "engine/device.h"
#include "engine/evaluator.h"

namespace innerloop {

/// A curve as in evaluation.json; `ci95` is null where there is no interval. `step` is the name of a point's number.
nlohmann::ordered_json curve_json(const std::vector<CurvePoint>& curve, bool has_interval,
                                  const char* step = "step");

/// Evaluates what was learned ([M]) after `iteration` iterations and, on the same tasks, the random initialisation: the content of
/// evaluation.json. With a `task` (engine/task_numbers.h) on that one alone; `ci95` is null where there is one task only.
/// @throws InputError where the memory does not fit.
nlohmann::ordered_json evaluation_report(const Config& config, Device& device,
                                         const std::vector<float>& params, std::int64_t iteration,
                                         const std::vector<float>& task = {});

/// The report as a table: mean return after each gradient step; the random initialisation and, where the config is the
/// 2D navigation of Finn et al. 2017, their results beside it.
std::string evaluation_table(const nlohmann::ordered_json& report, const Config& config);

}  // namespace innerloop
