#include "engine/evaluation/episode_pictures.h"

#include <nlohmann/json.hpp>
#include <numeric>

#include "engine/config/tasks.h"
#include "engine/evaluation/sketches.h"
#include "engine/evaluation/step_evaluator.h"
#include "engine/text/columns.h"

namespace innerloop {
namespace {

double sum_of(const std::vector<float>& rewards) {
  return std::accumulate(rewards.begin(), rewards.end(), 0.0);
}

// The first episodes of a trial, and the last.
std::vector<int> some_of(int episodes) {
  constexpr int kMost = 5;
  std::vector<int> some(static_cast<std::size_t>(std::min(episodes, kMost)));
  std::iota(some.begin(), some.end(), 1);
  if (episodes > kMost) some.back() = episodes;
  return some;
}

}  // namespace

std::string task_words(const std::vector<float>& task, const Config& config) {
  constexpr std::size_t kFew = 7;
  if (task.size() > kFew) return "task of " + std::to_string(task.size()) + " numbers";
  std::string words;
  const auto object = task_json(task, config);
  for (const auto& [name, number] : object.items())
    words += (words.empty() ? "" : ", ") + name + " " + number_cell("%.3g", number);
  return words;
}

std::string episode_words(const std::vector<float>& rewards) {
  return number_cell("%.2f in ", sum_of(rewards)) + std::to_string(rewards.size()) +
         (rewards.size() == 1 ? " step" : " steps");
}

std::vector<PictureRow> rows_of_steps(const Config& config, Device& device, const std::vector<float>& params,
                                      const std::vector<int>& steps, const std::vector<float>& fixed_task) {
  std::vector<PictureRow> rows;
  for (const int count : steps) {
    Config after = config;
    after.evaluation.inner_steps = count;
    const auto evaluator = StepEvaluator::create(after, device, fixed_task);
    evaluator->allocate();
    const std::vector<double> returns = evaluator->evaluate(params).back().returns;
    for (std::size_t i = 0; i < returns.size(); ++i) {
      const int number = static_cast<int>(i);
      const std::vector<float> task = evaluator->task(number);
      if (rows.size() == i) rows.push_back({task_words(task, config), {}});
      const SketchedEpisode episode =
          sketch(config, task, evaluator->first_episodes(number, 1).front()).front();
      rows[i].panels.push_back({episode.states, "step " + std::to_string(count) +
                                                    number_cell(": %.4g", sum_of(episode.rewards)) +
                                                    number_cell(" (mean %.4g)", returns[i])});
    }
  }
  return rows;
}

std::vector<PictureRow> rows_of_episodes(const Config& config, Device& device,
                                         const std::vector<float>& params, const std::vector<int>& episodes,
                                         const std::vector<float>& fixed_task) {
  std::vector<PictureRow> rows;
  for (PlayedTrial& trial : play_trials(config, device, params, fixed_task)) {
    const int number = static_cast<int>(rows.size());
    const std::vector<SketchedEpisode> played =
        sketch(config, trial.task,
               {{config.evaluation.seed, kEvaluationIteration}, number, 0, 0, std::move(trial.steps)});
    const int count = static_cast<int>(played.size());
    PictureRow row;
    double all = 0;
    for (const SketchedEpisode& episode : played) all += sum_of(episode.rewards);
    row.title = task_words(trial.task, config) + number_cell(": return of the trial %.4g", all);
    for (const int which : episodes.empty() ? some_of(count) : episodes) {
      if (which > count)
        throw InputError("--episodes: wanted numbers from 1 to " + std::to_string(count) +
                         ", the episodes of trial " + std::to_string(number + 1) + ", found " +
                         std::to_string(which));
      const SketchedEpisode& episode = played[static_cast<std::size_t>(which - 1)];
      row.panels.push_back({episode.states, "episode " + std::to_string(which) + ": " +
                                                number_cell("%.4g", sum_of(episode.rewards))});
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace innerloop
