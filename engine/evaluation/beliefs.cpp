#include "engine/evaluation/beliefs.h"

#include <algorithm>
#include <vector>

#include "engine/options/json.h"
#include "engine/options/visitors.h"

namespace innerloop {
namespace {

using Beliefs = TrialLoop::Beliefs;

Json means_at(const Beliefs& beliefs, int step, int env) {
  Json means = Json::array();
  for (int number = 0; number < beliefs.latent; ++number)
    means.push_back(shortest_decimal(static_cast<float>(beliefs.mean(step, env, number))));
  return means;
}

double deviation_at(const Beliefs& beliefs, int step, int env) {
  double sum = 0;
  for (int number = 0; number < beliefs.latent; ++number) sum += beliefs.deviation(step, env, number);
  return sum / beliefs.latent;
}

// The last step of each of an environment's episodes that are listed.
std::vector<int> last_steps(const std::vector<float>& ends, int env, int envs, int steps, int episodes) {
  std::vector<int> last;
  for (int step = 0; step < steps && static_cast<int>(last.size()) < episodes; ++step)
    if (ends[static_cast<std::size_t>(step) * static_cast<std::size_t>(envs) +
             static_cast<std::size_t>(env)] > 0)
      last.push_back(step);
  return last;
}

}  // namespace

Json beliefs_json(const TrialLoop& loop, Device& device) {
  const Beliefs beliefs = loop.beliefs();
  if (beliefs.latent == 0) return Json::object();
  const Batch<float>& batch = loop.trials().batch;
  const std::vector<float> ends = device.read(batch.ends, batch.rows()),
                           lengths = loop.returns().trial_lengths;
  const auto length_of = [&](int env) { return static_cast<int>(lengths[static_cast<std::size_t>(env)]); };
  std::vector<double> deviations(static_cast<std::size_t>(loop.episodes()) + 1), counts(deviations.size());
  const auto add = [&](std::size_t point, int step, int env) {
    deviations[point] += deviation_at(beliefs, step, env);
    ++counts[point];
  };
  Json means = Json::array(), path = Json::array();
  bool has_two = false;
  for (int env = 0; env < beliefs.envs; env += loop.envs_per_task()) {
    const int last = length_of(env) - 1;
    const std::vector<int> ended = last_steps(ends, env, batch.envs, last + 1, loop.episodes());
    const int first = ended.empty() ? last : ended[0];
    has_two = has_two || first < last;
    means.push_back({means_at(beliefs, first, env), means_at(beliefs, last, env)});
    add(0, 0, env);
    for (std::size_t episode = 0; episode < ended.size(); ++episode) add(episode + 1, ended[episode], env);
  }
  if (!has_two)
    for (Json& of_task : means) of_task.erase(0);
  int episode = 1;
  for (int step = 0; step < length_of(0); ++step) {
    Json& point = path.emplace_back(Json::array({episode}));
    for (Json& mean : means_at(beliefs, step, 0)) point.push_back(std::move(mean));
    if (ends[static_cast<std::size_t>(step) * static_cast<std::size_t>(batch.envs)] > 0) ++episode;
  }
  Json told = Json::array();
  for (std::size_t point = 0; point < deviations.size(); ++point)
    if (counts[point] > 0) told.push_back(deviations[point] / counts[point]);
  return {{"belief_means", means}, {"belief_deviations", told}, {"belief_path", path}};
}

}  // namespace innerloop
