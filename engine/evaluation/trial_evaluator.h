// Trials of held-out tasks: what a policy gets in the first, second, … episode of a task.
#pragma once

#include "engine/evaluation/beliefs.h"
#include "engine/evaluation/curve.h"
#include "engine/stages/trial_loop.h"

namespace innerloop {

/// A point an episode: means over the trials, and intervals over their tasks.
std::vector<CurvePoint> trial_curve(const TrialLoop::Returns& returns);
/// What trials brought, as in evaluation.json: `curve`, `trial_return` and, where episodes can be solved, `solved`, `pass_k`.
nlohmann::ordered_json trials_json(const TrialLoop::Returns& returns);

/// A policy that learns a task over the episodes of a trial: a point an episode.
class TrialEvaluator : public CurveEvaluator {
 public:
  /// On the `fixed_tasks` where there are some.
  TrialEvaluator(const TrialSetup& setup, const EvaluationOptions& options, Device& device,
                 TaskTable fixed_tasks = {});

  const BufferPlan& plan() const override { return plan_; }
  void allocate() override;
  std::vector<CurvePoint> evaluate(const std::vector<float>& params) override;
  nlohmann::ordered_json report(const std::vector<CurvePoint>& curve) const override;
  TaskTable tasks() const override { return loop_.tasks(); }
  nlohmann::ordered_json beliefs() const override { return beliefs_json(loop_, device_); }

 protected:
  /// Plays a trial in each environment; of what was learned the policy's part comes first.
  TrialLoop::Returns play(const std::vector<float>& params);

 private:
  const EvaluationOptions options_;
  Device& device_;
  const TaskTable fixed_tasks_;
  BufferPlan plan_;
  TrialLoop loop_;
  float* params_ = nullptr;
  std::shared_ptr<void> memory_;
};

/// A policy that learns nothing of a task: one point, of the first episode, with a mean over tasks.
class FirstEpisodeEvaluator : public TrialEvaluator {
 public:
  using TrialEvaluator::TrialEvaluator;
  std::vector<CurvePoint> evaluate(const std::vector<float>& params) override;
  nlohmann::ordered_json report(const std::vector<CurvePoint>& curve) const override;
};

}  // namespace innerloop
