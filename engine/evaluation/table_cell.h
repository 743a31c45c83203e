// Numbers as tables for people show them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace innerloop {

/// By a form of printf for one double: "%9.2f".
std::string number_cell(const char* form, double value);

/// Of an object of evaluation.json its number `mean` with `ci95`, "   -40.20 ±  2.10": 17 columns wide also where there
/// is no interval.
std::string interval_cell(const nlohmann::ordered_json& of, const char* mean = "mean_return");
/// Columns of an interval_cell.
inline constexpr std::size_t kIntervalCell = 17;

}  // namespace innerloop
