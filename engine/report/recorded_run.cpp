#include "engine/report/recorded_run.h"
#include "engine/text/json.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/error.h"
#include "engine/run/checkpoint_files.h"
#include "engine/run/metrics_log.h"
#include "engine/run/run_folder.h"

namespace innerloop {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// A curve of evaluation.json: its points are objects.
void check_curve(const Json& holder, const std::string& where) {
  if (holder.is_object() && holder.contains("curve") && holder["curve"].is_array() &&
      !holder["curve"].empty() &&
      std::ranges::all_of(holder["curve"], [](const Json& point) { return point.is_object(); }))
    return;
  throw InputError(where + ": wanted a \"curve\", a list of objects, found none");
}

void check_evaluation(const Json& evaluation, const std::string& file) {
  check_curve(evaluation, file);
  if (!evaluation.contains("baselines")) return;
  for (const Json& baseline : evaluation["baselines"]) check_curve(baseline, file + ": /baselines");
}

bool are_lists(const Json& list, std::size_t size, std::size_t of) {
  return list.is_array() && list.size() == size &&
         std::ranges::all_of(list, [&](const Json& each) { return each.is_array() && each.size() == of; });
}

// Of each task as many returns, and as many numbers as names.
void check_tasks(const Json& tasks, const std::string& file) {
  const Json returns = tasks.value("returns", Json::array()),
             names = tasks.value("task_names", Json::array());
  if (!returns.is_array() || returns.empty() || returns[0].empty() ||
      !are_lists(returns, returns.size(), returns[0].size()))
    throw InputError(file + ": wanted \"returns\", a list of equally long lists, found none");
  if (!names.is_array() ||
      (!names.empty() && !are_lists(tasks.value("tasks", Json()), returns.size(), names.size())))
    throw InputError(
        file + ": wanted \"tasks\", the numbers of \"task_names\" for each of \"returns\", found others");
}

// Of each task the means at as many points, and of each point as many numbers; of a path's steps one more.
void check_beliefs(const Json& tasks, const std::string& file) {
  if (!tasks.contains("belief_means")) return;
  const Json &means = tasks["belief_means"], path = tasks.value("belief_path", Json::array());
  const bool has_points = means.is_array() && !means.empty() && means[0].is_array() && !means[0].empty() &&
                          means[0][0].is_array() && !means[0][0].empty();
  const std::size_t points = has_points ? means[0].size() : 0, numbers = has_points ? means[0][0].size() : 0;
  if (!has_points || means.size() != tasks["returns"].size() ||
      !std::ranges::all_of(means, [&](const Json& of) { return are_lists(of, points, numbers); }) ||
      !are_lists(path, path.size(), numbers + 1) ||
      !tasks.value("belief_deviations", Json::array()).is_array())
    throw InputError(file + ": wanted \"belief_means\", as many numbers at as many points for each of " +
                     "\"returns\", and the same numbers in \"belief_path\", found others");
}

struct FirstAndLast {
  double first = kNone, last = kNone;
};

FirstAndLast ends_of(const Json& metrics, const char* key) {
  if (!metrics.contains(key) || !metrics[key].is_array() || metrics[key].empty()) return {};
  return {number_of(metrics[key].front()), number_of(metrics[key].back())};
}

// What the course shows in columns of its own.
bool has_a_column(const std::string& key) {
  return key == "iteration" || key == "seconds" || key == "env_steps";
}

void add_others(TrainingCourse& course, const Json& metrics) {
  const std::size_t done = course.iteration.size();
  for (const auto& [key, value] : metrics.items()) {
    if (has_a_column(key) || !(value.is_number() || value.is_null())) continue;
    auto column = std::ranges::find(course.others, key, [](const auto& other) { return other.first; });
    if (column == course.others.end())
      column = course.others.insert(column, {key, std::vector<double>(done - 1, kNone)});
    column->second.push_back(number_of(value));
  }
  for (auto& [key, column] : course.others) column.resize(done, kNone);
}

TrainingCourse read_course(const std::filesystem::path& path) {
  TrainingCourse course;
  double seconds = 0;
  read_metrics(path, [&](const Json& metrics) {
    const double took = number_at(metrics, "seconds");
    seconds += std::isfinite(took) ? took : 0;
    course.iteration.push_back(number_at(metrics, "iteration"));
    course.seconds.push_back(seconds);
    course.env_steps.push_back(number_at(metrics, "env_steps"));
    const FirstAndLast returns = ends_of(metrics, "returns"),
                       evaluated = ends_of(metrics, "evaluation_returns"),
                       ci95 = ends_of(metrics, "evaluation_ci95");
    course.first_return.push_back(returns.first);
    course.last_return.push_back(returns.last);
    course.first_evaluated.push_back(evaluated.first);
    course.last_evaluated.push_back(evaluated.last);
    course.first_ci95.push_back(ci95.first);
    course.last_ci95.push_back(ci95.last);
    course.adapts = course.adapts || (metrics.contains("returns") && metrics["returns"].size() > 1);
    add_others(course, metrics);
  });
  if (course.iteration.empty())
    throw InputError(path.string() + ": wanted the metrics of a run, found those of no iteration");
  return course;
}

NewestCheckpoint newest_checkpoint(const std::filesystem::path& run) {
  if (list_checkpoints(run).empty()) return {"", "none"};
  try {
    const Checkpoint checkpoint = read_newest_checkpoint(run);
    return {std::to_string(checkpoint.iteration), checkpoint.file.checksum()};
  } catch (const InputError& error) {
    return {"", error.what()};  // what the run has recorded beside it can be shown all the same
  }
}

}  // namespace

double number_of(const Json& value) { return value.is_number() ? value.get<double>() : kNone; }

double number_at(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  return found == object.end() ? kNone : number_of(*found);
}

std::string text_at(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "-";
  return found->is_string() ? found->get<std::string>() : json_text(*found);
}

std::string RecordedRun::named(const char* option) const {
  const auto found = config.find(option);
  return found == config.end() || !found->is_object() ? "-" : text_at(*found, "name");
}

RecordedRun read_recorded_run(const std::filesystem::path& folder) {
  const RunFolder run = open_run_folder(folder);
  RecordedRun recorded{.folder = folder,
                       .config = read_json(run.config()),
                       .machine = read_json(run.machine()),
                       .evaluation = read_json(run.evaluation()),
                       .tasks = read_json(run.evaluation_tasks()),
                       .course = read_course(run.metrics()),
                       .checkpoint = newest_checkpoint(folder)};
  if (!recorded.evaluation.is_null()) check_evaluation(recorded.evaluation, run.evaluation().string());
  if (!recorded.tasks.is_null()) {
    check_tasks(recorded.tasks, run.evaluation_tasks().string());
    check_beliefs(recorded.tasks, run.evaluation_tasks().string());
  }
  return recorded;
}

}  // namespace innerloop
