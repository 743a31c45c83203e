// Evaluations as tables for people, and the cells that such tables are made of.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace innerloop {

/// The number `mean` of an object of evaluation.json with its `ci95`, "   -40.20 ±  2.10": 17 columns wide also where there
/// is no interval, but wider where a number is longer; it begins with a space.
std::string interval_cell(const nlohmann::ordered_json& result, const char* mean = "mean_return");
/// Columns of an interval_cell of short numbers.
inline constexpr std::size_t kIntervalCell = 17;

/// Whether a table shows point `i` of so many of a curve: all of a short one, of a long one fewer and fewer,
/// and the last.
bool is_shown(std::size_t i, std::size_t points);

/// A report whose curve has gradient steps (evaluation.json): a line for each, beside it the random initialisation's. `heading`
/// says how the numbers came about: "after 100 iterations, …".
std::string step_table(const nlohmann::ordered_json& report, const std::string& heading);

/// A report whose curve has episodes: a line for each, a column for each agent, the report's own and its `baselines`. Of a long
/// trial some episodes are left out. Where an `oracle` is there, a last line tells what each trial lacks to its return: the
/// regret. `heading` says whose episodes they are and how they came about: "after 100 iterations".
std::string trial_table(const nlohmann::ordered_json& report, const std::string& heading);

}  // namespace innerloop
