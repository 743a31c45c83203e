// A learner on the CPU, what its last meta-iteration did, and the same as a MetaProblem for the plain reference.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/algorithms/meta_learner.h"
#include "engine/config/config.h"
#include "tests/support/meta_problem.h"

namespace innerloop {

// A config that learns in milliseconds.
inline Config small_config(const std::vector<std::string>& overrides = {}) {
  return parse_config(R"({"seed": 3, "tasks_per_iteration": 3, "envs_per_task": 4, "horizon": 6,
      "environment": {"name": "point_navigation"}, "policy": {"name": "mlp", "hidden": [6]},
      "algorithm": {"name": "maml", "inner_steps": 2, "inner_lr": [0.5, 0.3]}, "outer": {"name": "adam", "lr": 0.01}})",
                      "small.json", overrides);
}

class Learner {
 public:
  using Make = std::function<std::unique_ptr<MetaLearner>(const Config&, Device&)>;

  /// After `iterations` meta-iterations.
  explicit Learner(const Config& config, std::uint32_t iterations = 1, const Make& make = MetaLearner::create)
      : config_(config),
        device_({.backend = Backend::cpu, .threads = 1, .instructions = ""}),
        learner_(make(config, device_)) {
    learner_->allocate();
    for (std::uint32_t i = 0; i < iterations; ++i) iterate();
  }
  void iterate() {
    before_ = params();
    report_ = learner_->iterate(done_++);
  }

  Vector params() { return numbers(learner_->params(), learner_->learned().size()); }
  const Vector& params_before() const { return before_; }  // of the last iteration
  Vector meta_gradient() { return numbers(learner_->meta_gradient(), learner_->learned().size()); }
  Vector outer_gradient() { return numbers(learner_->outer_gradient(), tasks() * inner().parameters()); }
  const IterationReport& report() const { return report_; }
  const InnerLoop& inner() const { return learner_->inner_loop(); }
  int tasks() const { return config_.tasks_per_iteration; }
  int steps() const { return inner().sizes().steps; }

  /// θ_k of a task in the last iteration; θ_0 with the learned step sizes.
  Vector drawn(int k, int task) {
    if (k == 0) return before_;
    const Parameters<float>& theta = inner().drawn(k);
    return numbers(theta.of(task), inner().parameters());
  }
  Trajectories data(int k) {
    const Batch<float>& b = inner().batch(k);
    const int outputs = inner().shape().outputs();
    Trajectories t = empty_trajectories(b.observation_size, b.action_size, outputs, tasks(), b.horizon,
                                        b.envs, b.looks_beyond);
    t.observations = numbers(b.observations, tasks() * b.observation_size * b.row_stride);
    t.actions = numbers(b.actions, tasks() * b.action_size * b.row_stride);
    if (b.outputs != nullptr) t.outputs = numbers(b.outputs, tasks() * outputs * b.row_stride);
    t.log_probs = numbers(b.log_probs, tasks() * b.row_stride);
    t.rewards = numbers(b.rewards, tasks() * b.row_stride);
    t.valid = numbers(b.valid, tasks() * b.row_stride);
    t.ends = numbers(b.ends, tasks() * b.row_stride);
    if (b.looks_beyond) t.terminated = numbers(b.terminated, tasks() * b.row_stride);
    t.advantages = numbers(b.advantages, tasks() * b.row_stride);
    if (b.credits != nullptr) t.credits = numbers(b.credits, tasks() * b.row_stride);
    t.statistics = numbers(b.statistics, tasks() * kStatistics);
    return t;
  }
  /// The last iteration's data, with the objective of plain MAML.
  MetaProblem problem() {
    const InnerLoopOptions& options = inner_loop(config_);
    MetaProblem p;
    p.shape = inner().shape();
    p.tasks = tasks();
    p.steps = steps();
    p.epochs = options.inner_epochs;
    p.estimator = options.estimator;
    p.clip = options.clip_epsilon;
    p.entropy = options.entropy_weight;
    p.outer.entropy = options.outer_entropy_weight;
    p.inner_lr = inner().sizes().lr;
    if (p.steps > 0) p.inner_lr.resize(static_cast<std::size_t>(p.steps), p.inner_lr.back());
    p.sizes = step_size_layout(inner_loop(config_), p.shape, p.steps);
    p.multipliers = multiplier_layout(inner_loop(config_), p.shape);
    p.adapted = to_double(adapted_parameters(inner_loop(config_), p.shape));
    p.theta = before_;
    for (int k = 0; k <= p.steps; ++k) {
      p.data.push_back(data(k));
      p.drawn.emplace_back();
      for (int task = 0; task < p.tasks; ++task) p.drawn.back().push_back(drawn(k, task));
    }
    return p;
  }

 private:
  Vector numbers(const float* from, long count) { return to_double(device_.read(from, count)); }

  const Config config_;
  Device device_;
  std::unique_ptr<MetaLearner> learner_;
  std::uint32_t done_ = 0;
  Vector before_;
  IterationReport report_;
};

}  // namespace innerloop
