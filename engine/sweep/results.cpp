#include "engine/sweep/results.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "engine/files/atomic_file.h"
#include "engine/options/visitors.h"
#include "engine/run/metrics_log.h"
#include "engine/statistics/aggregates.h"
#include "engine/statistics/importance.h"
#include "engine/statistics/scores.h"
#include "engine/sweep/metric.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

RunResult read_run(const Sweep& sweep, const RunFolder& folder, std::uint32_t seed) {
  RunResult run;
  run.seed = seed;
  run.outcome = read_outcome(folder);
  run.metric = kNone;
  if (!run.outcome || run.outcome->iteration == 0) return run;
  read_metrics(folder.metrics(), [&](const Json& line) {
    run.seconds += line.value("seconds", 0.0);
    run.env_steps = line.value("env_steps", run.env_steps);
  });
  if (run.outcome->status == RunOutcome::Status::done && !run.outcome->stops.empty())
    run.metric = metric_of(sweep.options.metric, folder);
  return run;
}

// Back into the metric's own unit.
Summary in_unit(Summary summary, Goal goal) {
  if (goal == Goal::maximize) return summary;
  summary.value = -summary.value;
  if (summary.interval)
    summary.interval = ConfidenceInterval{-summary.interval->high, -summary.interval->low};
  for (double& point : summary.points) point = -point;
  return summary;
}

NormalisedResult normalised_result(const Scores& scores, const Reference& reference) {
  const Scores shares = normalised(scores, {&reference.random, 1}, {&reference.oracle, 1});
  NormalisedResult result = {summary_of(shares, mean_score),
                             summary_of(shares, interquartile_mean),
                             summary_of(shares, [](const Scores& of) { return optimality_gap(of); }),
                             {}};
  result.mean_by_t = t_interval(result.mean.points);
  return result;
}

void compare(const Sweep& sweep, const SweepFolder& folder, const std::vector<PointResult*>& points,
             const std::optional<Reference>& reference) {
  if (points.empty()) return;
  const Goal goal = sweep.options.metric.goal;
  const FilledScores filled =
      with_worst_for_missing(scores_of(sweep, folder, {points.begin(), points.end()}));
  std::size_t best = 0;
  std::vector<Summary> means;
  for (std::size_t i = 0; i < points.size(); ++i) {
    means.push_back(summary_of(filled.methods[i], mean_score));
    points[i]->mean = in_unit(means[i], goal);
    points[i]->mean_by_t = t_interval(points[i]->mean.points);
    points[i]->iqm = in_unit(summary_of(filled.methods[i], interquartile_mean), goal);
    points[i]->missing = filled.missing[i];
    if (reference) points[i]->normalised = normalised_result(filled.methods[i], *reference);
    // Of a point without any score there is nothing to tell, whatever it counts for.
    if (points[i]->missing == points[i]->runs.size()) {
      points[i]->mean = points[i]->iqm = {kNone};
      points[i]->mean_by_t.reset();
      points[i]->normalised.reset();
      means[i].value = kNone;
    }
    if (means[i].value > means[best].value || (std::isnan(means[best].value) && !std::isnan(means[i].value)))
      best = i;
  }
  if (std::isnan(means[best].value)) return;
  points[best]->best = true;
  for (std::size_t i = 0; i < points.size(); ++i)
    if (i != best && std::isfinite(points[i]->mean.value))
      points[i]->difference = paired_difference(filled.methods[i], filled.methods[best]);
}

// The points' values of a key, as groups of equal or neighbouring ones.
std::vector<std::size_t> groups_by(const std::string& key, const std::vector<const PointResult*>& points) {
  std::vector<double> numbers;
  std::vector<std::string> texts;
  for (const PointResult* each : points) {
    const Json* value = value_at(each->point, key);
    if (value != nullptr && value->is_number()) numbers.push_back(value->get<double>());
    texts.push_back(value == nullptr ? "" : value_text(*value));
  }
  return numbers.size() == texts.size() ? groups_of(std::span<const double>(numbers))
                                        : groups_of(std::span<const std::string>(texts));
}

Json json_of(const std::optional<ConfidenceInterval>& interval) {
  return interval ? Json{interval->low, interval->high} : Json(nullptr);
}

Json number_or_null(double number) { return std::isfinite(number) ? Json(number) : Json(nullptr); }

Json json_of(const RunResult& run) {
  Json json = {{"seed", run.seed}, {"status", run.outcome ? run.outcome->status_name() : "not trained"}};
  if (!run.outcome) return json;
  json["iteration"] = run.outcome->iteration;
  json["metric"] = number_or_null(run.metric);
  if (!run.outcome->message.empty()) json["message"] = run.outcome->message;
  json["env_steps"] = run.env_steps;
  json["seconds"] = run.seconds;
  return json;
}

