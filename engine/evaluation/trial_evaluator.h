// Trials of held-out tasks: what a policy with a memory gets in its first, second, … episode of a task, and one without in
// the first.
#pragma once

#include "engine/evaluation/step_evaluator.h"
#include "engine/stages/estimates.h"
#include "engine/stages/trial_loop.h"

namespace innerloop {

/// A point an episode: means and intervals over the trials.
std::vector<CurvePoint> trial_curve(const TrialLoop::Returns& returns);

class TrialEvaluator : public CurveEvaluator {
 public:
  TrialEvaluator(const Config& config, Device& device, std::vector<float> fixed_task = {});

  const BufferPlan& plan() const override { return plan_; }
  void allocate() override;
  std::vector<CurvePoint> evaluate(const std::vector<float>& params) override;

  /// Of the trials that were evaluated last, all of their rewards.
  const Estimate& trial_return() const { return trial_return_; }
  int trials() const { return loop_.envs(); }

 private:
  const Config config_;
  Device& device_;
  const std::vector<float> fixed_task_;
  BufferPlan plan_;
  TrialLoop loop_;
  Estimate trial_return_;
  float* params_ = nullptr;
  std::shared_ptr<void> memory_;
};

}  // namespace innerloop
