#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/config/environment_options.h"
#include "engine/config/tasks.h"
#include "engine/evaluation/played_trial.h"
#include "engine/text/columns.h"
#include "kernels/environment/words.h"

namespace innerloop {
namespace {

constexpr std::size_t kLineWidth = 96;

std::string in_columns(const std::vector<float>& numbers) {
  std::string text;
  for (const float x : numbers) text += (text.empty() ? "" : " ") + number_cell("%6.2f", x);
  return text;
}

// What was seen and done, in the words of the environment: numbers where it has none of its own.
template <class Env>
std::string seen_words(const typename Env::Options& options, const PlayedStep& step) {
  if constexpr (SaysWhatIsSeen<Env>)
    return Env::say(options, {step.saw, step.symbols});
  else
    return in_columns(step.saw);
}
template <class Env>
std::string done_words(const typename Env::Options& options, const std::vector<float>& did) {
  if constexpr (SaysWhatIsDone<Env>)
    return Env::say_action(options, did);
  else
    return Env::Action::discrete && did.size() == 1 ? number_cell("action %.0f", did[0]) : in_columns(did);
}

// The mean and the standard deviation of each number of a belief: "-0.31±0.92"; of many the first.
std::string believed_words(const PlayedStep& step) {
  constexpr std::size_t kShown = 6;
  std::string text;
  for (std::size_t i = 0; i < std::min(step.belief_means.size(), kShown); ++i)
    text += (i > 0 ? " " : "") + number_cell("%5.2f±", step.belief_means[i]) +
            number_cell("%.2f", step.belief_deviations[i]);
  return text + (step.belief_means.size() > kShown ? " …" : "");
}

// `words` in lines of at most kLineWidth.
std::string wrapped(const std::vector<std::string>& words) {
  std::string text, line;
  for (const std::string& word : words) {
    if (!line.empty() && columns_in(line) + 1 + columns_in(word) > kLineWidth) {
      text += line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return text + line + "\n";
}

std::string task_line(const PlayedTrial& trial, const Config& config) {
  constexpr std::size_t kFew = 50;
  if (trial.task.size() > kFew) return "task of " + std::to_string(trial.task.size()) + " numbers\n";
  std::vector<std::string> words = {"task"};
  const auto task = task_json(trial.task, config);
  for (const auto& [name, value] : task.items()) words.push_back(name + " = " + number_cell("%.4g", value));
  for (std::size_t i = 1; i + 1 < words.size(); ++i) words[i] += ",";
  return wrapped(words);
}

template <class Env>
std::string table_of(const PlayedTrial& trial, const typename Env::Options& options) {
  std::vector<std::string> seen, done, believed;
  std::size_t seen_width = 3, done_width = 3, believed_width = 0;
  for (const PlayedStep& step : trial.steps) {
    seen.push_back(seen_words<Env>(options, step));
    done.push_back(done_words<Env>(options, step.did));
    seen_width = std::max(seen_width, columns_in(seen.back()));
    done_width = std::max(done_width, columns_in(done.back()));
    believed.push_back(believed_words(step));
    believed_width = std::max(believed_width, columns_in(believed.back()));
  }
  const auto belief_column = [&](const std::string& text) {
    return believed_width == 0 ? "" : "  " + filled(text, believed_width);
  };
  std::string table = "episode  step  " + filled("saw", seen_width) + belief_column("believed") + "  " +
                      filled("did", done_width) + "       got   episode     trial\n";
  std::vector<std::string> returns = {"return of each episode:"};
  double of_episode = 0, of_trial = 0;
  int episode = 1, number = 0;
  for (std::size_t t = 0; t < trial.steps.size(); ++t) {
    const PlayedStep& step = trial.steps[t];
    of_episode += step.got;
    of_trial += step.got;
    ++number;
    table += number_cell("%7.0f", episode) + number_cell("%6.0f", number) + "  " +
             filled(seen[t], seen_width) + belief_column(believed[t]) + "  " + filled(done[t], done_width) +
             number_cell(" %9.2f", step.got) + number_cell(" %9.2f", of_episode) +
             number_cell(" %9.2f", of_trial) + "\n";
    if (!step.ended) continue;
    returns.push_back(number_cell("%.2f", of_episode));
    ++episode;
    number = 0;
    of_episode = 0;
  }
  if (number > 0) returns.push_back("and " + number_cell("%.2f", of_episode) + " of one that has not ended");
  return table + wrapped(returns) + "return of the trial: " + number_cell("%.2f", of_trial) + "\n";
}

}  // namespace

std::string trial_story(const PlayedTrial& trial, const Config& config) {
  std::string table;
  with_environment(config.environment, [&]<class Env>(const typename Env::Options& options) {
    table = table_of<Env>(trial, options);
  });
  return task_line(trial, config) + table;
}

}  // namespace innerloop
