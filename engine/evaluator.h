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
};

class Evaluator {
 public:
  /// The config's `evaluation`. Declares buffers, allocates nothing. `steps` < 0: evaluation.inner_steps, else so many
  /// (the step sizes' last one serves beyond their list).
  Evaluator(const Config& config, Device& device, int steps = -1);

  const MemoryPlan& plan() const { return plan_; }
  /// @throws InputError with the bytes wanted and had, where they do not fit.
  void allocate();

  /// The curve of a policy, `params` in device memory ([P]). The tasks and all random numbers depend on
  /// evaluation.seed alone, so that any two policies meet the same ones.
  std::vector<CurvePoint> evaluate(const float* params);

  /// Tasks of the last evaluation, on the host: [task][task_size].
  std::vector<std::vector<float>> tasks() const;

 private:
  const Config config_;
  Device& device_;
  MemoryPlan plan_;
  std::unique_ptr<InnerLoop> inner_;
  float* params_ = nullptr;
  std::shared_ptr<void> memory_;
};

}  // namespace innerloop
