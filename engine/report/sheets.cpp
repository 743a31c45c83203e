#include "engine/report/sheets.h"
#include "engine/text/json.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/evaluation/tables.h"
#include "engine/report/curves.h"
#include "engine/run/progress.h"
#include "engine/text/columns.h"
#include "engine/text/table.h"

namespace innerloop {
namespace {

using Cells = std::vector<std::string>;

// A table; its columns from `numbers` on stand to the right.
class Sheet {
 public:
  Sheet(const Cells& head, std::size_t numbers) {
    for (std::size_t i = 0; i < head.size(); ++i) table_.columns.push_back({head[i], i >= numbers});
  }
  void add(const Cells& row) {
    auto& cells = table_.rows.emplace_back();
    for (const std::string& text : row) cells.push_back({text});
  }
  std::string html() const { return html_table(table_); }

 private:
  TextTable table_;
};

constexpr std::size_t kNoNumbers = 1000;  // columns

// "-40.20 ± 2.10"
std::string measured(const Json& point) {
  const double mean = number_at(point, "mean_return"), ci95 = number_at(point, "ci95");
  if (!std::isfinite(mean)) return "not finite";
  return number_cell("%.2f", mean) + (std::isfinite(ci95) ? number_cell(" ± %.2f", ci95) : "");
}

using Options = std::vector<std::pair<std::string, std::string>>;

// The plain values of a config by their dotted paths: "algorithm.inner_lr".
void add_options(const Json& object, const std::string& path, Options& options) {
  for (const auto& [key, value] : object.items()) {
    const std::string here = path.empty() ? key : path + "." + key;
    if (value.is_object())
      add_options(value, here, options);
    else
      options.emplace_back(here, value.is_string() ? value.get<std::string>() : json_text(value));
  }
}

Options options_of(const RecordedRun& run) {
  Options options;
  add_options(run.config, "", options);
  return options;
}

std::string option_at(const Options& options, const std::string& path) {
  const auto found = std::ranges::find(options, path, [](const auto& option) { return option.first; });
  return found == options.end() ? "-" : found->second;
}

std::vector<Cells> turned(const std::vector<Cells>& lines) {
  std::vector<Cells> columns(lines[0].size());
  for (const Cells& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) columns[i].push_back(line[i]);
  return columns;
}

}  // namespace

std::string overview_sheet(const RecordedRuns& runs) {
  Sheet sheet({"run", "environment", "algorithm", "seed", "iterations", "environment steps", "training time",
               "first return", "last return"},
              3);
  for (const RecordedRun& run : runs) {
    const std::string done = number_cell("%.0f", run.course.iteration.back());
    const std::string of = text_at(run.config, "iterations");
    Cells row = {run.name(),
                 run.environment(),
                 run.algorithm(),
                 text_at(run.config, "seed"),
                 done == of ? done : done + " of " + of,
                 human_count(run.course.env_steps.back()),
                 human_time(run.course.seconds.back())};
    if (run.evaluation.is_null())
      row.insert(row.end(), {"-", "-"});
    else
      row.insert(row.end(),
                 {measured(run.evaluation["curve"].front()), measured(run.evaluation["curve"].back())});
    sheet.add(row);
  }
  return sheet.html();
}

std::string adaptation_sheet(const std::vector<const RecordedRun*>& runs) {
  const std::string unit = curve_unit(*runs.front());
  std::size_t points = 0;
  for (const RecordedRun* run : runs) points = std::max(points, run->evaluation["curve"].size());
  Cells head = {"agent", "iteration", "tasks"};
  for (std::size_t i = 0; i < points; ++i)
    if (is_shown(i, points)) head.push_back(unit + " " + std::to_string(unit == "step" ? i : i + 1));
  Sheet sheet(head, 1);
  const auto add = [&](const std::string& name, const std::string& iteration, const Json& evaluation,
                       const Json& curve) {
    Cells row = {name, iteration,
                 text_at(evaluation, "tasks") + " × " + text_at(evaluation, "episodes_per_task")};
    for (std::size_t i = 0; i < points; ++i)
      if (is_shown(i, points)) row.push_back(i < curve.size() ? measured(curve[i]) : "");
    sheet.add(row);
  };
  for (const RecordedRun* run : runs) {
    const Json& evaluation = run->evaluation;
    add(run->name(), text_at(evaluation, "iteration"), evaluation, evaluation["curve"]);
    for (const Json& baseline : evaluation.value("baselines", Json::array()))
      add(run->name() + ": " + text_at(baseline, "name"), "-", evaluation, baseline["curve"]);
  }
  return sheet.html();
}

std::string difference_sheet(const RecordedRuns& runs) {
  std::vector<Options> options;
  for (const RecordedRun& run : runs) options.push_back(options_of(run));
  Cells paths;
  for (const Options& of_run : options)
    for (const auto& [path, value] : of_run) {
      const auto differs = [&, &path = path, &value = value](const Options& other) {
        return option_at(other, path) != value;
      };
      if (std::ranges::find(paths, path) == paths.end() && std::ranges::any_of(options, differs))
        paths.push_back(path);
    }
  if (paths.empty()) return "<p>All options are the same.</p>\n";
  std::vector<Cells> lines(1, {"option"});
  for (const RecordedRun& run : runs) lines[0].push_back(run.name());
  for (const std::string& path : paths) {
    Cells& line = lines.emplace_back(Cells{path});
    for (const Options& of_run : options) line.push_back(option_at(of_run, path));
  }
  if (runs.size() > paths.size()) {
    lines = turned(lines);
    lines[0][0] = "run";
  }
  Sheet sheet(lines[0], kNoNumbers);
  for (std::size_t i = 1; i < lines.size(); ++i) sheet.add(lines[i]);
  return sheet.html();
}

std::string config_sheet(const RecordedRun& run) {
  Sheet sheet({"option", "value"}, kNoNumbers);
  for (const auto& [path, value] : options_of(run)) sheet.add({path, value});
  return sheet.html();
}

std::string machine_sheet(const RecordedRuns& runs) {
  Sheet sheet({"run", "machine", "threads", "kernels", "build", "newest checkpoint", "its checksum"},
              kNoNumbers);
  for (const RecordedRun& run : runs) {
    const Json machine = run.machine.is_null() ? Json::object() : run.machine;
    const Json build = machine.value("build", Json::object());
    const bool on_gpu = text_at(machine, "backend") == "cuda";
    const std::size_t starts = machine.value("earlier", Json::array()).size() + 1;
    sheet.add({run.name(), on_gpu ? text_at(machine, "gpu") : text_at(machine, "processor"),
               text_at(machine, "threads") + " of " + text_at(machine, "usable_cores") + " cores",
               on_gpu ? "CUDA" : text_at(machine, "instruction_set"),
               text_at(build, "version") + ", " + text_at(build, "commit") + ", " +
                   text_at(build, "compiler") +
                   (starts > 1 ? "; the last of " + std::to_string(starts) + " starts" : ""),
               run.checkpoint.iteration.empty() ? "-" : "iteration " + run.checkpoint.iteration,
               run.checkpoint.checksum});
  }
  return sheet.html();
}

}  // namespace innerloop
