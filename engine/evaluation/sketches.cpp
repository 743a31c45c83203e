#include "engine/evaluation/sketches.h"

#include <cstdint>
#include <span>

#include "engine/config/environment_options.h"
#include "kernels/environment/episode.h"

namespace innerloop {
namespace {

using Alone = Pack<float, 1>;

template <class Env>
typename Env::Action::template Value<Alone> action_of(const std::vector<float>& did) {
  typename Env::Action::template Value<Alone> action;
  for (int i = 0; i < Env::Action::size; ++i) {
    const float number = did[static_cast<std::size_t>(i)];
    if constexpr (Env::Action::discrete)
      chosen_in<Alone>(action, i) = IntPack<Alone>(static_cast<std::int32_t>(number));
    else
      action[i] = Alone(number);
  }
  return action;
}

// As kernels/inner/rollout.h plays a trajectory, and kernels/trials/play.h a trial.
template <class Env>
std::vector<SketchedEpisode> play_again(const typename Env::Options& options, std::vector<float> task,
                                        const PlayedEpisodes& played) {
  const auto random_at = [&](std::size_t step, Purpose purpose) {
    using Word = UintPack<Alone>;
    return Random<Alone>(played.key, Word(static_cast<std::uint32_t>(played.task)),
                         Word(static_cast<std::uint32_t>(played.env)), Word(static_cast<std::uint32_t>(step)),
                         purpose, static_cast<std::uint32_t>(played.inner_step));
  };
  task.resize(static_cast<std::size_t>(kTaskSize<Env>));
  const auto numbers = load_task<Env, Alone>(task.data());
  std::vector<float> room(static_cast<std::size_t>(episode_size<Env>(options)));
  Episode<Env, Alone> episode(options, numbers, room.data(), 1);
  episode.begin(random_at(0, Purpose::trial), random_at(0, Purpose::reset));
  std::vector<SketchedEpisode> episodes(1);
  const auto add = [&](std::span<const float> action) {
    episode.sketch(action, episodes.back().states.emplace_back());
  };
  add({});
  for (std::size_t t = 0; t < played.steps.size(); ++t) {
    const PlayedStep& step = played.steps[t];
    const Outcome<Alone> outcome = episode.step(action_of<Env>(step.did), random_at(t, Purpose::environment));
    episodes.back().rewards.push_back(outcome.reward.get(0));
    add(step.did);
    if (!step.ended || t + 1 == played.steps.size()) continue;
    episode.restart(Mask<Alone>(-1), random_at(t + 1, Purpose::reset));
    episodes.emplace_back();
    add({});
  }
  return episodes;
}

}  // namespace

std::vector<SketchedEpisode> sketch(const Config& config, const std::vector<float>& task,
                                    const PlayedEpisodes& played) {
  std::vector<SketchedEpisode> sketched;
  with_environment(config.environment, [&]<class Env>(const typename Env::Options& options) {
    if constexpr (Sketches<Env>) sketched = play_again<Env>(options, task, played);
  });
  return sketched;
}

}  // namespace innerloop
