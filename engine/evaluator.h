// Adaptation to held-out tasks: mean return after 0, 1, … gradient steps.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/config.h"
#include "engine/device.h"
#include "engine/inner_loop.h"
#include "engine/memory_plan.h"

namespace innerloop {

struct CurvePoint {
  int step = 0;
  double mean_return = 0;           // mean over tasks of each task's mean return an episode
  double ci95 = 0;                  // half width of the 95 % confidence interval of that mean
  double mean_reward_per_step = 0;  // over the steps that count
  double mean_episode_length = 0;
  std::vector<double> returns = {};  // [task]  mean return an episode of each
};

class Evaluator {
 public:
  /// The config's `evaluation`. Declares buffers, allocates nothing. With `fixed_task` (its numbers in the order of
  /// task_numbers) that one task is evaluated in place of drawn ones.
  Evaluator(const Config& config, Device& device, std::vector<float> fixed_task = {});

  const MemoryPlan& plan() const { return plan_; }
  /// @throws InputError with the bytes wanted and had, where they do not fit.
  void allocate();

  /// The curve of a policy with its learned step sizes, `params` [M]. The tasks and all random numbers depend on evaluation.seed alone, so that any
  /// two policies meet the same ones.
  std::vector<CurvePoint> evaluate(const std::vector<float>& params);

  /// Of the last evaluation: a task's policy after all steps, [P], and the task's numbers as in task_numbers.
  std::vector<float> adapted(int task);
  std::vector<float> task(int number);

 private:
  const Config config_;
  Device& device_;
  const std::vector<float> fixed_task_;
  MemoryPlan plan_;
  std::unique_ptr<InnerLoop> inner_;
  float* params_ = nullptr;
  std::shared_ptr<void> memory_;
};

}  // namespace innerloop
