#include "engine/evaluation/tables.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "engine/options/json.h"

namespace innerloop {
namespace {

// Which points of a curve are shown: all of a short one, of a long one fewer and fewer.
bool is_shown(std::size_t i, std::size_t points) {
  constexpr std::size_t kAll = 10;
  const std::size_t number = i + 1;
  if (points <= kAll || number <= 3 || number == points) return true;
  std::size_t power = 1;
  while (number >= 10 * power) power *= 10;
  return number == power || number == 2 * power || number == 5 * power;
}

struct Column {
  std::string title;
  const Json* results;  // has `curve` and `trial_return`

  std::string padded(const std::string& text, std::size_t shown) const {
    return text + std::string(3 + std::max(kIntervalCell, title.size()) - shown, ' ');
  }
};

std::vector<Column> columns_of(const Json& report) {
  std::vector<Column> columns = {{report["algorithm"], &report}};
  for (const Json& baseline : report["baselines"]) {
    const std::string name = baseline["name"];
    columns.push_back({name == "random" ? "random initialisation" : name, &baseline});
  }
  return columns;
}

// A line of a cell for each column, without spaces at its end.
template <class Cell>
std::string line(const std::string& start, const std::vector<Column>& columns, const Cell& cell) {
  std::string text = start;
  for (const Column& column : columns) text += column.padded(cell(column), kIntervalCell);
  return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
}

}  // namespace

std::string number_cell(const char* form, double value) {
  char text[48];
  std::snprintf(text, sizeof text, form, std::isnan(value) ? NAN : value);  // without the sign it may have
  return text;
}

std::string interval_cell(const nlohmann::ordered_json& result, const char* mean) {
  const std::string value = number_cell("%9.2f", result[mean]);
  return result["ci95"].is_null() ? value + "        " : value + " ±" + number_cell("%6.2f", result["ci95"]);
}

std::string step_table(const Json& report, const std::string& heading) {
  const std::string algorithm = report["algorithm"];
  const Json& curve = report["curve"];
  const Json& random = report["baselines"][0]["curve"];
  std::string table = "Mean return ± 95 % confidence interval over tasks, " + heading + ":\nstep   " +
                      algorithm + std::string(19 - std::min<std::size_t>(18, algorithm.size()), ' ') +
                      "random initialisation\n";
  for (std::size_t i = 0; i < curve.size(); ++i)
    table += number_cell("%4.0f", curve[i]["step"]) + interval_cell(curve[i]) + "   " +
             interval_cell(random[i]) + "\n";
  return table;
}

std::string trial_table(const Json& report, const std::string& heading) {
  const std::vector<Column> columns = columns_of(report);
  std::string table = "Mean return of each episode of a task ± 95 % confidence interval over tasks, " +
                      heading + ":\n" + "episode  ";
  for (const Column& column : columns) table += column.padded(column.title, column.title.size());
  table = table.substr(0, table.find_last_not_of(' ') + 1) + "\n";
  const std::size_t episodes = report["curve"].size();
  for (std::size_t i = 0; i < episodes; ++i)
    if (is_shown(i, episodes))
      table += line(number_cell("%7.0f", report["curve"][i]["episode"]), columns,
                    [&](const Column& of) { return interval_cell((*of.results)["curve"][i]); });
  return table + line("  trial", columns,
                      [](const Column& of) { return interval_cell((*of.results)["trial_return"], "mean"); });
}

}  // namespace innerloop
