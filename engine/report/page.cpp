#include "engine/report/page.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/evaluation/report.h"
#include "engine/report/belief_charts.h"
#include "engine/report/chart.h"
#include "engine/report/curves.h"
#include "engine/report/frame.h"
#include "engine/report/recorded_run.h"
#include "engine/report/sheets.h"
#include "engine/report/task_charts.h"
#include "engine/text/markup.h"
#include "engine/text/shell.h"

namespace innerloop {
namespace {

struct Group {
  std::string environment;
  std::vector<ColouredRun> runs;
};

std::vector<Group> by_environment(const RecordedRuns& runs) {
  std::vector<Group> groups;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::string name = runs[i].environment();
    auto group = std::ranges::find(groups, name, &Group::environment);
    if (group == groups.end()) group = groups.insert(group, {name, {}});
    group->runs.push_back({&runs[i], static_cast<int>(i)});
  }
  return groups;
}

// What the lines and dots of the training's charts are.
std::string training_legend(const Group& group) {
  bool adapts = false, evaluates = false;
  for (const ColouredRun& of : group.runs) {
    adapts = adapts || of.run->course.adapts;
    evaluates = evaluates || std::ranges::any_of(of.run->course.last_evaluated,
                                                 [](double mean) { return std::isfinite(mean); });
  }
  std::string text = "Mean over the tasks of an iteration";
  if (adapts)
    text +=
        "; solid after adaptation (of an agent with a memory: in the last episode), dashed before it "
        "(in the first)";
  if (evaluates)
    text +=
        std::string(
            adapts ? "; dots and rings: on held-out tasks, after all steps of an evaluation and before them"
                   : "; dots: on held-out tasks") +
        ", with the 95 % confidence interval over tasks";
  return text + ".";
}

std::string adaptation(const Group& group, Figures& figures) {
  std::string html;
  const std::vector<Chart> charts = adaptation_charts(group.runs);
  if (charts.empty()) return page_note("No run has an evaluation yet.");
  html += figures.add(charts);
  html += page_note(
      "With the 95 % confidence interval of the mean over tasks. Dotted: on the same tasks, the random "
      "initialisation that a run started from, and other baselines.");
  for (const char* unit : {"step", "episode"}) {
    std::vector<const RecordedRun*> evaluated;
    for (const ColouredRun& of : group.runs)
      if (!of.run->evaluation.is_null() && curve_unit(*of.run) == unit) evaluated.push_back(of.run);
    if (!evaluated.empty()) html += adaptation_sheet(evaluated);
  }
  if (const std::vector<Chart> tasks = task_charts(group.runs); !tasks.empty()) {
    const std::string most = std::to_string(kMostListedTasks);
    std::string text =
        "Each dot is a held-out task, a larger one several with the same returns, of more than " + most +
        " the first " + most +
        "; above the line adaptation has raised its return. Under the pointer "
        "a dot tells its numbers.";
    if (std::ranges::find(tasks, ChartForm::plane, &Chart::form) != tasks.end())
      text += " Colours have a scale of their own for each run.";
    html += figures.add(tasks) + page_note(text);
  }
  if (const BeliefCharts beliefs = belief_charts(group.runs); !beliefs.charts.empty())
    html += figures.add(beliefs.charts) +
            page_note(
                "Each dot is the mean of the belief about a held-out task that a step acted on, along the "
                "principal axes of these means at the end of the trials: " +
                beliefs.note);
  return html;
}

std::string repetition(const RecordedRun& run) {
  const std::string folder = plain_folder(run.folder), again = folder + "-again";
  const std::string checkpoint = "/checkpoints/" + run.checkpoint.iteration + ".safetensors";
  std::string commands =
      "innerloop train " + shell_word(folder + "/config.json") + " --out " + shell_word(again);
  if (!run.checkpoint.iteration.empty() && run.checkpoint.iteration == text_at(run.config, "iterations"))
    commands += "\ncmp " + shell_word(folder + checkpoint) + " " + shell_word(again + checkpoint);
  return "<pre>" + markup_text(commands) + "</pre>\n";
}

std::string title_of(const RecordedRuns& runs) {
  return runs.size() == 1 ? runs[0].name() : std::to_string(runs.size()) + " runs";
}

std::string subtitle(const std::vector<Group>& groups) {
  std::string text;
  for (const Group& group : groups) {
    std::vector<std::string> algorithms;
    for (const ColouredRun& of : group.runs)
      if (std::ranges::find(algorithms, of.run->algorithm()) == algorithms.end())
        algorithms.push_back(of.run->algorithm());
    text += text.empty() ? "" : "; ";
    for (std::size_t i = 0; i < algorithms.size(); ++i) text += (i > 0 ? ", " : "") + algorithms[i];
    text += " on " + group.environment;
  }
  return text;
}

std::string body(const RecordedRuns& runs, Figures& figures) {
  const std::vector<Group> groups = by_environment(runs);
  const auto heading = [&](const std::string& text, const Group& group) {
    return "<h2>" + markup_text(text + (groups.size() > 1 ? " on " + group.environment : "")) + "</h2>\n";
  };
  std::string html =
      "<h1>" + markup_text(title_of(runs)) + "</h1>\n" + page_note(subtitle(groups)) + overview_sheet(runs) +
      page_note(
          "Returns are those of an episode on held-out tasks: before and after all gradient steps, or in "
          "the first and the last episode of a trial.");
  for (const Group& group : groups) html += heading("Adaptation", group) + adaptation(group, figures);
  for (const Group& group : groups)
    html += heading("Training", group) + figures.add(training_charts(group.runs)) +
            page_note(training_legend(group) + " " + thinning_note(group.runs));
  for (const Group& group : groups)
    html += heading("What else was measured", group) + figures.add(other_charts(group.runs), "figures small");
  html += "<h2>Options</h2>\n";
  if (runs.size() > 1)
    html += page_note("In what the runs differ; each by the name that --set takes.") + difference_sheet(runs);
  for (const RecordedRun& run : runs)
    html += "<details><summary>All options of " + markup_text(run.name()) + "</summary>\n" +
            config_sheet(run) + "</details>\n";
  html += "<h2>Machines</h2>\n" + machine_sheet(runs) + "<h2>To repeat it</h2>\n" +
          page_note(
              "The same build gives the same checkpoint to the last bit, for any number of threads and on "
              "every instruction set. These commands train and evaluate anew, and compare.");
  for (const RecordedRun& run : runs) html += repetition(run);
  return html;
}

}  // namespace

std::string report_page(const std::vector<std::filesystem::path>& folders) {
  RecordedRuns runs;
  for (const std::filesystem::path& folder : folders) runs.push_back(read_recorded_run(folder));
  Figures figures;
  const std::string html = body(runs, figures);
  return page_of(title_of(runs), html, figures);
}

}  // namespace innerloop
