// Held-out tasks learned by gradient steps of the tokens that a transformer's trials begin with.
#include <algorithm>
#include <cstddef>
#include <utility>

#include "engine/config/tasks.h"
#include "engine/device/planned_buffers.h"
#include "engine/evaluation/played_trial.h"
#include "engine/evaluation/step_evaluator.h"
#include "engine/learned/trial_policy.h"
#include "engine/stages/prompts.h"
#include "engine/statistics/estimates.h"

namespace innerloop {
namespace {

class PromptEvaluator : public StepEvaluator {
 public:
  PromptEvaluator(const Config& config, Device& device, TaskTable fixed_tasks)
      : options_(config.evaluation),
        lr_(evaluation_lr_of_steps(config)),
        tokens_(learned_trial_policy(config).range(kPromptBlock)),
        seen_(environment_info(config).observation.numbers),
        device_(device),
        fixed_tasks_(std::move(fixed_tasks)),
        loop_(trial_setup(for_evaluation(config)),
              fixed_tasks_.empty() ? options_.tasks : static_cast<int>(fixed_tasks_.size()),
              options_.envs_per_task, true, device, plan_),
        prompts_(loop_, ppo_options(config).discount, device, plan_) {
    plan_.add(&params_, "params", "[parameter]", {loop_.parameters()});
  }

  const BufferPlan& plan() const override { return plan_; }
  void allocate() override {
    memory_ = allocate_planned(device_, plan_, "the evaluation");
    prompts_.prepare();
    if (!fixed_tasks_.empty()) loop_.fix_tasks(fixed_tasks_);
  }
  std::vector<CurvePoint> evaluate(const std::vector<float>& params) override;
  TaskTable tasks() const override { return loop_.tasks(); }
  std::vector<float> adapted(int task) override;
  std::vector<float> task(int number) override { return loop_.task(number * loop_.envs_per_task()); }
  std::vector<PlayedEpisodes> first_episodes(int task, int count) override;

 private:
  /// A point of the curve, from the trials that were played last.
  CurvePoint measured(int step) const;

  const EvaluationOptions options_;
  const std::vector<double> lr_;
  const LearnedRange tokens_;
  const int seen_;  // numbers of an observation
  Device& device_;
  const TaskTable fixed_tasks_;
  BufferPlan plan_;
  TrialLoop loop_;
  Prompts prompts_;
  float* params_ = nullptr;
  std::shared_ptr<void> memory_;
};

CurvePoint PromptEvaluator::measured(int step) const {
  const TrialLoop::Returns returns = loop_.returns();
  std::vector<double> of_task = task_means(returns.of_trial, returns.envs_per_task);
  const Estimate of = mean_of(of_task);
  const double length = mean_of(returns.trial_lengths).mean;
  return {step, of.mean, of.ci95, of.mean / length, length, std::move(of_task)};
}

std::vector<CurvePoint> PromptEvaluator::evaluate(const std::vector<float>& params) {
  device_.write(params_, std::span(params).first(static_cast<std::size_t>(loop_.parameters())));
  loop_.set_key({options_.seed, kEvaluationIteration});
  prompts_.reset();
  std::vector<CurvePoint> curve;
  const int steps = static_cast<int>(lr_.size());
  for (int k = 0; k <= steps; ++k) {
    // What is measured without sampling is not what is learned from.
    loop_.play(params_, options_.deterministic, k);
    curve.push_back(measured(k));
    if (k == steps) break;
    if (options_.deterministic) loop_.play(params_, false, k);
    prompts_.find_gradient(params_);
    prompts_.step(lr_[static_cast<std::size_t>(k)]);
  }
  return curve;
}

std::vector<float> PromptEvaluator::adapted(int task) {
  std::vector<float> params = device_.read(params_, loop_.parameters());
  const std::vector<float> added =
      device_.read(prompts_.numbers() + std::ptrdiff_t{task} * loop_.envs_per_task() * prompts_.size(),
                   std::int64_t{prompts_.size()});
  for (std::size_t i = 0; i < added.size(); ++i)
    params[static_cast<std::size_t>(tokens_.offset) + i] += added[i];
  return params;
}

std::vector<PlayedEpisodes> PromptEvaluator::first_episodes(int task, int count) {
  std::vector<PlayedEpisodes> episodes;
  const Batch<float>& batch = loop_.trials().batch;
  const int envs = std::min(count, loop_.envs_per_task());
  episodes.reserve(static_cast<std::size_t>(envs));
  for (int env = 0; env < envs; ++env)
    episodes.push_back({{options_.seed, kEvaluationIteration},
                        task,
                        env,
                        static_cast<int>(lr_.size()),
                        first_episode(device_, batch, seen_, loop_.shape().actor.squash,
                                      task * loop_.envs_per_task() + env)});
  return episodes;
}

}  // namespace

std::unique_ptr<StepEvaluator> prompt_evaluator(const Config& config, Device& device,
                                                const std::vector<float>& fixed_task) {
  return std::make_unique<PromptEvaluator>(config, device, evaluation_tasks(config, fixed_task));
}

}  // namespace innerloop
