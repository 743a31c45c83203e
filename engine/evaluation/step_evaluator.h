// Held-out tasks learned by gradient steps: the return before them and after each.
#pragma once

#include <memory>
#include <vector>

#include "engine/evaluation/curve.h"
#include "engine/stages/inner_loop.h"

namespace innerloop {

/// Mean return after 0, 1, … gradient steps.
class StepEvaluator : public CurveEvaluator {
 public:
  StepEvaluator(const Config& config, Device& device, std::vector<float> fixed_task = {});

  const BufferPlan& plan() const override { return plan_; }
  void allocate() override;
  std::vector<CurvePoint> evaluate(const std::vector<float>& params) override;
  nlohmann::ordered_json report(const std::vector<float>& params) override;

  /// Of the last evaluation: a task's policy after all steps, [P], and the task's numbers as in task_numbers.
  std::vector<float> adapted(int task);
  std::vector<float> task(int number);

 private:
  const Config config_;
  Device& device_;
  const std::vector<float> fixed_task_;
  BufferPlan plan_;
  std::unique_ptr<InnerLoop> inner_;
  float* params_ = nullptr;
  std::shared_ptr<void> memory_;
};

}  // namespace innerloop
