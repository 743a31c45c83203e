#include "engine/sweep/curve_charts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engine/report/curves.h"
#include "engine/run/metrics_log.h"
#include "engine/statistics/estimates.h"
#include "engine/statistics/intervals.h"
#include "engine/sweep/metric.h"

namespace innerloop {
namespace {

constexpr const char* kReturnAfter = "returns.-1";
constexpr std::string_view kOfLines = "metrics.";
constexpr std::size_t kThresholds = 61;

using RunCurve = std::vector<ChartPoint>;

ChartSeries series_of_point(const ShownPoint& point, std::size_t place, std::vector<ChartPoint> points) {
  return {point.name, point.name, static_cast<int>(place), ChartSeries::Kind::line, std::move(points)};
}

// A number of the lines of metrics.jsonl, NaN where a line has none.
struct LineNumbers {
  std::vector<double> env_steps, numbers;
};

LineNumbers read_line_numbers(const RunFolder& run, std::string_view path) {
  LineNumbers lines;
  read_metrics(run.metrics(), [&](const Json& line) {
    const Json* found = find_at(line, path);
    lines.env_steps.push_back(number_at(line, "env_steps"));
    lines.numbers.push_back(found == nullptr ? std::numeric_limits<double>::quiet_NaN() : number_of(*found));
  });
  return lines;
}

Chart chart_of_lines(const SweepFolder& folder, const std::vector<ShownPoint>& points, std::string_view path,
                     Chart chart, std::size_t& most) {
  for (std::size_t place = 0; place < points.size(); ++place) {
    const PointResult& result = *points[place].result;
    std::vector<LineNumbers> runs;
    std::size_t longest = 0;
    for (const RunResult& run : result.runs) {
      runs.push_back(read_line_numbers(folder.run(result.point.number, run.seed), path));
      longest = std::max(longest, runs.back().numbers.size());
    }
    if (longest == 0) continue;
    const std::size_t every = iterations_of_a_point(longest);
    most = std::max(most, every);
    std::vector<RunCurve> curves;
    curves.reserve(runs.size());
    for (const LineNumbers& run : runs) curves.push_back(thinned(run.env_steps, run.numbers, every));
    chart.series.push_back(series_of_point(points[place], place, mean_curve(curves)));
  }
  return chart;
}

bool has_two_places(const ChartSeries& series) { return series.points.size() > 1; }

// What of the sorted numbers the part `share` lies below.
double nearest_rank(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<std::size_t>(std::lround(share * static_cast<double>(sorted.size() - 1)))];
}

std::vector<double> thresholds_between(double low, double high) {
  std::vector<double> all;
  for (std::size_t i = 0; i < kThresholds; ++i)
    all.push_back(low + (high - low) * static_cast<double>(i) / (kThresholds - 1));
  return all;
}

}  // namespace

std::vector<ChartPoint> mean_curve(const std::vector<std::vector<ChartPoint>>& curves) {
  std::size_t longest = 0;
  for (const RunCurve& curve : curves) longest = std::max(longest, curve.size());
  std::vector<ChartPoint> points;
  for (std::size_t place = 0; place < longest; ++place) {
    std::vector<double> x, y;
    for (const RunCurve& curve : curves) {
      if (place >= curve.size()) continue;
      x.push_back(curve[place].x);
      if (std::isfinite(curve[place].y)) y.push_back(curve[place].y);
    }
    ChartPoint& point =
        points.emplace_back(ChartPoint{.x = mean_of(x).mean, .y = std::numeric_limits<double>::quiet_NaN()});
    if (y.empty()) continue;
    point.y = mean_of(y).mean;
    const auto interval = t_interval(y);
    point.low = interval ? interval->low : std::ranges::min(y);
    point.high = interval ? interval->high : std::ranges::max(y);
  }
  return points;
}

TrainingCurves sweep_training(const Metric& metric, const SweepFolder& folder,
                              const std::vector<ShownPoint>& points) {
  TrainingCurves curves;
  const auto add = [&](std::string_view path, const std::string& title, const char* y_title) {
    Chart chart = chart_of_lines(folder, points, path, {title, "steps of environments", y_title},
                                 curves.iterations_of_a_point);
    if (!chart.series.empty()) curves.charts.push_back(std::move(chart));
  };
  add(kReturnAfter, "Return over the environment's steps", "return of an episode");
  std::string_view path = metric.path;
  if (!path.starts_with(kOfLines)) return curves;
  path.remove_prefix(kOfLines.size());
  if (path != kReturnAfter) add(path, metric.path + " over the environment's steps", "");
  return curves;
}

std::vector<Chart> sweep_adaptation(const SweepFolder& folder, const std::vector<ShownPoint>& points) {
  std::vector<Chart> charts;
  for (const auto& [unit, title, x_title] :
       {std::array{"step", "Return after each gradient step, on held-out tasks", "gradient steps"},
        std::array{"episode", "Return of each episode of a trial, on held-out tasks", "episode"}}) {
    Chart chart{title, x_title, "return of an episode", true};
    for (std::size_t place = 0; place < points.size(); ++place) {
      const PointResult& result = *points[place].result;
      std::vector<RunCurve> curves;
      for (const RunResult& run : result.runs) {
        const Json evaluation = read_json(folder.run(result.point.number, run.seed).evaluation());
        const Json* curve = find_at(evaluation, "curve");
        if (curve == nullptr || !curve->is_array() || curve->empty() || !curve->front().contains(unit))
          continue;
        RunCurve& added = curves.emplace_back();
        for (const Json& each : *curve)
          added.push_back({.x = number_at(each, unit), .y = number_at(each, "mean_return")});
      }
      if (!curves.empty()) chart.series.push_back(series_of_point(points[place], place, mean_curve(curves)));
    }
    if (std::ranges::any_of(chart.series, has_two_places)) charts.push_back(std::move(chart));
  }
  return charts;
}

std::vector<Chart> sweep_profile(const Sweep& sweep, const SweepFolder& folder,
                                 const std::vector<ShownPoint>& points) {
  if (points.size() < 2 || sweep.seeds.size() < 2) return {};
  std::vector<const PointResult*> results;
  results.reserve(points.size());
  for (const ShownPoint& point : points) results.push_back(point.result);
  const std::vector<Scores> scores = with_worst_for_missing(scores_of(sweep, folder, results)).methods;
  std::vector<double> all;
  for (const Scores& each : scores)
    for (const double score : each.values)
      if (std::isfinite(score)) all.push_back(score);
  if (all.empty()) return {};
  std::ranges::sort(all);
  const std::vector<double> thresholds = thresholds_between(nearest_rank(all, 0.01), nearest_rank(all, 0.99));
  const Metric& metric = sweep.options.metric;
  Chart chart{"Performance profiles", metric.path,
              std::string("share of runs") + (scores[0].tasks > 1 ? " × tasks" : "") +
                  (metric.goal == Goal::maximize ? " above" : " below")};
  for (std::size_t place = 0; place < points.size(); ++place) {
    const Profile profile = profile_of(scores[place], thresholds);
    std::vector<ChartPoint> curve;
    for (std::size_t i = 0; i < thresholds.size(); ++i) {
      ChartPoint& point =
          curve.emplace_back(ChartPoint{.x = score_of(metric, thresholds[i]), .y = profile.above[i]});
      if (!profile.intervals) continue;
      point.low = (*profile.intervals)[i].low;
      point.high = (*profile.intervals)[i].high;
    }
    chart.series.push_back(series_of_point(points[place], place, std::move(curve)));
  }
  return {std::move(chart)};
}

}  // namespace innerloop
