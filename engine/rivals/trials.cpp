#include "engine/rivals/trials.h"

#include <algorithm>
#include <array>

#include "engine/config/environment_options.h"
#include "engine/config/tasks.h"
#include "engine/device/thread_pool.h"
#include "engine/evaluation/curve.h"
#include "kernels/environment/episode.h"
#include "kernels/environment/limits.h"
#include "kernels/environment/solved.h"
#include "kernels/environment/words.h"

namespace innerloop {
namespace {

using One = Pack<float, 1>;
using OneWord = UintPack<One>;

// [kTaskSize], as DrawTasks draws it.
template <class Env>
std::vector<float> draw_numbers(const typename Env::Options& options, RandomKey key, std::uint32_t task) {
  Random<One> random(key, OneWord(task), OneWord(0), OneWord(0), Purpose::task, 0);
  typename Env::template Task<One> drawn;
  draw_task<Env>(options, random, drawn);
  std::vector<float> numbers(static_cast<std::size_t>(kTaskSize<Env>));
  scatter_fields<One>(drawn, [&](int i, One x) { numbers[static_cast<std::size_t>(i)] = x.get(0); });
  return numbers;
}

template <class Env>
class RivalTrial {
 public:
  RivalTrial(const Config& config, const typename Env::Options& options, RandomKey key,
             const std::vector<float>& task)
      : options_(options),
        key_(key),
        task_(task),
        episode_steps_(config.horizon),
        steps_(trial_length(config)),
        counted_(static_cast<std::size_t>(trial_episodes(config))) {}

  // Writes column `column` of the returns.
  void play(TrialLearner& learner, std::uint32_t task, std::uint32_t env, TrialLoop::Returns& returns,
            std::size_t column) const {
    const auto numbers = load_task<Env, One>(task_.data());
    const auto random_at = [&](int step, Purpose purpose) {
      return Random<One>(key_, OneWord(task), OneWord(env), OneWord(static_cast<std::uint32_t>(step)),
                         purpose, 0);
    };
    std::vector<float> between(static_cast<std::size_t>(episode_size<Env>(options_))),
        seen(static_cast<std::size_t>(Env::observation(options_).numbers));
    Episode<Env, One> playing(options_, numbers, between.data(), 1);
    const auto state_number = [&] {
      playing.save();
      return Env::state_number(options_, gather_fields<One, typename Env::template State<One>>([&](int i) {
                                 return One(between[static_cast<std::size_t>(i)]);
                               }));
    };
    const auto see_number = [&](int d, One x) { seen[static_cast<std::size_t>(d)] = x.get(0); };
    const auto see_symbol = [](int, IntPack<One>) {};
    playing.begin(random_at(0, Purpose::trial), random_at(0, Purpose::reset));
    double all = 0, sum = 0;
    std::size_t episode = 0;
    Situation now{.seen = seen, .numbers = between};
    bool begins = true;
    for (int t = 0; t < steps_ && (counted_ == 0 || episode < counted_); ++t) {
      Draws draws(key_, task, env, static_cast<std::uint32_t>(t));
      if (begins) {
        if (t > 0) playing.restart(Mask<One>(-1), random_at(t, Purpose::reset));
        now.step = 0;
        sum = 0;
        learner.begin_episode(draws);
      }
      now.state = state_number();
      playing.observe(random_at(t, Purpose::observation), Sink(see_number, see_symbol));
      if constexpr (HasLimits<Env>)
        if (episode < returns.beyond_limits.size() && Env::beyond_limits(options_, seen))
          ++returns.beyond_limits[episode][column];
      int action = 0;
      const Outcome<One> outcome =
          playing.step(choose(learner, now, draws, action), random_at(t, Purpose::environment));
      const float reward = outcome.reward.get(0);
      learner.learn({now.state, action, reward, state_number()});
      sum += reward;
      all += reward;
      begins = ++now.step == episode_steps_ || outcome.terminated.get(0) != 0;
      if (!begins) continue;
      if (episode < returns.of_episode.size()) {
        returns.of_episode[episode][column] = static_cast<float>(sum);
        returns.lengths[episode][column] = static_cast<float>(now.step);
        if (kSolvedWhenPaid<Env>) returns.solved[episode][column] = reward > 0 ? 1.0f : 0.0f;
      }
      ++episode;
    }
    returns.of_trial[column] = static_cast<float>(all);
  }

