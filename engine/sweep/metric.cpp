#include "engine/sweep/metric.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/error.h"
#include "engine/options/check.h"
#include "engine/run/metrics_log.h"
#include "engine/statistics/scores.h"

namespace innerloop {
namespace {

constexpr std::string_view kEvaluation = "evaluation.", kMetrics = "metrics.";
constexpr std::string_view kCurve = "evaluation.curve.", kReturn = ".mean_return";
constexpr std::string_view kTrialReturn = "evaluation.trial_return.mean";

bool is_curve_return(std::string_view path) { return path.starts_with(kCurve) && path.ends_with(kReturn); }

std::string_view behind(std::string_view path, std::string_view start) { return path.substr(start.size()); }

// What there is on the way to `path`, for a message: the keys of the last object, or a list's places.
std::string what_is_there(const Json& document, std::string_view path) {
  std::string_view way = path;
  const Json* place = nullptr;
  while (place == nullptr) {
    const std::size_t dot = way.rfind('.');
    if (dot == way.npos) {
      place = &document;
      way = "";
    } else {
      way = way.substr(0, dot);
      place = find_at(document, way);
    }
  }
  if (place->is_array()) return "a list of " + std::to_string(place->size());
  if (!place->is_object()) return found_value(*place);
  std::vector<std::string> keys;
  std::string names;
  for (const auto& [key, value] : place->items()) {
    keys.push_back(key);
    names += (names.empty() ? "" : ", ") + key;
  }
  std::string_view wanted = way.empty() ? path : path.substr(way.size() + 1);
  return names + nearest_hint(wanted.substr(0, wanted.find('.')), keys);
}

double number_in(const Json& document, std::string_view path, const std::string& wanted,
                 const std::string& file) {
  const Json* found = find_at(document, path);
  if (found != nullptr && found->is_null()) return std::numeric_limits<double>::quiet_NaN();
  if (found == nullptr || !found->is_number())
    throw InputError("metric: wanted a number at " + wanted + ", found in " + file + " " +
                     (found != nullptr ? found_value(*found) : what_is_there(document, path)));
  return found->get<double>();
}

double over_iterations(const Metric& metric, const std::vector<double>& steps,
                       const std::vector<double>& numbers) {
  if (std::ranges::any_of(numbers, [](double number) { return !std::isfinite(number); }))
    return std::numeric_limits<double>::quiet_NaN();
  switch (metric.over) {
    case MetricOver::last:
      break;
    case MetricOver::best:
      return metric.goal == Goal::maximize ? std::ranges::max(numbers) : std::ranges::min(numbers);
    case MetricOver::mean:
      return std::accumulate(numbers.begin(), numbers.end(), 0.0) / static_cast<double>(numbers.size());
    case MetricOver::area:
      return area_under_curve(steps, numbers);
  }
  return numbers.back();
}

double metric_of_lines(const Metric& metric, const RunFolder& run) {
  const std::string_view path = behind(metric.path, kMetrics);
  std::vector<double> steps, numbers;
  Json last = Json::object();
  read_metrics(run.metrics(), [&](const Json& line) {
    const Json* found = find_at(line, path);
    last = line;
    if (found == nullptr) return;
    steps.push_back(line["env_steps"].get<double>());
    numbers.push_back(number_in(line, path, metric.path, run.metrics().string()));
  });
  if (numbers.empty()) return number_in(last, path, metric.path, run.metrics().string());
  return over_iterations(metric, steps, numbers);
}

}  // namespace

void check_metric(const Metric& metric, const std::string& source) {
  const std::string_view path = metric.path;
  const bool of_lines = path.starts_with(kMetrics);
  if (!of_lines && !path.starts_with(kEvaluation))
    throw InputError(
        source +
        R"(: /metric/path: wanted a number of evaluation.json or metrics.jsonl, "evaluation.…" or )"
        R"("metrics.…", found ")" +
        metric.path + "\"");
  if (!of_lines && metric.over != MetricOver::last)
    throw InputError(
        source + R"(: /metric/over: wanted "last" where evaluation.json has a single number, found another)");
  if (!metric.normalise) return;
  if (path != kTrialReturn && !is_curve_return(path))
    throw InputError(source +
                     ": /metric/normalise: wanted a return that hand-written learners have, too, \"" +
                     std::string(kTrialReturn) + "\" or \"evaluation.curve.N.mean_return\", found \"" +
                     metric.path + "\"");
  if (metric.goal != Goal::maximize)
    throw InputError(source +
                     R"(: /metric/normalise: wanted "maximize" as the goal of a return, found "minimize")");
}

double metric_in(const Metric& metric, const Json& evaluation, const std::string& file) {
  return number_in(evaluation, behind(metric.path, kEvaluation), metric.path, file);
}

double metric_of(const Metric& metric, const RunFolder& run) {
  if (metric.path.starts_with(kMetrics)) return metric_of_lines(metric, run);
  return metric_in(metric, read_json(run.evaluation()), run.evaluation().string());
}

std::vector<double> metric_by_task(const Metric& metric, const RunFolder& run) {
  const double mean = metric_of(metric, run);
  std::string_view path = metric.path;
  if (!is_curve_return(path)) return {mean};
  path = behind(path, kCurve);
  path.remove_suffix(kReturn.size());
  const Json by_task = read_json(run.evaluation_tasks());
  std::vector<double> returns;
  if (by_task.is_object() && by_task.contains("returns")) {
    for (const Json& task : by_task["returns"]) {
      const Json* found = find_at(task, path);
      if (found == nullptr) return {mean};
      returns.push_back(found->is_number() ? found->get<double>() : std::numeric_limits<double>::quiet_NaN());
    }
  }
  return returns.empty() ? std::vector{mean} : returns;
}

}  // namespace innerloop
