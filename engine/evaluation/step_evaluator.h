// Held-out tasks learned by gradient steps: the return before them and after each.
#pragma once

#include <memory>
#include <vector>

#include "engine/evaluation/curve.h"
#include "engine/evaluation/sketches.h"
#include "engine/stages/inner_loop.h"

namespace innerloop {

/// Mean return after 0, 1, … gradient steps.
class StepEvaluator : public CurveEvaluator {
 public:
  /// With the step sizes `lr` [options.inner_steps], where none are learned; on the `fixed_tasks` where there are some.
  StepEvaluator(const InnerLoopSetup& setup, const EvaluationOptions& options, std::vector<double> lr,
                Device& device, TaskTable fixed_tasks = {});
  /// For the config's `evaluation`. @pre its algorithm has an inner loop.
  static std::unique_ptr<StepEvaluator> create(const Config& config, Device& device,
                                               const std::vector<float>& fixed_task = {});

  const BufferPlan& plan() const override { return plan_; }
  void allocate() override;
  std::vector<CurvePoint> evaluate(const std::vector<float>& params) override;
  nlohmann::ordered_json report(const std::vector<CurvePoint>& curve) const override;
  TaskTable tasks() const override { return inner_.tasks().all(); }

  /// A task's policy after all steps of the last evaluation, [P], and the task's numbers as in task_numbers.
  std::vector<float> adapted(int task);
  /// What a task's first `count` environments did with that policy, each in its first episode.
  std::vector<PlayedEpisodes> first_episodes(int task, int count);
  std::vector<float> task(int number) { return inner_.tasks().at(number); }

 private:
  const EvaluationOptions options_;
  Device& device_;
  const TaskTable fixed_tasks_;
  BufferPlan plan_;
  InnerLoop inner_;
  float* params_ = nullptr;
  std::shared_ptr<void> memory_;
};

}  // namespace innerloop
