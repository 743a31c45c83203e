#include "engine/report/curves.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

namespace innerloop {
namespace {

constexpr std::size_t kMostPoints = 400;
constexpr std::size_t kManyPoints = 12;  // of a curve: bars would hide it, so that its intervals are a band

// Only the iterations that were evaluated, with their intervals.
std::vector<ChartPoint> evaluated(const std::vector<double>& x, const std::vector<double>& y,
                                  const std::vector<double>& ci95) {
  std::vector<ChartPoint> points;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (std::isfinite(y[i])) points.push_back({.x = x[i], .y = y[i], .around = ci95[i] > 0 ? ci95[i] : 0});
  return points;
}

// What the first and the last return are of.
std::pair<std::string, std::string> words_of_ends(const RecordedRun& run) {
  if (!run.course.adapts) return {"", ""};
  const Json& algorithm = run.config.value("algorithm", Json::object());
  if (algorithm.contains("inner_steps")) return {", before adaptation", ", after adaptation"};
  return {", first episode", ", last episode"};
}

void add_training(Chart& chart, const ColouredRun& of, const std::vector<double>& x) {
  using Kind = ChartSeries::Kind;
  const RecordedRun& run = *of.run;
  const TrainingCourse& course = run.course;
  const std::size_t every = iterations_of_a_point(course.iteration.size());
  const auto [first, last] = words_of_ends(run);
  const auto add = [&](const std::string& label, Kind kind, std::vector<ChartPoint> points) {
    if (!points.empty())
      chart.series.push_back({run.name(), run.name() + label, of.colour, kind, std::move(points)});
  };
  if (course.adapts) add(first, Kind::dashed, thinned(x, course.first_return, every));
  add(last, Kind::line, thinned(x, course.last_return, every));
  if (course.adapts)
    add(first + ", held-out tasks", Kind::rings, evaluated(x, course.first_evaluated, course.first_ci95));
  add(last + ", held-out tasks", Kind::dots, evaluated(x, course.last_evaluated, course.last_ci95));
}

// In the unit of time that suits the longest run.
Chart chart_over_time(const std::vector<ColouredRun>& runs) {
  double longest = 0;
  for (const ColouredRun& of : runs) longest = std::max(longest, of.run->course.seconds.back());
  const auto [unit, seconds] = longest < 180        ? std::pair{"seconds", 1.0}
                               : longest < 3 * 3600 ? std::pair{"minutes", 60.0}
                                                    : std::pair{"hours", 3600.0};
  Chart chart{"Return over time", std::string("time of training, ") + unit, "return of an episode"};
  for (const ColouredRun& of : runs) {
    std::vector<double> x = of.run->course.seconds;
    for (double& each : x) each /= seconds;
    add_training(chart, of, x);
  }
  return chart;
}

std::vector<ChartPoint> curve_points(const Json& curve, const std::string& unit) {
  std::vector<ChartPoint> points;
  for (const Json& point : curve) {
    const double mean = number_at(point, "mean_return"), ci95 = number_at(point, "ci95");
    ChartPoint& added = points.emplace_back(ChartPoint{.x = number_at(point, unit), .y = mean});
    if (!(ci95 > 0)) continue;
    added.around = ci95;
    if (curve.size() < kManyPoints) continue;
    added.low = mean - ci95;
    added.high = mean + ci95;
  }
  return points;
}

}  // namespace

std::size_t iterations_of_a_point(std::size_t iterations) {
  return (iterations + kMostPoints - 1) / kMostPoints;
}

std::vector<ChartPoint> thinned(const std::vector<double>& x, const std::vector<double>& y,
                                std::size_t every) {
  std::vector<ChartPoint> points;
  for (std::size_t begin = 0; begin < x.size(); begin += every) {
    const std::size_t end = std::min(begin + every, x.size());
    double sum = 0, low = INFINITY, high = -INFINITY;
    int count = 0;
    for (std::size_t i = begin; i < end; ++i) {
      if (!std::isfinite(y[i])) continue;
      sum += y[i];
      low = std::min(low, y[i]);
      high = std::max(high, y[i]);
      ++count;
    }
    const double mean = count == 0   ? std::numeric_limits<double>::quiet_NaN()
                        : count == 1 ? low
                                     : sum / count;
    points.push_back({.x = x[end - 1], .y = mean, .low = count > 1 ? low : 0, .high = count > 1 ? high : 0});
  }
  return points;
}

std::string curve_unit(const RecordedRun& run) {
  return run.evaluation["curve"][0].contains("episode") ? "episode" : "step";
}

std::vector<Chart> training_charts(const std::vector<ColouredRun>& runs) {
  Chart over_steps{"Return over the environment's steps", "steps of environments", "return of an episode"};
  for (const ColouredRun& of : runs) add_training(over_steps, of, of.run->course.env_steps);
  return {over_steps, chart_over_time(runs)};
}

std::vector<Chart> other_charts(const std::vector<ColouredRun>& runs) {
  std::vector<std::string> keys;
  for (const ColouredRun& of : runs)
    for (const auto& [key, column] : of.run->course.others)
      if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
  std::vector<Chart> charts;
  for (const std::string& key : keys) {
    Chart chart{.title = key, .x_title = "iteration", .y_title = "", .whole_x = true, .small = true};
    for (const ColouredRun& of : runs)
      for (const auto& [name, column] : of.run->course.others)
        if (name == key)
          chart.series.push_back({of.run->name(), of.run->name(), of.colour, ChartSeries::Kind::line,
                                  thinned(of.run->course.iteration, column,
                                          iterations_of_a_point(of.run->course.iteration.size()))});
    charts.push_back(std::move(chart));
  }
  return charts;
}

std::vector<Chart> adaptation_charts(const std::vector<ColouredRun>& runs) {
  std::vector<Chart> charts;
  for (const auto& [unit, title, x_title] :
       {std::array{"step", "Return after each gradient step", "gradient steps"},
        std::array{"episode", "Return of each episode of a trial", "episode"}}) {
    Chart chart{std::string(title) + ", on held-out tasks", x_title, "return of an episode", true};
    int next_colour = static_cast<int>(runs.size());
    std::map<std::string, int> colour_of_baseline;
    for (const ColouredRun& of : runs) {
      const Json& evaluation = of.run->evaluation;
      if (evaluation.is_null() || curve_unit(*of.run) != unit) continue;
      chart.series.push_back({of.run->name(), of.run->name(), of.colour, ChartSeries::Kind::line,
                              curve_points(evaluation["curve"], unit)});
      for (const Json& baseline : evaluation.value("baselines", Json::array())) {
        const std::string name = text_at(baseline, "name"), label = of.run->name() + ": " + name;
        // The run's own random start has its colour.
        int colour = of.colour;
        if (name != "random") {
          if (!colour_of_baseline.contains(name)) colour_of_baseline[name] = next_colour++;
          colour = colour_of_baseline[name];
        }
        chart.series.push_back(
            {label, label, colour, ChartSeries::Kind::dotted, curve_points(baseline["curve"], unit)});
      }
    }
    if (!chart.series.empty()) charts.push_back(std::move(chart));
  }
  return charts;
}

std::string thinning_note(const std::vector<ColouredRun>& runs) {
  std::size_t most = 1;
  for (const ColouredRun& of : runs)
    most = std::max(most, iterations_of_a_point(of.run->course.iteration.size()));
  if (most == 1) return "";
  return "Of long runs a point is the mean of up to " + std::to_string(most) +
         " iterations, and the band behind it goes from the least of them to the greatest.";
}

}  // namespace innerloop
