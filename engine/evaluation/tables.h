// What agents got in trials, as a table for people: a line for each episode, a column for each agent.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace innerloop {

/// Of a report whose curve has episodes (evaluation.json); beside it its `baselines`. Of a long trial some episodes are left
/// out. `heading` says whose episodes they are and how they came about: "after 100 iterations".
std::string trial_table(const nlohmann::ordered_json& report, const std::string& heading);

}  // namespace innerloop