 private:
  // The learner's action, and its number where it has one.
  static typename Env::Action::template Value<One> choose(TrialLearner& learner, const Situation& now,
                                                          Draws& draws, int& number) {
    if constexpr (Env::Action::discrete) {
      number = learner.act(now, draws);
      return IntPack<One>(number);
    } else {
      std::array<float, Env::Action::size> numbers = {};
      learner.control(now, draws, numbers);
      Array<One, Env::Action::size> action;
      for (int i = 0; i < Env::Action::size; ++i) action[i] = One(numbers[static_cast<std::size_t>(i)]);
      return action;
    }
  }

  const typename Env::Options options_;
  const RandomKey key_;
  const std::vector<float>& task_;
  const int episode_steps_, steps_;
  const std::size_t counted_;  // episodes of a trial; 0: all that its steps have
};

template <class Env>
TrialLoop::Returns play_trials(const typename Env::Options& options, const LearnerOfTrial& learner_of,
                               const Config& config, int threads, const std::vector<float>& fixed_task) {
  const TaskTable fixed = evaluation_tasks(config, fixed_task);
  const int tasks = fixed.empty() ? config.evaluation.tasks : static_cast<int>(fixed.size()),
            envs = config.evaluation.envs_per_task;
  const auto trials = static_cast<std::size_t>(tasks) * static_cast<std::size_t>(envs);
  const int fit = trial_length(config) / config.horizon, counted = trial_episodes(config);
  const auto episodes = static_cast<std::size_t>(counted > 0 ? std::min(counted, fit) : fit);
  const std::vector<std::vector<float>> rows(episodes, std::vector<float>(trials));
  TrialLoop::Returns returns{.of_episode = rows,
                             .lengths = rows,
                             .solved = {},
                             .beyond_limits = {},
                             .of_trial = std::vector<float>(trials),
                             .trial_lengths = {},
                             .envs_per_task = envs};
  if (kSolvedWhenPaid<Env>) returns.solved = rows;
  if (HasLimits<Env>) returns.beyond_limits = rows;
  const RandomKey key = {config.evaluation.seed, kEvaluationIteration};
  const std::size_t count = Env::task_numbers(options).size();
  ThreadPool(threads).run(tasks, [&](int task, int) {
    const auto number = static_cast<std::uint32_t>(task);
    std::vector<float> numbers = fixed.empty() ? draw_numbers<Env>(options, key, number) : fixed[number];
    numbers.resize(static_cast<std::size_t>(kTaskSize<Env>));
    const std::vector<float> known(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(count));
    const RivalTrial<Env> trial(config, options, key, numbers);
    for (int env = 0; env < envs; ++env)
      trial.play(
          *learner_of(known), number, static_cast<std::uint32_t>(env), returns,
          static_cast<std::size_t>(task) * static_cast<std::size_t>(envs) + static_cast<std::size_t>(env));
  });
  return returns;
}

}  // namespace

TrialLoop::Returns play_rival(const LearnerOfTrial& learner, const Config& config, int threads,
                              const std::vector<float>& fixed_task) {
  TrialLoop::Returns returns;
  with_environment(config.environment, [&]<class Env>(const typename Env::Options& options) {
    if constexpr (HasStateNumbers<Env>)
      returns = play_trials<Env>(options, learner, for_evaluation(config), threads, fixed_task);
  });
  return returns;
}

}  // namespace innerloop