Json json_of(const NormalisedResult& result) {
  return {{"mean", number_or_null(result.mean.value)},
          {"interval", json_of(result.mean.interval)},
          {"t_interval", json_of(result.mean_by_t)},
          {"iqm", number_or_null(result.iqm.value)},
          {"iqm_interval", json_of(result.iqm.interval)},
          {"optimality_gap", number_or_null(result.gap.value)},
          {"optimality_gap_interval", json_of(result.gap.interval)}};
}

// What a point had reached where its runs have stopped for now.
Summary at_last_stop(const PointResult& point) {
  Summary summary{kNone};
  for (const RunResult& run : point.runs)
    if (run.outcome)
      for (const RunOutcome::Stop& stop : run.outcome->stops)
        if (stop.iteration == point.iteration) summary.points.push_back(stop.metric);
  if (summary.points.size() == point.runs.size())
    summary.value = std::accumulate(summary.points.begin(), summary.points.end(), 0.0) /
                    static_cast<double>(point.runs.size());
  return summary;
}

}  // namespace

std::vector<Scores> scores_of(const Sweep& sweep, const SweepFolder& folder,
                              const std::vector<const PointResult*>& points) {
  const Metric& metric = sweep.options.metric;
  std::vector<std::vector<std::vector<double>>> by_task;
  std::size_t tasks = 0;
  bool whole = true;
  for (const PointResult* point : points) {
    auto& rows = by_task.emplace_back();
    for (const RunResult& run : point->runs) {
      std::vector<double> row;
      if (!std::isnan(run.metric)) row = metric_by_task(metric, folder.run(point->point.number, run.seed));
      for (double& number : row) number = score_of(metric, number);
      if (!row.empty()) {
        double sum = 0;
        for (const double number : row) sum += number;
        // Of more than a thousand tasks not all are there.
        const double mean = sum / static_cast<double>(row.size()), told = score_of(metric, run.metric);
        whole = whole && (tasks == 0 || row.size() == tasks) &&
                (std::isnan(mean) || std::abs(mean - told) <= 1e-9 * std::max(1.0, std::abs(told)));
        tasks = row.size();
      }
      rows.push_back(std::move(row));
    }
  }
  std::vector<Scores> all;
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (std::size_t run = 0; run < by_task[i].size(); ++run) {
      std::vector<double>& row = by_task[i][run];
      if (row.empty()) row.assign(whole ? std::max<std::size_t>(tasks, 1) : 1, kNone);
      if (!whole) row = {score_of(metric, points[i]->runs[run].metric)};
    }
    all.push_back(innerloop::scores_of(by_task[i]));
  }
  return all;
}

SweepResults read_results(const Sweep& sweep, const Points& points, const SweepFolder& folder) {
  SweepResults results;
  std::vector<std::string> groups;
  for (std::size_t number = 0; number < points.size(); ++number) {
    PointResult result;
    bool begun = false;
    result.complete = true;
    result.iteration = std::numeric_limits<int>::max();
    for (const std::uint32_t seed : sweep.seeds) {
      result.runs.push_back(read_run(sweep, folder.run(number, seed), seed));
      begun = begun || result.runs.back().outcome;
      const auto& outcome = result.runs.back().outcome;
      result.iteration = std::min(result.iteration, outcome ? outcome->iteration : 0);
    }
    if (!begun) continue;
    result.point = points.at(number);
    const Config config = config_of(sweep, result.point, sweep.seeds.front());
    for (const RunResult& run : result.runs)
      result.complete = result.complete && run.outcome && run.outcome->is_over(config.iterations);
    result.environment = environment_name(config);
    const std::string met = measured_on(config);
    const auto found = std::ranges::find(groups, met);
    result.group = static_cast<std::size_t>(found - groups.begin());
    if (found == groups.end()) {
      groups.push_back(met);
      results.groups.push_back(result.environment);
    }
    results.points.push_back(std::move(result));
  }
  std::map<std::string, int> named;
  for (std::string& name : results.groups) {
    const bool alone = std::ranges::count(results.groups, name) == 1;
    if (const int before = named[name]++; !alone || before > 0) name += " " + std::to_string(before + 1);
  }
  const References references = read_references(sweep, folder);
  for (std::size_t group = 0; group < groups.size(); ++group) {
    const auto its = references.find(groups[group]);
    results.references.push_back(its == references.end() ? std::nullopt : std::optional(its->second));
    std::vector<PointResult*> complete;
    for (PointResult& each : results.points)
      if (each.group == group && each.complete) complete.push_back(&each);
    compare(sweep, folder, complete, results.references.back());
  }
  if (groups.size() == 1) {
    std::vector<const PointResult*> there;
    std::vector<double> scores;
    for (const PointResult& each : results.points)
      if (each.complete && std::isfinite(each.mean.value)) {
        there.push_back(&each);
        scores.push_back(score_of(sweep.options.metric, each.mean.value));
      }
    for (const std::string& key : points.keys())
      results.importance.push_back(
          {key, there.empty() ? std::nullopt : main_effect(groups_by(key, there), scores)});
  }
  return results;
}

