// How well a policy does on held-out tasks as it learns them: a curve, and what measures one.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "engine/config/config.h"
#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"

namespace innerloop {

struct CurvePoint {
  int step = 0;                     // gradient steps taken; over episodes: which one of the trial, from 1
  double mean_return = 0;           // mean over tasks of each task's mean return an episode
  double ci95 = 0;                  // half width of the 95 % confidence interval of that mean
  double mean_reward_per_step = 0;  // over the steps that count
  double mean_episode_length = 0;
  std::vector<double> returns = {};  // [task]  mean return an episode of each
};

/// What the intervals of evaluation.json count: `ci95_over`.
inline constexpr auto kIntervalOver = "tasks";

/// A curve as in evaluation.json; `ci95` is null where there is no interval. `step` is the name of a point's number.
nlohmann::ordered_json curve_json(const std::vector<CurvePoint>& curve, bool has_interval,
                                  const char* step = "step");

/// The last number of an iteration, which training does not get to: it keys what evaluation draws.
inline constexpr std::uint32_t kEvaluationIteration = 0xFFFFFFFFu;

class CurveEvaluator {
 public:
  virtual ~CurveEvaluator() = default;

  /// What the config's algorithm calls for (EvaluationProtocol), for its `evaluation`. Declares buffers, allocates nothing.
  /// With `fixed_task` (its numbers in the order of task_numbers) that one task is evaluated in place of the held-out ones.
  static std::unique_ptr<CurveEvaluator> create(const Config& config, Device& device,
                                                const std::vector<float>& fixed_task = {});

  virtual const BufferPlan& plan() const = 0;
  /// @throws InputError with the bytes wanted and had, where they do not fit.
  virtual void allocate() = 0;
  /// The curve of what was learned, `params` [M]. The tasks and all random numbers depend on evaluation.seed alone, so that any
  /// two policies meet the same ones.
  virtual std::vector<CurvePoint> evaluate(const std::vector<float>& params) = 0;
  /// The last evaluation, which gave `curve`, as in evaluation.json: `curve`, and what else the evaluator measured.
  virtual nlohmann::ordered_json report(const std::vector<CurvePoint>& curve) const = 0;
  /// The numbers of its tasks, as in task_numbers, in the order of CurvePoint::returns. Waits.
  virtual TaskTable tasks() const = 0;
  /// What the last evaluation's trials believed of their tasks, as in evaluation_tasks.json; empty where there are no beliefs.
  virtual nlohmann::ordered_json beliefs() const;
};

}  // namespace innerloop
