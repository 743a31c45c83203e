#include "engine/report/task_charts.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "engine/text/columns.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

// How the charts call the first and the last point of a curve over `unit`.
struct EndWords {
  const char *unit, *comparison, *plane, *first, *last;
};
constexpr EndWords kEndWords[] = {
    {"step", "Return of each task before and after adaptation", "Return of each task after adaptation",
     "before adaptation", "after adaptation"},
    {"episode", "Return of each task in the first and the last episode",
     "Return of each task in the last episode", "first episode", "last episode"}};

bool has_tasks(const RecordedRun& run, const EndWords& words) {
  return !run.tasks.is_null() && run.tasks["returns"][0].size() > 1 && !run.evaluation.is_null() &&
         curve_unit(run) == words.unit;
}

// "; before adaptation -40.2, after adaptation -3.1".
std::string words_on(const ChartPoint& returns, const EndWords& words) {
  return std::string("; ") + words.first + number_cell(" %.4g, ", returns.x) + words.last +
         number_cell(" %.4g", returns.y);
}

// A point for each task: its return before adaptation, and after it.
ChartSeries returns_of(const ColouredRun& of, const EndWords& words) {
  const Json& tasks = of.run->tasks;
  ChartSeries series{of.run->name(), of.run->name(), of.colour, ChartSeries::Kind::dots};
  for (std::size_t task = 0; task < tasks["returns"].size(); ++task) {
    const Json& returns = tasks["returns"][task];
    ChartPoint& point = series.points.emplace_back(
        ChartPoint{.x = number_of(returns.front()), .y = number_of(returns.back())});
    point.title = name_of_task(tasks, task) + words_on(point, words);
  }
  return series;
}

// A single, larger point in the place of the first of tasks with the same returns: a bandit's are 0 and 1.
void merge_equal(std::vector<ChartPoint>& points, const EndWords& words) {
  std::map<std::pair<double, double>, std::size_t> places;
  std::vector<ChartPoint> merged;
  std::vector<int> tasks;
  for (ChartPoint& point : points) {
    const bool is_place = std::isfinite(point.x) && std::isfinite(point.y);
    if (is_place && !places.try_emplace({point.x, point.y}, merged.size()).second) {
      ++tasks[places[{point.x, point.y}]];
      continue;
    }
    merged.push_back(std::move(point));
    tasks.push_back(1);
  }
  for (std::size_t i = 0; i < merged.size(); ++i) {
    if (tasks[i] == 1) continue;
    merged[i].share = static_cast<double>(tasks[i]) / static_cast<double>(points.size());
    merged[i].title = std::to_string(tasks[i]) + " tasks" + words_on(merged[i], words);
  }
  points = std::move(merged);
}

// The `returns` after adaptation, of each task, over the two numbers of each.
Chart plane_of(const ColouredRun& of, const EndWords& words, const ChartSeries& returns) {
  const Json& tasks = of.run->tasks;
  Chart chart{.title = words.plane, .x_title = name_of_number(tasks, 0), .y_title = name_of_number(tasks, 1)};
  chart.form = ChartForm::plane;
  chart.series = {returns};
  double low = INFINITY, high = -INFINITY;
  for (std::size_t task = 0; task < returns.points.size(); ++task) {
    ChartPoint& point = chart.series[0].points[task];
    point.value = point.y;
    point.x = number_of(tasks["tasks"][task][0]);
    point.y = number_of(tasks["tasks"][task][1]);
    if (!std::isfinite(point.value)) {
      point.y = point.value;  // has no colour, and is left out
      continue;
    }
    low = std::min(low, point.value);
    high = std::max(high, point.value);
  }
  if (low <= high) chart.shades = make_axis(low, high, kShades, false, false);
  return chart;
}

}  // namespace

std::string name_of_number(const Json& tasks, std::size_t number) {
  const Json& name = tasks["task_names"][number];
  return name.is_string() ? name.get<std::string>() : json_text(name);
}

std::string name_of_task(const Json& tasks, std::size_t task) {
  std::string name;
  if (tasks.contains("task_names"))
    for (std::size_t i = 0; i < tasks["task_names"].size(); ++i)
      name += (i > 0 ? ", " : "") + name_of_number(tasks, i) +
              number_cell(" %.4g", number_of(tasks["tasks"][task][i]));
  return name.empty() ? "task " + std::to_string(task + 1) : name;
}

std::vector<Chart> task_charts(const std::vector<ColouredRun>& runs) {
  std::vector<Chart> charts;
  for (const EndWords& words : kEndWords) {
    Chart comparison{.title = words.comparison,
                     .x_title = std::string("return, ") + words.first,
                     .y_title = std::string("return, ") + words.last};
    comparison.form = ChartForm::comparison;
    std::vector<Chart> planes;
    for (const ColouredRun& of : runs) {
      if (!has_tasks(*of.run, words)) continue;
      comparison.series.push_back(returns_of(of, words));
      if (of.run->tasks.contains("task_names") && of.run->tasks["task_names"].size() == 2)
        planes.push_back(plane_of(of, words, comparison.series.back()));
      merge_equal(comparison.series.back().points, words);
    }
    if (comparison.series.empty()) continue;
    const bool several = comparison.series.size() > 1;
    charts.push_back(std::move(comparison));
    for (Chart& plane : planes) {
      if (several) plane.title += ": " + plane.series[0].of;
      charts.push_back(std::move(plane));
    }
  }
  return charts;
}

}  // namespace innerloop
