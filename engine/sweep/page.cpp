#include "engine/sweep/page.h"

#include <algorithm>
#include <cmath>

#include "engine/report/frame.h"
#include "engine/sweep/curve_charts.h"
#include "engine/sweep/heat_map.h"
#include "engine/sweep/importance_bars.h"
#include "engine/sweep/parallel_coordinates.h"
#include "engine/sweep/shown.h"
#include "engine/text/columns.h"
#include "engine/text/markup.h"
#include "engine/text/shell.h"
#include "engine/text/table.h"

namespace innerloop {
namespace {

constexpr std::size_t kMostOpenRows = 40, kMostFailures = 100;

std::string plural(std::size_t number, const std::string& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

// "the last metrics.gradient_norm, the smaller the better".
std::string metric_words(const Metric& metric) {
  const bool of_lines = metric.path.starts_with("metrics.");
  std::string words;
  if (of_lines && metric.over == MetricOver::last) words = "the last ";
  if (metric.over == MetricOver::best) words = "the best ";
  if (metric.over == MetricOver::mean) words = "the mean of ";
  if (metric.over == MetricOver::area) words = "the area under ";
  return words + metric.path +
         (metric.goal == Goal::maximize ? ", the larger the better" : ", the smaller the better");
}

std::string runs_words(const Sweep& sweep, const Points& points, const SweepResults& results) {
  std::size_t done = 0, diverged = 0, failed = 0;
  for (const PointResult& point : results.points)
    for (const RunResult& run : point.runs) {
      if (!run.outcome) continue;
      done += run.outcome->status == RunOutcome::Status::done ? 1 : 0;
      diverged += run.outcome->status == RunOutcome::Status::diverged ? 1 : 0;
      failed += run.outcome->status == RunOutcome::Status::failed ? 1 : 0;
    }
  const std::size_t all = points.size() * sweep.seeds.size(), left = all - done - diverged - failed;
  std::size_t early = 0;
  for (const PointResult& point : results.points) early += point.complete ? 0 : 1;
  return plural(points.size(), "point") + " × " + plural(sweep.seeds.size(), "seed") + " = " +
         plural(all, "run") + ": " + std::to_string(done) + " done, " + std::to_string(diverged) +
         " diverged, " + std::to_string(failed) + " failed" +
         (left > 0 ? ", " + std::to_string(left) + " not trained" : "") +
         (early > 0 ? "; " + plural(early, "point") + " stopped early" : "") + ".";
}

std::string assignments_text(const Assignments& assignments) {
  std::string text;
  for (const Assignment& each : assignments)
    text += (text.empty() ? "" : ", ") + each.path + "=" + value_text(each.value);
  return text;
}

std::string values_text(const std::vector<Json>& values) {
  std::string text;
  for (const Json& value : values) text += (text.empty() ? "" : ", ") + value_text(value);
  return text;
}

std::string draw_text(const Draw& draw) {
  const std::string range = short_number(draw.low) + " to " + short_number(draw.high);
  switch (draw.kind) {
    case Draw::Kind::uniform:
      return "uniformly from " + range;
    case Draw::Kind::log_uniform:
      return "log-uniformly from " + range;
    case Draw::Kind::integer:
      return "integers from " + range + (draw.step > 1 ? ", each " + short_number(draw.step) : "");
    case Draw::Kind::choice:
      break;
  }
  return "one of " + values_text(draw.choices);
}

// What was swept: a line an option.
std::string swept_table(const Sweep& sweep) {
  TextTable table{{{"option"}, {"is"}, {"values"}}};
  const auto add = [&](const std::string& option, const std::string& is, const std::string& values) {
    table.rows.push_back({{option}, {is}, {values}});
  };
  std::string configs;
  for (const BaseConfig& base : sweep.configs) configs += (configs.empty() ? "" : ", ") + base.name;
  add("config", sweep.configs.size() > 1 ? "each of" : "set", configs);
  for (const Assignment& each : sweep.set) add(each.path, "set", value_text(each.value));
  for (const Assignments& together : sweep.points) add("points", "together", assignments_text(together));
  const auto add_varied = [&](const std::vector<GridAxis>& axes, const std::vector<Draw>& draws,
                              const std::string& where) {
    for (const GridAxis& axis : axes) add(axis.path, "each of" + where, values_text(axis.values));
    for (const Draw& draw : draws) add(draw.path, "drawn" + where, draw_text(draw));
  };
  add_varied(sweep.grid, sweep.random, "");
  for (const When& when : sweep.when) {
    const std::string where = " where " + assignments_text(when.conditions);
    for (const Assignment& each : when.set) add(each.path, "set" + where, value_text(each.value));
    add_varied(when.grid, when.random, where);
  }
  return html_table(table);
}

// The table's rows from `begin` on, with the points' numbers before them.
std::string rows_html(const ResultTable& results, const std::vector<const PointResult*>& ranked,
                      std::size_t begin, std::size_t end) {
  TextTable table = people_table(results);
  TextTable part{table.columns};
  part.columns.insert(part.columns.begin(), {"point", true});
  for (std::size_t i = begin; i < end; ++i) {
    auto& row = part.rows.emplace_back(table.rows[i]);
    // Of a point without a number neither that nor its runs'.
    if (!std::isfinite(results.rows[i].score.value)) {
      row[results.keys.size()].text = "–";
      row[results.keys.size() + 1].text.clear();
    }
    row.insert(row.begin(), {std::to_string(ranked[i]->point.number)});
  }
  return html_table(part);
}

std::string results_html(const ResultTable& table, const std::vector<const PointResult*>& ranked) {
  const std::size_t open = std::min(ranked.size(), kMostOpenRows);
  std::string html = rows_html(table, ranked, 0, open);
  if (open < ranked.size())
    html += "<details><summary>" + plural(ranked.size() - open, "more point") + "</summary>\n" +
            rows_html(table, ranked, open, ranked.size()) + "</details>\n";
  return html;
}

std::string results_words(const Sweep& sweep, const std::vector<const PointResult*>& ranked,
                          const std::optional<Reference>& reference) {
  std::string words =
      "Means over runs and tasks, the best first and bold; a run that diverged or failed counts as the worst "
      "of those it is compared with. ";
  words += sweep.seeds.size() < kFewestRuns
               ? "In braces each run's own mean: of fewer than " + std::to_string(kFewestRuns) +
                     " runs no interval can be told."
               : "In brackets 95 % intervals of a bootstrap over whole runs.";
  if (!std::ranges::all_of(ranked, &PointResult::complete)) words += " Points that stopped early come last.";
  if (reference)
    words += " Normalised is the share of what there is to gain: 0 is what random actions bring, " +
             number_cell("%.6g", reference->random) +
             ", and 1 what is brought by an oracle who knows the task, " +
             number_cell("%.6g", reference->oracle) +
             ", on the same tasks. The optimality gap is what is missing to 1.";
  if (std::ranges::any_of(ranked, [](const PointResult* each) { return each->difference.has_value(); }))
    words +=
        " The difference to the best is paired by seed and task, and below 0 where a point is worse. The "
        "best "
        "was chosen with these very runs and seems better than it is.";
  return words;
}

std::string failures_html(const SweepResults& results, const SweepFolder& folder) {
  TextTable table{{{"run"}, {"how it ended"}, {"after iteration", true}, {"what it said"}}};
  std::size_t more = 0;
  for (const PointResult& point : results.points)
    for (const RunResult& run : point.runs) {
      if (!run.outcome || run.outcome->status == RunOutcome::Status::done) continue;
      if (table.rows.size() == kMostFailures) {
        ++more;
        continue;
      }
      table.rows.push_back({{folder.run(point.point.number, run.seed).path.filename().string()},
                            {run.outcome->status == RunOutcome::Status::diverged ? "diverged" : "failed"},
                            {std::to_string(run.outcome->iteration)},
                            {run.outcome->message}});
    }
  if (table.rows.empty()) return "";
  return "<h2>Runs that did not end well</h2>\n" + html_table(table) +
         page_note(more > 0 ? plural(more, "more such run") + ": results.json has all." : "");
}

// What the options do to the metric.
std::string options_html(const Metric& metric, const std::vector<std::string>& keys,
                         std::vector<const PointResult*> points, const std::vector<KeyImportance>& importance,
                         Figures& figures) {
  // In the sweep's own order, so that values stand as its file has them.
  std::ranges::sort(points, {}, [](const PointResult* each) { return each->point.number; });
  std::vector<Figure> beside, wide;
  const auto is_told = [](const KeyImportance& each) { return each.share.has_value(); };
  if (std::ranges::any_of(importance, is_told)) beside.push_back(importance_bars(importance));
  if (points.size() >= 2) {
    if (const auto two = keys_of_heat_map(metric, keys, points); !two.empty())
      beside.push_back(heat_map(metric, two[0], two[1], points));
    const std::vector<std::string> varied = varied_keys(keys, points);
    if (varied.size() >= 2 && varied.size() <= kMostAxes)
      wide.push_back(parallel_coordinates(metric, varied, points));
  }
  return (beside.empty() ? "" : figures.add(beside)) +
         (wide.empty() ? "" : figures.add(wide, "figures wide"));
}

// What the bands of curves are.
std::string bands_words(const Sweep& sweep) {
  if (sweep.seeds.size() == 1) return "";
  return sweep.seeds.size() < kFewestRuns
             ? " Bands go from the least of a point's runs to the greatest."
             : " Bands are the 95 % interval of the mean over a point's runs, by Student's t; where fewer "
               "than " +
                   std::to_string(kFewestRuns) + " came so far, from the least to the greatest.";
}

std::string curves_html(const Sweep& sweep, const SweepFolder& folder, const std::vector<ShownPoint>& shown,
                        std::size_t of, Figures& figures) {
  const TrainingCurves training = sweep_training(sweep.options.metric, folder, shown);
  std::vector<Chart> charts = training.charts;
  const std::vector<Chart> adaptation = sweep_adaptation(folder, shown),
                           profile = sweep_profile(sweep, folder, shown);
  charts.insert(charts.end(), adaptation.begin(), adaptation.end());
  charts.insert(charts.end(), profile.begin(), profile.end());
  std::string words =
      (shown.size() < of ? "The best " + std::to_string(shown.size()) + " of " + plural(of, "point")
                         : "All " + plural(of, "point")) +
      ", called by number and by what tells them apart; each curve is the mean over the runs that came "
      "so far. While training: of an iteration's tasks, after adaptation (of an agent with a memory: in "
      "the last episode)." +
      bands_words(sweep);
  if (training.iterations_of_a_point > 1)
    words += " Of long runs a place of a curve is the mean of up to " +
             std::to_string(training.iterations_of_a_point) + " iterations.";
  if (!profile.empty())
    words += profile[0].y_title.find("tasks") != std::string::npos
                 ? " A profile tells which part of all runs and held-out tasks comes beyond a number."
                 : " A profile tells which part of the runs comes beyond a number.";
  if (!profile.empty() && sweep.seeds.size() >= kFewestRuns)
    words += " Its bands are 95 % intervals of a bootstrap over whole runs, each for its number alone.";
  return figures.add(charts) + page_note(words);
}

std::string repetition_html(const Sweep& sweep, const Points& points, const SweepResults& results,
                            const SweepFolder& folder) {
  const std::string path = plain_folder(folder.path), again = path + "-again";
  const auto command = [](const std::string& words) { return "<pre>" + markup_text(words) + "</pre>\n"; };
  const bool is_timed =
      sweep.options.budget.hours > 0 || (sweep.options.halving.first > 0 && sweep.options.jobs > 1);
  std::string html =
      "<h2>To repeat it</h2>\n" +
      page_note(
          is_timed
              ? "This trains it anew. Which points go on depends on who comes first, and so on the machine."
              : "This trains it anew, to the same bits for any number of jobs, and compares.") +
      command("innerloop sweep " + shell_word(path + "/sweep.json") + " --out " + shell_word(again) +
              (is_timed ? ""
                        : "\ncmp " + shell_word(path + "/results.csv") + " " +
                              shell_word(again + "/results.csv")));
  const bool has_more =
      results.points.size() < points.size() || !std::ranges::all_of(results.points, &PointResult::complete);
  if (has_more)
    html += page_note("What is left is trained by:") + command("innerloop sweep " + shell_word(path));
  const auto best = std::ranges::find(results.points, true, &PointResult::best);
  if (best == results.points.end()) return html;
  const std::string run = SweepFolder{path}.run(best->point.number, sweep.seeds.front()).path.string();
  return html +
         page_note(
             "Each run's folder is runs/<point>-s<seed> in the sweep's, with a page of its own by the second "
             "of "
             "these commands; the first trains a single run anew. Here the best point's first:") +
         command("innerloop train " + shell_word(run + "/config.json") + " --out " +
                 shell_word(run + "-again") + "\ninnerloop report " + shell_word(run));
}

}  // namespace

std::string sweep_page(const Sweep& sweep, const Points& points, const SweepResults& results,
                       const SweepFolder& folder) {
  const Metric& metric = sweep.options.metric;
  const std::string title = std::filesystem::path(plain_folder(folder.path)).filename().string();
  const std::vector<ResultTable> tables = result_tables(sweep, points, results);
  Figures figures;
  std::string html =
      "<h1>" + markup_text(title) + "</h1>\n" +
      page_note(runs_words(sweep, points, results) + " The metric is " + metric_words(metric) + ".") +
      swept_table(sweep);
  if (results.points.empty()) html += page_note("No run has come to a stop yet.");
  for (std::size_t group = 0; group < tables.size(); ++group) {
    const std::string on = tables.size() > 1 ? " on " + results.groups[group] : "";
    const auto heading = [&](const std::string& text) { return "<h2>" + markup_text(text + on) + "</h2>\n"; };
    const std::vector<const PointResult*> ranked = ranked_points(sweep, results, group),
                                          measured = comparable(ranked);
    html += heading("Results") + results_html(tables[group], ranked) +
            page_note(results_words(sweep, ranked, results.references[group]));
    if (measured.empty()) continue;
    if (const std::string its = options_html(metric, points.keys(), measured, results.importance, figures);
        !its.empty())
      html += heading("What the options do") + its;
    const std::vector<ShownPoint> shown = shown_points(points.keys(), measured);
    html += heading("Curves") + curves_html(sweep, folder, shown, measured.size(), figures);
  }
  return page_of(title,
                 html + failures_html(results, folder) + repetition_html(sweep, points, results, folder),
                 figures);
}

}  // namespace innerloop
