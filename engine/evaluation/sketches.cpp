#include "engine/evaluation/sketches.h"

#include <cmath>
#include <cstdint>
#include <utility>

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

// As kernels/inner/rollout.h plays a trajectory's first episode.
template <class Env>
SketchedEpisode play_again(const typename Env::Options& options, std::vector<float> task,
                           const PlayedEpisode& played) {
  const auto random_at = [&](std::size_t step, Purpose purpose) {
    using Word = UintPack<Alone>;
    return Random<Alone>(played.key, Word(0u), Word(static_cast<std::uint32_t>(played.env)),
                         Word(static_cast<std::uint32_t>(step)), purpose,
                         static_cast<std::uint32_t>(played.inner_step));
  };
  task.resize(static_cast<std::size_t>(kTaskSize<Env>));
  const auto numbers = load_task<Env, Alone>(task.data());
  std::vector<float> room(static_cast<std::size_t>(episode_size<Env>(options)));
  Episode<Env, Alone> episode(options, numbers, room.data(), 1);
  episode.begin(random_at(0, Purpose::trial), random_at(0, Purpose::reset));
  SketchedEpisode sketched;
  const auto add = [&](std::span<const float> action) {
    episode.sketch(action, sketched.states.emplace_back());
  };
  add({});
  for (std::size_t t = 0; t < played.steps.size(); ++t) {
    const std::vector<float>& did = played.steps[t].did;
    const Outcome<Alone> outcome = episode.step(action_of<Env>(did), random_at(t, Purpose::environment));
    sketched.rewards.push_back(outcome.reward.get(0));
    add(did);
  }
  return sketched;
}

}  // namespace

void Sketch::polygon(const std::vector<std::array<double, 2>>& corners, Ink ink) {
  SketchShape shape{SketchShape::Kind::polygon, ink, {}};
  for (const auto& [x, y] : corners) shape.places.push_back({x, y});
  add(std::move(shape));
}

void Sketch::trace(double x, double y) {
  if (std::isfinite(x) && std::isfinite(y)) trace_ = {x, y};
}

void Sketch::add(SketchShape shape) {
  for (const PlanePoint& place : shape.places)
    if (!std::isfinite(place.x) || !std::isfinite(place.y)) return;
  if (std::isfinite(shape.radius)) shapes_.push_back(std::move(shape));
}

SketchedEpisode sketch(const Config& config, const std::vector<float>& task, const PlayedEpisode& episode) {
  SketchedEpisode sketched;
  with_environment(config.environment, [&]<class Env>(const typename Env::Options& options) {
    if constexpr (Sketches<Env>) sketched = play_again<Env>(options, task, episode);
  });
  return sketched;
}

}  // namespace innerloop
