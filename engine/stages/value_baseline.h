// A value network for each task, in place of the linear baseline: fitted to the returns of every batch of the inner loop by
// gradient steps, from one start that all tasks share and that is learned with the policy.
#pragma once

#include "engine/config/config.h"
#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"
#include "engine/learned/policy.h"
#include "kernels/inner/value_network.h"

namespace innerloop {

class ValueBaseline {
 public:
  /// `batch`: the sizes of the batches.
  ValueBaseline(const Config& config, int tasks, const Batch<float>& batch, Device& device, BufferPlan& plan);

  std::int64_t parameters() const { return shape_.parameters(); }
  /// After the plan's memory is bound.
  void prepare();
  /// Where every task starts: φ [parameters()].
  void start_from(const float* params) { start_ = params; }
  /// Fits the networks of all tasks to their batches; `first`: from the shared start, else from what they are. The values
  /// of the samples then, [task][row_stride].
  const float* fit(const Batch<float>& batch, bool first);
  /// The mean over tasks of how far the last fit has brought the networks from the start, in out: the direction of
  /// Reptile (Nichol et al. 2018).
  void mean_over_tasks(float* out);

 private:
  const Config config_;
  const int tasks_;
  const int chunks_;
  Device& device_;
  const PolicyShape shape_;
  const float* start_ = nullptr;
  ValueData<float> data_;
  float* params_ = nullptr;      // [task][parameter]
  float* partial_ = nullptr;     // [slot][chunk][parameter]
  float* step_sizes_ = nullptr;  // [parameter]
  float* values_ = nullptr;      // [task][row]
};

}  // namespace innerloop
