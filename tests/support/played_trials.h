// A few trials that the engine played on the CPU, on the host.
#pragma once

#include <algorithm>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "engine/config/config.h"
#include "engine/device/planned_buffers.h"
#include "engine/stages/trial_loop.h"
#include "tests/support/trial_problem.h"

namespace innerloop {

/// The trials that a loop has played with θ, with their prompts if there are any, as a problem whose objective is the
/// reference's.
inline TrialProblem played_problem(const TrialLoop& loop, Device& device, const Vector& theta) {
  const Trials<float>& t = loop.trials();
  TrialProblem p;
  p.policy = loop.policy();
  p.envs = t.batch.envs;
  p.steps = t.batch.horizon;
  p.theta = theta;
  const auto rows = [&](const float* from, int each) {
    Vector all;
    for (int d = 0; d < each; ++d)
      for (const double x :
           to_double(device.read(from + d * t.batch.row_stride, std::int64_t{t.batch.rows()})))
        all.push_back(x);
    return all;
  };
  p.inputs = rows(t.batch.observations, t.batch.observation_size);
  p.actions = rows(t.batch.actions, t.batch.action_size);
  p.log_probs = rows(t.batch.log_probs, 1);
  p.advantages = rows(t.batch.advantages, 1);
  p.targets = rows(t.targets, 1);
  p.values = rows(t.values, 1);
  for (int e = 0; e < p.envs; ++e) p.order.push_back(e);
  if (loop.prompts() != nullptr)
    with_memory(loop.policy(), [&]<class Memory>(const MemoryPolicy<Memory>& policy) {
      p.prompts = to_double(
          device.read(loop.prompts(), std::int64_t{p.envs} * prompt_numbers<Memory>(policy.memory)));
    });
  return p;
}

// Trials of two and a half tens of steps at most, of 5 tasks × 2 environments unless overridden.
inline Config trial_config(const std::vector<std::string>& overrides = {}) {
  return parse_config(R"({"seed": 5, "tasks_per_iteration": 5, "envs_per_task": 2, "horizon": 5,
      "at_episode_end": "restart", "environment": {"name": "grid_navigation"}, "policy": {"name": "gru", "hidden": 6},
      "algorithm": {"name": "rl2", "trial_length": 20, "minibatches": 2, "epochs": 2},
      "outer": {"name": "adam", "lr": 0.01}})",
                      "trial.json", overrides);
}

class PlayedTrials {
 public:
  explicit PlayedTrials(const Config& config, std::uint64_t seed = 2)
      : device_({.backend = Backend::cpu, .threads = 2, .instructions = ""}),
        loop_(trial_setup(config), config.tasks_per_iteration, config.envs_per_task, true, device_, plan_) {
    plan_.add(&device_params_, "params", "[parameter]", {parameters_of(loop_.policy())});
    memory_ = allocate_planned(device_, plan_, "the test");
    std::mt19937_64 random(seed);
    theta = random_vector(parameters_of(loop_.policy()), 0.5, random);
    const std::vector<float> params(theta.begin(), theta.end());
    theta = to_double(params);
    device_.write(device_params_, params);
    loop_.set_key({config.seed, 3});
    loop_.play(device_params_);
    const Trials<float>& t = loop_.trials();
    const Batch<float>& b = t.batch;
    steps = b.horizon;
    envs = b.envs;
    policy = loop_.policy();
    shape = loop_.shape();
    inputs = rows(b.observations, b.observation_size);
    actions = rows(b.actions, b.action_size);
    log_probs = rows(b.log_probs, 1)[0];
    rewards = rows(b.rewards, 1)[0];
    ends = rows(b.ends, 1)[0];
    values = rows(t.values, 1)[0];
    returns = loop_.returns();
  }

  int row(int t, int e) const { return t * envs + e; }
  double at(const Vector& numbers, int t, int e) const {
    return numbers[static_cast<std::size_t>(row(t, e))];
  }
  /// The same as a problem whose objective is the reference's.
  TrialProblem problem() const {
    TrialProblem p;
    p.policy = policy;
    p.envs = envs;
    p.steps = steps;
    p.theta = theta;
    const auto without_beyond = [&](const Vector& numbers) {
      return std::span(numbers).first(static_cast<std::size_t>(steps * envs));
    };
    for (const Vector& each : inputs) std::ranges::copy(without_beyond(each), std::back_inserter(p.inputs));
    for (const Vector& each : actions) std::ranges::copy(without_beyond(each), std::back_inserter(p.actions));
    std::ranges::copy(without_beyond(log_probs), std::back_inserter(p.log_probs));
    return p;
  }

  Vector theta;
  int steps = 0, envs = 0;
  TrialPolicy policy;
  MemoryPolicyShape shape;
  std::vector<Vector> inputs,
      actions;  // [dimension][step][env]  with the step beyond where the batch looks there
  Vector log_probs, rewards, ends, values;
  TrialLoop::Returns returns;

 private:
  std::vector<Vector> rows(const float* from, int dimensions) {
    std::vector<Vector> all;
    for (int d = 0; d < dimensions; ++d) {
      std::vector<float> numbers(static_cast<std::size_t>(loop_.trials().batch.seen_rows()));
      device_.read(from + d * loop_.trials().batch.row_stride, numbers);
      all.push_back(to_double(numbers));
    }
    return all;
  }

  Device device_;
  BufferPlan plan_;
  TrialLoop loop_;
  float* device_params_ = nullptr;
  std::shared_ptr<void> memory_;
};

}  // namespace innerloop
