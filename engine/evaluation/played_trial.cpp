#include "engine/evaluation/played_trial.h"

#include <algorithm>

#include "engine/config/tasks.h"
#include "engine/device/planned_buffers.h"
#include "engine/evaluation/curve.h"
#include "engine/stages/trial_loop.h"
#include "kernels/lanes/maths.h"

namespace innerloop {
namespace {

// All rows of an environment, of some dimensions, [dimension][step], as [step][dimension].
template <class Number = float, class T>
std::vector<std::vector<Number>> by_step(Device& device, const T* from, int dimensions,
                                         const Batch<float>& batch, int env) {
  std::vector<std::vector<Number>> steps(static_cast<std::size_t>(batch.horizon));
  std::vector<T> row(static_cast<std::size_t>(batch.rows()));
  for (int d = 0; d < dimensions; ++d) {
    device.read(from + d * batch.row_stride, row);
    for (std::size_t t = 0; t < steps.size(); ++t)
      steps[t].push_back(
          static_cast<Number>(row[t * static_cast<std::size_t>(batch.envs) + static_cast<std::size_t>(env)]));
  }
  return steps;
}

}  // namespace

std::vector<PlayedStep> played_steps(Device& device, const Batch<float>& batch, int seen, float squash,
                                     int env) {
  const auto saw = by_step(device, batch.observations, seen, batch, env);
  auto did = by_step(device, batch.actions, batch.action_size, batch, env);
  // A batch keeps what was drawn; the environment was handed what that is squashed to.
  if (squash > 0)
    for (std::vector<float>& action : did)
      for (float& number : action) number = squash * tanh(Pack<float, 1>(number)).get(0);
  const auto got = by_step(device, batch.rewards, 1, batch, env),
             ended = by_step(device, batch.ends, 1, batch, env);
  const auto symbols = by_step<std::int32_t>(device, batch.symbols,
                                             batch.symbols == nullptr ? 0 : batch.symbol_places, batch, env);
  std::vector<PlayedStep> steps;
  for (std::size_t t = 0; t < saw.size(); ++t)
    steps.push_back({saw[t], did[t], got[t][0], ended[t][0] > 0, symbols[t]});
  return steps;
}

std::vector<PlayedStep> first_episode(Device& device, const Batch<float>& batch, int seen, float squash,
                                      int env) {
  std::vector<PlayedStep> steps = played_steps(device, batch, seen, squash, env);
  const auto end = std::ranges::find(steps, true, &PlayedStep::ended);
  if (end != steps.end()) steps.erase(end + 1, steps.end());
  return steps;
}

std::vector<PlayedTrial> play_trials(const Config& config, Device& device, const std::vector<float>& params,
                                     const std::vector<float>& fixed_task) {
  const TaskTable table = evaluation_tasks(config, fixed_task);
  const int count = table.empty() ? config.evaluation.tasks : static_cast<int>(table.size());
  BufferPlan plan;
  TrialSetup setup = trial_setup(for_evaluation(config));
  setup.told_envs = count;
  TrialLoop loop(setup, count, 1, false, device, plan);
  float* device_params = nullptr;
  plan.add(&device_params, "params", "[parameter]", {loop.parameters()});
  const auto memory = allocate_planned(device, plan, "the trials");
  device.write(device_params, std::span(params).first(static_cast<std::size_t>(loop.parameters())));
  if (!table.empty()) loop.fix_tasks(table);
  loop.set_key({config.evaluation.seed, kEvaluationIteration});
  loop.play(device_params, config.evaluation.deterministic);

  std::vector<PlayedTrial> trials;
  const std::vector<float> lengths = loop.returns().trial_lengths;
  const TrialLoop::Beliefs beliefs = loop.beliefs();
  for (int i = 0; i < count; ++i) {
    trials.push_back(
        {loop.task(i), played_steps(device, loop.trials().batch, setup.environment_info.observation.numbers,
                                    loop.shape().actor.squash, i)});
    std::vector<PlayedStep>& steps = trials.back().steps;
    steps.resize(static_cast<std::size_t>(lengths[static_cast<std::size_t>(i)]));
    for (std::size_t t = 0; t < steps.size(); ++t)
      for (int number = 0; number < beliefs.latent; ++number) {
        const int step = static_cast<int>(t);
        steps[t].belief_means.push_back(static_cast<float>(beliefs.mean(step, i, number)));
        steps[t].belief_deviations.push_back(static_cast<float>(beliefs.deviation(step, i, number)));
      }
  }
  return trials;
}

PlayedTrial play_trial(const Config& config, Device& device, const std::vector<float>& params,
                       const std::vector<float>& fixed_task) {
  Config one = config;
  one.evaluation.tasks = 1;
  return play_trials(one, device, params, fixed_task).front();
}

}  // namespace innerloop
