#include "engine/evaluation/tables.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/options/json.h"
#include "engine/text/columns.h"

namespace innerloop {
namespace {

// What the widest cell of a curve takes.
std::size_t width_of(const Json& curve) {
  std::size_t width = kIntervalCell;
  for (const Json& point : curve) width = std::max(width, columns_in(interval_cell(point)));
  return width;
}

struct Column {
  std::string title;
  const Json* results;  // has `curve` and `trial_return`
  std::size_t width;    // of its cells

  Column(std::string name, const Json& of)
      : title(std::move(name)),
        results(&of),
        width(std::max(width_of(of["curve"]), columns_in(interval_cell(of["trial_return"], "mean")))) {}

  std::string padded(const std::string& text) const {
    return filled(text, 3 + std::max(width, columns_in(title)));
  }
};

std::vector<Column> columns_of(const Json& report) {
  std::vector<Column> columns = {{report["algorithm"], report}};
  for (const Json& baseline : report["baselines"]) {
    const std::string name = baseline["name"];
    columns.emplace_back(name == "random" ? "random initialisation" : name, baseline);
  }
  return columns;
}

// A line of a cell for each column, without spaces at its end.
template <class Cell>
std::string line(const std::string& start, const std::vector<Column>& columns, const Cell& cell) {
  std::string text = start;
  for (const Column& column : columns) text += column.padded(filled_left(cell(column), column.width));
  return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
}

}  // namespace

bool is_shown(std::size_t i, std::size_t points) {
  constexpr std::size_t kAll = 10;
  const std::size_t number = i + 1;
  if (points <= kAll || number <= 3 || number == points) return true;
  std::size_t power = 1;
  while (number >= 10 * power) power *= 10;
  return number == power || number == 2 * power || number == 5 * power;
}

std::string interval_cell(const nlohmann::ordered_json& result, const char* mean) {
  const std::string value = number_cell(" %8.2f", result[mean]);
  return result["ci95"].is_null() ? value + "        " : value + " ±" + number_cell("%6.2f", result["ci95"]);
}

std::string step_table(const Json& report, const std::string& heading) {
  const std::string algorithm = report["algorithm"];
  const Json& curve = report["curve"];
  const Json& random = report["baselines"][0]["curve"];
  const std::size_t width = width_of(curve), random_width = width_of(random);
  std::string table = "Mean return ± 95 % confidence interval over tasks, " + heading + ":\nstep   " +
                      filled(algorithm, width + 1) + " random initialisation\n";
  for (std::size_t i = 0; i < curve.size(); ++i)
    table += number_cell("%4.0f", curve[i]["step"]) + filled_left(interval_cell(curve[i]), width) + "   " +
             filled_left(interval_cell(random[i]), random_width) + "\n";
  return table;
}

std::string trial_table(const Json& report, const std::string& heading) {
  const std::vector<Column> columns = columns_of(report);
  std::string table = "Mean return of each episode of a task ± 95 % confidence interval over tasks, " +
                      heading + ":\n" + "episode  ";
  for (const Column& column : columns) table += column.padded(column.title);
  table = table.substr(0, table.find_last_not_of(' ') + 1) + "\n";
  const std::size_t episodes = report["curve"].size();
  for (std::size_t i = 0; i < episodes; ++i)
    if (is_shown(i, episodes))
      table += line(number_cell("%7.0f", report["curve"][i]["episode"]), columns,
                    [&](const Column& of) { return interval_cell((*of.results)["curve"][i]); });
  table += line("  trial", columns,
                [](const Column& of) { return interval_cell((*of.results)["trial_return"], "mean"); });
  const auto oracle = std::ranges::find(columns, "oracle", &Column::title);
  if (oracle != columns.end()) {
    const double best = (*oracle->results)["trial_return"]["mean"];
    table += line(" regret", columns, [&](const Column& of) {
      const double mean = (*of.results)["trial_return"]["mean"];
      return number_cell(" %8.2f        ", best - mean);
    });
  }
  const auto add_shares = [&](const char* key, const char* heading) {
    if (!report.contains(key)) return;
    table += heading;
    for (std::size_t i = 0; i < episodes; ++i)
      if (is_shown(i, episodes))
        table += line(number_cell("%7.0f", i + 1), columns,
                      [&](const Column& of) { return number_cell("%9.3f        ", (*of.results)[key][i]); });
  };
  add_shares("pass_k", "Share of trials solved in all of k episodes:\n");
  add_shares("beyond_limits", "Share of an episode's steps beyond a limit of the plant:\n");
  return table;
}

}  // namespace innerloop
