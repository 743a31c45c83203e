#include "engine/report/task_charts.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/evaluation/tables.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

// How the charts call the first and the last point of a curve over `unit`.
struct Words {
  const char *unit, *comparison, *plane, *first, *last;
};
constexpr Words kWords[] = {{"step", "Return of each task before and after adaptation",
                             "Return of each task after adaptation", "before adaptation", "after adaptation"},
                            {"episode", "Return of each task in the first and the last episode",
                             "Return of each task in the last episode", "first episode", "last episode"}};

bool has_tasks(const RecordedRun& run, const Words& words) {
  return !run.tasks.is_null() && run.tasks["returns"][0].size() > 1 && !run.evaluation.is_null() &&
         curve_unit(run) == words.unit;
}

std::string name_of(const Json& tasks, std::size_t number) {
  const Json& name = tasks["task_names"][number];
  return name.is_string() ? name.get<std::string>() : json_text(name);
}

// "goal_x 0.3, goal_y -0.4; before adaptation -40.2, after adaptation -3.1".
std::string title_of(const Json& tasks, std::size_t task, const Words& words) {
  std::string title;
  if (tasks.contains("task_names"))
    for (std::size_t i = 0; i < tasks["task_names"].size(); ++i)
      title +=
          (i > 0 ? ", " : "") + name_of(tasks, i) + number_cell(" %.4g", number_of(tasks["tasks"][task][i]));
  if (title.empty()) title = "task " + std::to_string(task + 1);
  const Json& returns = tasks["returns"][task];
  return title + "; " + words.first + number_cell(" %.4g, ", number_of(returns.front())) + words.last +
         number_cell(" %.4g", number_of(returns.back()));
}

ChartSeries comparison_of(const ColouredRun& of, const Words& words) {
  const Json& tasks = of.run->tasks;
  ChartSeries series{of.run->name(), of.run->name(), of.colour, ChartSeries::Kind::dots};
  for (std::size_t task = 0; task < tasks["returns"].size(); ++task) {
    const Json& returns = tasks["returns"][task];
    series.points.push_back({.x = number_of(returns.front()),
                             .y = number_of(returns.back()),
                             .title = title_of(tasks, task, words)});
  }
  return series;
}

// The returns of `comparison`, whose points are the tasks, over the two numbers of each.
Chart plane_of(const ColouredRun& of, const Words& words, const ChartSeries& comparison) {
  const Json& tasks = of.run->tasks;
  Chart chart{.title = words.plane, .x_title = name_of(tasks, 0), .y_title = name_of(tasks, 1)};
  chart.form = ChartForm::plane;
  chart.series = {comparison};
  double low = INFINITY, high = -INFINITY;
  for (std::size_t task = 0; task < comparison.points.size(); ++task) {
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

std::vector<Chart> task_charts(const std::vector<ColouredRun>& runs) {
  std::vector<Chart> charts;
  for (const Words& words : kWords) {
    Chart comparison{.title = words.comparison,
                     .x_title = std::string("return, ") + words.first,
                     .y_title = std::string("return, ") + words.last};
    comparison.form = ChartForm::comparison;
    std::vector<Chart> planes;
    for (const ColouredRun& of : runs) {
      if (!has_tasks(*of.run, words)) continue;
      comparison.series.push_back(comparison_of(of, words));
      if (of.run->tasks.contains("task_names") && of.run->tasks["task_names"].size() == 2)
        planes.push_back(plane_of(of, words, comparison.series.back()));
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
