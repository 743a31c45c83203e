#include "engine/evaluation/played_trial.h"

#include <cmath>

#include "engine/device/planned_buffers.h"
#include "engine/evaluation/curve.h"
#include "engine/stages/trial_loop.h"

namespace innerloop {
namespace {

// All rows of the first environment of some dimensions, [dimension][step], as [step][dimension].
template <class T>
std::vector<std::vector<float>> by_step(Device& device, const T* from, int dimensions,
                                        const Batch<float>& batch) {
  std::vector<std::vector<float>> steps(static_cast<std::size_t>(batch.horizon));
  std::vector<T> row(static_cast<std::size_t>(batch.rows()));
  for (int d = 0; d < dimensions; ++d) {
    device.read(from + d * batch.row_stride, row);
    for (std::size_t t = 0; t < steps.size(); ++t)
      steps[t].push_back(static_cast<float>(row[t * static_cast<std::size_t>(batch.envs)]));
  }
  return steps;
}

}  // namespace

PlayedTrial play_trial(const Config& config, Device& device, const std::vector<float>& params,
                       const std::vector<float>& fixed_task) {
  BufferPlan plan;
  const TrialSetup setup = trial_setup(config);
  TrialLoop loop(setup, 1, 1, false, device, plan);
  float* device_params = nullptr;
  plan.add(&device_params, "params", "[parameter]", {parameters_of(loop.policy())});
  const auto memory = allocate_planned(device, plan, "the trial");
  device.write(device_params, params);
  if (!fixed_task.empty()) loop.fix_task(fixed_task);
  loop.set_key({config.evaluation.seed, kEvaluationIteration});
  loop.play(device_params, config.evaluation.deterministic);

  const Batch<float>& batch = loop.trials().batch;
  const auto saw = by_step(device, batch.observations, setup.environment_info.observation.numbers, batch);
  auto did = by_step(device, batch.actions, batch.action_size, batch);
  // A batch keeps what was drawn; the environment was handed what that is squashed to.
  if (const float bound = loop.shape().actor.squash; bound > 0)
    for (std::vector<float>& action : did)
      for (float& number : action) number = bound * std::tanh(number);
  const auto got = by_step(device, batch.rewards, 1, batch), ended = by_step(device, batch.ends, 1, batch);
  PlayedTrial trial{loop.task(0), {}};
  for (std::size_t t = 0; t < saw.size(); ++t)
    trial.steps.push_back({saw[t], did[t], got[t][0], ended[t][0] > 0});
  return trial;
}

}  // namespace innerloop
