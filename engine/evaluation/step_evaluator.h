// Held-out tasks learned by gradient steps: the return before them and after each.
#pragma once

#include <memory>
#include <vector>

#include "engine/evaluation/curve.h"
#include "engine/evaluation/sketches.h"

namespace innerloop {

/// Mean return after 0, 1, … gradient steps.
class StepEvaluator : public CurveEvaluator {
 public:
  /// For the config's `evaluation`: of a policy that an inner loop adapts, or of a prompt. With the step sizes that are
  /// learned, or the evaluation's; on `fixed_task` where it is there. @pre the config has inner steps.
  static std::unique_ptr<StepEvaluator> create(const Config& config, Device& device,
                                               const std::vector<float>& fixed_task = {});

  nlohmann::ordered_json report(const std::vector<CurvePoint>& curve) const override;

  /// A task's policy after all steps of the last evaluation, [P], and the task's numbers as in task_numbers.
  virtual std::vector<float> adapted(int task) = 0;
  virtual std::vector<float> task(int number) = 0;
  /// What a task's first `count` environments did with that policy, each in its first episode.
  virtual std::vector<PlayedEpisodes> first_episodes(int task, int count) = 0;
};

/// Of a policy whose parameters an inner loop adapts.
std::unique_ptr<StepEvaluator> inner_loop_evaluator(const Config& config, Device& device,
                                                    const std::vector<float>& fixed_task);
/// Of a transformer's prompt.
std::unique_ptr<StepEvaluator> prompt_evaluator(const Config& config, Device& device,
                                                const std::vector<float>& fixed_task);

}  // namespace innerloop
