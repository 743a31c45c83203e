// How well a policy learns held-out tasks: a curve, and where learning is gradient steps, how it comes about.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/config/config.h"
#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"
#include "engine/stages/inner_loop.h"

namespace innerloop {

struct CurvePoint {
  int step = 0;                     // gradient steps taken; with a memory: which episode of the trial, from 1
  double mean_return = 0;           // mean over tasks of each task's mean return an episode
  double ci95 = 0;                  // half width of the 95 % confidence interval of that mean
  double mean_reward_per_step = 0;  // over the steps that count
  double mean_episode_length = 0;
  std::vector<double> returns = {};  // [task]  mean return an episode of each
};

/// The last number of an iteration, which training does not get to: it keys what evaluation draws.
inline constexpr std::uint32_t kEvaluationIteration = 0xFFFFFFFFu;

class CurveEvaluator {
 public:
  virtual ~CurveEvaluator() = default;

  /// What the config's algorithm calls for, for its `evaluation`: an Evaluator or a TrialEvaluator
  /// (engine/evaluation/trial_evaluator.h). Declares buffers, allocates nothing. With `fixed_task` (its numbers in the order of
  /// task_numbers) that one task is evaluated in place of drawn ones.
  static std::unique_ptr<CurveEvaluator> create(const Config& config, Device& device,
                                                std::vector<float> fixed_task = {});

  virtual const BufferPlan& plan() const = 0;
  /// @throws InputError with the bytes wanted and had, where they do not fit.
  virtual void allocate() = 0;
  /// The curve of what was learned, `params` [M]. The tasks and all random numbers depend on evaluation.seed alone, so that any
  /// two policies meet the same ones.
  virtual std::vector<CurvePoint> evaluate(const std::vector<float>& params) = 0;
};

/// Mean return after 0, 1, … gradient steps.
class Evaluator : public CurveEvaluator {
 public:
  Evaluator(const Config& config, Device& device, std::vector<float> fixed_task = {});

  const BufferPlan& plan() const override { return plan_; }
  void allocate() override;
  std::vector<CurvePoint> evaluate(const std::vector<float>& params) override;

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
