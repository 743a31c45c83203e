#include "engine/evaluation/step_evaluator.h"

#include <algorithm>
#include <utility>

#include "engine/config/tasks.h"
#include "engine/device/planned_buffers.h"
#include "engine/options/json.h"
#include "engine/stages/inner_loop.h"
#include "engine/statistics/estimates.h"

namespace innerloop {
namespace {

InnerLoopSizes sizes_of(const EvaluationOptions& options, std::vector<double> lr, int tasks) {
  InnerLoopSizes sizes;
  sizes.tasks = tasks;
  sizes.envs = options.envs_per_task;
  sizes.steps = options.inner_steps;
  sizes.lr = std::move(lr);
  return sizes;
}

/// Mean return after 0, 1, … gradient steps of a policy's parameters.
class InnerLoopEvaluator : public StepEvaluator {
 public:
  InnerLoopEvaluator(const InnerLoopSetup& setup, const EvaluationOptions& options, std::vector<double> lr,
                     Device& device, TaskTable fixed_tasks);

  const BufferPlan& plan() const override { return plan_; }
  void allocate() override;
  std::vector<CurvePoint> evaluate(const std::vector<float>& params) override;
  TaskTable tasks() const override { return inner_.tasks().all(); }
  std::vector<float> adapted(int task) override;
  std::vector<float> task(int number) override { return inner_.tasks().at(number); }
  std::vector<PlayedEpisodes> first_episodes(int task, int count) override;

 private:
  const EvaluationOptions options_;
  Device& device_;
  const TaskTable fixed_tasks_;
  BufferPlan plan_;
  InnerLoop inner_;
  float* params_ = nullptr;
  std::shared_ptr<void> memory_;
};

InnerLoopEvaluator::InnerLoopEvaluator(const InnerLoopSetup& setup, const EvaluationOptions& options,
                                       std::vector<double> lr, Device& device, TaskTable fixed_tasks)
    : options_(options),
      device_(device),
      fixed_tasks_(std::move(fixed_tasks)),
      inner_(setup,
             sizes_of(options, std::move(lr),
                      fixed_tasks_.empty() ? options.tasks : static_cast<int>(fixed_tasks_.size())),
             device, plan_) {
  plan_.add(&params_, "params", "[parameter]", {setup.learned});
}

void InnerLoopEvaluator::allocate() {
  memory_ = allocate_planned(device_, plan_, "the evaluation");
  inner_.prepare();
  if (!fixed_tasks_.empty()) inner_.fix_tasks(fixed_tasks_);
}

std::vector<CurvePoint> InnerLoopEvaluator::evaluate(const std::vector<float>& params) {
  device_.write(params_, params);
  inner_.set_key({options_.seed, kEvaluationIteration});
  inner_.start(params_);
  const int steps = inner_.sizes().steps, tasks = inner_.sizes().tasks;
  std::vector<std::vector<float>> measured;
  for (int k = 0; k <= steps; ++k) {
    // Without sampling an action tells nothing of its neighbours, and the policy gradient is 0: what is measured
    // deterministically is not what is learned from.
    if (options_.deterministic) {
      inner_.rollout(k, true);
      measured.push_back(inner_.statistics(k));
      if (k == steps) break;
    }
    inner_.rollout(k);
    if (k < steps) inner_.inner_step(k);
  }
  for (int k = static_cast<int>(measured.size()); k <= steps; ++k) measured.push_back(inner_.statistics(k));
  std::vector<CurvePoint> curve;
  for (int k = 0; k <= steps; ++k) {
    const std::vector<float>& statistics = measured[static_cast<std::size_t>(k)];
    std::vector<double> returns, lengths;
    for (int task = 0; task < tasks; ++task) {
      const float* of = statistics.data() + static_cast<std::ptrdiff_t>(task) * kStatistics;
      returns.push_back(long_sum(of, kReturnSum) / inner_.sizes().envs);
      lengths.push_back(long_sum(of, kStepSum) / inner_.sizes().envs);
    }
    const Estimate estimate = mean_of(returns);
    const double length = mean_of(lengths).mean;
    curve.push_back({k, estimate.mean, estimate.ci95, estimate.mean / length, length, std::move(returns)});
  }
  return curve;
}

std::vector<float> InnerLoopEvaluator::adapted(int task) {
  return device_.read(inner_.drawn(inner_.sizes().steps).of(task), inner_.parameters());
}

std::vector<PlayedEpisodes> InnerLoopEvaluator::first_episodes(int task, int count) {
  const int k = inner_.sizes().steps;
  Batch<float> batch = inner_.batch(k);  // that begins with the task
  const std::int64_t at = task * batch.row_stride;
  batch.observations += at * batch.observation_size;
  batch.actions += at * batch.action_size;
  batch.rewards += at;
  batch.ends += at;
  if (batch.symbols != nullptr) batch.symbols += at * batch.symbol_places;
  std::vector<PlayedEpisodes> episodes;
  const int envs = std::min(count, inner_.sizes().envs);
  episodes.reserve(static_cast<std::size_t>(envs));
  for (int env = 0; env < envs; ++env)
    episodes.push_back({{options_.seed, kEvaluationIteration},
                        task,
                        env,
                        k,
                        first_episode(device_, batch, batch.observation_size, inner_.shape().squash, env)});
  return episodes;
}

}  // namespace

std::unique_ptr<StepEvaluator> inner_loop_evaluator(const Config& config, Device& device,
                                                    const std::vector<float>& fixed_task) {
  return std::make_unique<InnerLoopEvaluator>(inner_loop_setup(for_evaluation(config)), config.evaluation,
                                              evaluation_lr_of_steps(config), device,
                                              evaluation_tasks(config, fixed_task));
}

std::unique_ptr<StepEvaluator> StepEvaluator::create(const Config& config, Device& device,
                                                     const std::vector<float>& fixed_task) {
  return find_inner_loop(config) != nullptr ? inner_loop_evaluator(config, device, fixed_task)
                                            : prompt_evaluator(config, device, fixed_task);
}

nlohmann::ordered_json StepEvaluator::report(const std::vector<CurvePoint>& curve) const {
  return {{"curve", curve_json(curve, curve.front().returns.size() > 1)}};
}

}  // namespace innerloop