std::vector<const PointResult*> ranked_points(const Sweep& sweep, const SweepResults& results,
                                              std::size_t group) {
  std::vector<const PointResult*> rows;
  for (const PointResult& each : results.points)
    if (each.group == group) rows.push_back(&each);
  const auto worth = [&](const PointResult* each) {
    const double score = score_of(sweep.options.metric, each->mean.value);
    return !each->complete || std::isnan(score) ? -INFINITY : score;
  };
  std::ranges::stable_sort(rows, [&](const PointResult* a, const PointResult* b) {
    return a->complete != b->complete ? a->complete : worth(a) > worth(b);
  });
  return rows;
}

Json results_json(const Sweep& sweep, const SweepResults& results) {
  Json json = {{"metric", write_options<Metric>(sweep.options.metric)},
               {"seeds", sweep.seeds},
               {"points", Json::array()}};
  for (std::size_t group = 0; group < results.groups.size(); ++group)
    if (const std::optional<Reference>& reference = results.references[group])
      json["references"][results.groups[group]] = {{"random", reference->random},
                                                   {"oracle", reference->oracle}};
  for (const PointResult& each : results.points) {
    Json point = {{"point", each.point.number}, {"values", Json::object()}};
    for (const Assignment& value : each.point.values) point["values"][value.path] = value.value;
    point["group"] = results.groups[each.group];
    point["iteration"] = each.iteration;
    point["complete"] = each.complete;
    if (each.complete) {
      point["mean"] = number_or_null(each.mean.value);
      point["interval"] = json_of(each.mean.interval);
      point["t_interval"] = json_of(each.mean_by_t);
      point["iqm"] = number_or_null(each.iqm.value);
      point["iqm_interval"] = json_of(each.iqm.interval);
      if (each.normalised) point["normalised"] = json_of(*each.normalised);
      point["missing"] = each.missing;
      point["best"] = each.best;
      if (each.difference)
        point["difference"] = {{"mean", number_or_null(each.difference->mean)},
                               {"interval", json_of(each.difference->interval)},
                               {"t_interval", json_of(each.difference->t_interval)}};
    }
    point["runs"] = Json::array();
    for (const RunResult& run : each.runs) point["runs"].push_back(json_of(run));
    json["points"].push_back(std::move(point));
  }
  json["importance"] = Json::object();
  for (const KeyImportance& each : results.importance)
    json["importance"][each.key] = each.share ? Json(*each.share) : Json(nullptr);
  return json;
}

void write_results(const Sweep& sweep, const Points& points, const SweepResults& results,
                   const SweepFolder& folder) {
  write_json(folder.results(), results_json(sweep, results));
  // All groups in one file, with what they are in the first column.
  ResultTable all;
  const std::vector<ResultTable> tables = result_tables(sweep, points, results);
  for (std::size_t group = 0; group < tables.size(); ++group)
    for (const ResultRow& row : tables[group].rows) {
      ResultRow& own = all.rows.emplace_back(row);
      // A table without a column of iterations is of points that all came to their end.
      if (tables[group].keys.size() == points.keys().size()) own.values.emplace_back("");
      own.values.insert(own.values.begin(), results.groups[group]);
    }
  all.keys = {"group"};
  all.keys.insert(all.keys.end(), points.keys().begin(), points.keys().end());
  all.keys.push_back("stopped_after");
  all.metric = sweep.options.metric.path;
  write_file_atomically(folder.table(), result_table(all, TableForm::csv));
}

std::vector<ResultTable> result_tables(const Sweep& sweep, const Points& points, const SweepResults& results,
                                       std::size_t most) {
  std::vector<ResultTable> tables;
  for (std::size_t group = 0; group < results.groups.size(); ++group) {
    std::vector<const PointResult*> rows = ranked_points(sweep, results, group);
    if (most > 0 && rows.size() > most) rows.resize(most);
    ResultTable& table = tables.emplace_back();
    table.keys = points.keys();
    table.metric = sweep.options.metric.path;
    // Where not all were trained to their end, how far.
    const bool stopped = std::ranges::any_of(rows, [](const PointResult* each) { return !each->complete; });
    if (stopped) table.keys.push_back("iterations");
    for (const PointResult* each : rows) {
      ResultRow& row = table.rows.emplace_back();
      for (const std::string& key : points.keys()) {
        const Json* value = value_at(each->point, key);
        row.values.push_back(value == nullptr ? "" : value_text(*value));
      }
      if (stopped) row.values.push_back(std::to_string(each->iteration));
      row.score = each->mean;
      if (!each->complete) row.score = at_last_stop(*each);
      for (const RunResult& run : each->runs) row.runs += run.outcome ? 1 : 0;
      row.missing = each->missing;
      row.best = each->best;
      if (each->normalised) row.normalised = {each->normalised->mean, each->normalised->gap};
      if (each->difference) row.difference = {each->difference->mean, each->difference->interval};
    }
  }
  return tables;
}

}  // namespace innerloop
