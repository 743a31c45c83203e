#include "engine/report/belief_charts.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/report/task_charts.h"
#include "engine/statistics/principal_axes.h"
#include "engine/text/columns.h"

namespace innerloop {
namespace {

using Points = std::vector<std::vector<double>>;

constexpr int kPathColour = 1;

bool has_beliefs(const RecordedRun& run) {
  return !run.tasks.is_null() && run.tasks.contains("belief_means");
}

std::vector<double> numbers_of(const Json& list, std::size_t from = 0) {
  std::vector<double> numbers;
  for (std::size_t i = from; i < list.size(); ++i) numbers.push_back(number_of(list[i]));
  return numbers;
}

bool is_finite(const std::vector<double>& point) {
  return std::ranges::all_of(point, [](double x) { return std::isfinite(x); });
}

// The means at the trial's end that are finite.
Points last_means(const Json& tasks) {
  Points points;
  for (const Json& of_task : tasks["belief_means"])
    if (std::vector<double> point = numbers_of(of_task.back()); is_finite(point))
      points.push_back(std::move(point));
  return points;
}

// What a task's colour shows.
struct Coloured {
  std::string name;
  std::vector<double> values;  // [task]
  double told = -1;            // the part of their variance that a line of the two axes tells
};

// Places along principal axes do not covary over the tasks, so that the parts which they tell add up.
double told_of(const std::vector<double>& values, const Json& means, const PrincipalAxes& axes) {
  double count = 0, mean = 0, variance = 0, told = 0;
  std::vector<double> covariances(axes.axes.size());
  const auto for_tasks = [&](const auto& use) {
    for (std::size_t task = 0; task < values.size(); ++task)
      if (const std::vector<double> point = numbers_of(means[task].back());
          std::isfinite(values[task]) && is_finite(point))
        use(values[task], point);
  };
  for_tasks([&](double value, const std::vector<double>&) {
    ++count;
    mean += value;
  });
  if (count == 0) return -1;
  mean /= count;
  for_tasks([&](double value, const std::vector<double>& point) {
    variance += (value - mean) * (value - mean) / count;
    for (std::size_t axis = 0; axis < covariances.size(); ++axis)
      covariances[axis] += (value - mean) * axes.place(static_cast<int>(axis), point) / count;
  });
  for (std::size_t axis = 0; axis < covariances.size(); ++axis)
    if (variance > 0 && axes.variances[axis] > 0)
      told += covariances[axis] * covariances[axis] / (variance * axes.variances[axis]);
  return told;
}

Coloured coloured(const Json& tasks, const PrincipalAxes& axes) {
  const Json& means = tasks["belief_means"];
  Coloured best;
  const std::size_t numbers = tasks.contains("task_names") ? tasks["task_names"].size() : 0;
  for (std::size_t number = 0; number < numbers; ++number) {
    Coloured of{name_of_number(tasks, number), {}};
    for (const Json& task : tasks["tasks"]) of.values.push_back(number_of(task[number]));
    of.told = told_of(of.values, means, axes);
    if (of.told > best.told) best = std::move(of);
  }
  if (!best.values.empty()) return best;
  best.name = "return in the last episode";
  for (const Json& returns : tasks["returns"]) best.values.push_back(number_of(returns.back()));
  return best;
}

std::string percent(double part) { return number_cell("%.0f %%", 100 * part); }

ChartPoint point_of(const PrincipalAxes& axes, const std::vector<double>& means) {
  if (!is_finite(means)) return {.x = NAN, .y = NAN};
  return {.x = axes.place(0, means), .y = axes.axes.size() > 1 ? axes.place(1, means) : 0};
}

Chart plane_of(const std::string& title, const ColouredRun& of, const PrincipalAxes& axes,
               const Coloured& colours, std::size_t point) {
  const Json& tasks = of.run->tasks;
  const auto axis_title = [&](int axis, const char* which) {
    const bool is_there = axis < static_cast<int>(axes.axes.size());
    return std::string(which) + " principal axis, " + percent(is_there ? axes.share(axis) : 0) +
           " of the variance";
  };
  Chart chart{.title = title, .x_title = axis_title(0, "first"), .y_title = axis_title(1, "second")};
  chart.form = ChartForm::plane;
  ChartSeries dots{of.run->name(), of.run->name(), of.colour, ChartSeries::Kind::dots};
  double low = INFINITY, high = -INFINITY;
  for (std::size_t task = 0; task < colours.values.size(); ++task) {
    ChartPoint dot = point_of(axes, numbers_of(tasks["belief_means"][task][point]));
    dot.value = colours.values[task];
    if (!std::isfinite(dot.value)) continue;
    dot.title = name_of_task(tasks, task);
    low = std::min(low, dot.value);
    high = std::max(high, dot.value);
    dots.points.push_back(std::move(dot));
  }
  if (low <= high) chart.shades = make_axis(low, high, kShades, false, false);
  chart.series = {std::move(dots)};
  return chart;
}

// The first task's trial: its steps as a line, and the ends of its episodes.
std::vector<ChartSeries> path_of(const ColouredRun& of, const PrincipalAxes& axes) {
  const std::string label = of.run->name() + ", a trial";
  ChartSeries steps{of.run->name(), label, kPathColour},
      ends{of.run->name(), label + ", episodes' ends", kPathColour, ChartSeries::Kind::rings};
  const Json path = of.run->tasks.value("belief_path", Json::array());
  for (std::size_t step = 0; step < path.size(); ++step) {
    ChartPoint point = point_of(axes, numbers_of(path[step], 1));
    point.value = NAN;  // it has no colour of its own
    steps.points.push_back(point);
    if (step + 1 < path.size() && path[step + 1][0] == path[step][0]) continue;
    point.title = number_cell("episode %.0f's end", number_of(path[step][0]));
    ends.points.push_back(std::move(point));
  }
  return {std::move(steps), std::move(ends)};
}

std::string note_of(const RecordedRun& run, const Coloured& colours, bool named) {
  std::string note = (named ? run.name() + ": " : "") + "colours show " + colours.name;
  if (colours.told >= 0) note += ", of whose variance a line of the two axes tells " + percent(colours.told);
  note += "; the line is the trial of " + name_of_task(run.tasks, 0) + ", its rings the ends of episodes";
  const std::vector<double> deviations = numbers_of(run.tasks.value("belief_deviations", Json::array()));
  if (deviations.size() > 1)
    note += "; the belief's standard deviation is " + number_cell("%.2g", deviations.front()) +
            " as a trial begins, " + number_cell("%.2g", deviations[1]) + " at the first episode's end and " +
            number_cell("%.2g", deviations.back()) + " at the last one's, a mean over tasks and numbers";
  return note + ".";
}

}  // namespace

BeliefCharts belief_charts(const std::vector<ColouredRun>& runs) {
  BeliefCharts found;
  const bool several =
      std::ranges::count_if(runs, [](const ColouredRun& of) { return has_beliefs(*of.run); }) > 1;
  for (const ColouredRun& of : runs) {
    if (!has_beliefs(*of.run)) continue;
    const Json& tasks = of.run->tasks;
    const Points means = last_means(tasks);
    if (means.empty()) continue;
    const PrincipalAxes axes = principal_axes(means, 2);
    const Coloured colours = coloured(tasks, axes);
    const std::size_t points = tasks["belief_means"][0].size();
    for (std::size_t point = 0; point < points; ++point) {
      const bool last = point + 1 == points;
      const std::string title = std::string("Belief about each task ") +
                                (last ? "at the trial's end" : "at the first episode's end") + ", by " +
                                colours.name + (several ? ": " + of.run->name() : "");
      Chart chart = plane_of(title, of, axes, colours, point);
      if (last)
        for (ChartSeries& series : path_of(of, axes)) chart.series.push_back(std::move(series));
      found.charts.push_back(std::move(chart));
    }
    found.note += (found.note.empty() ? "" : " ") + note_of(*of.run, colours, several);
  }
  return found;
}

}  // namespace innerloop
