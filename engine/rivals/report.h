// Hand-written learners in evaluation.json, and as a table.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/config/config.h"
#include "engine/rivals/registry.h"

namespace innerloop {

/// Plays `learners` on the trials that an agent's evaluation has, and adds them to the report's `baselines`; `random`, the
/// name of the agent's initialisation there, is then `random_actions`. `threads` >= 1.
void add_rivals(nlohmann::ordered_json& report, const Config& config,
                const std::vector<NamedLearner>& learners, int threads, const std::vector<float>& task = {});

/// A report of hand-written learners alone: the first in the place of an agent (of `iteration` 0), the others beside it.
/// @pre `learners` is not empty.
nlohmann::ordered_json rivals_report(const Config& config, const std::vector<NamedLearner>& learners,
                                     int threads, const std::vector<float>& task = {});

/// That report as a table: the mean return of each episode, and of the trial.
std::string rivals_table(const nlohmann::ordered_json& report);

}  // namespace innerloop
