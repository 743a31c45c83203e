// A value network for each task, in place of the linear baseline: fitted to the returns of every batch of the inner loop by
// gradient steps, from one start that all tasks share and that is learned with the policy.
#pragma once

#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"
#include "kernels/inner/value_network.h"

namespace innerloop {

class ValueBaseline {
 public:
  struct Options {
    PolicyShape shape;
    double discount = 1;
    int steps = 1;  // gradient steps on each batch
    double lr = 0;  // their size
  };
  /// `batch`: the sizes of the batches.
  ValueBaseline(const Options& options, int tasks, const Batch<float>& batch, Device& device,
                BufferPlan& plan);

  std::int64_t parameters() const { return options_.shape.parameters(); }
  /// After the plan's memory is bound.
  void prepare();
  /// Where every task starts: φ [parameters()].
  void start_from(const float* params) { start_ = params; }
  /// Fits the networks of all tasks to their batches; `first`: from the shared start, else from what they are. The values
  /// of the samples then, and of what is beyond them where the batch looks there, [task][row_stride].
  const float* fit(const Batch<float>& batch, bool first);
  /// The mean over tasks of how far the last fit has brought the networks from the start, in out: the direction of
  /// Reptile (Nichol et al. 2018).
  void mean_over_tasks(float* out);

 private:
  const Options options_;
  const int tasks_;
  const int chunks_;
  Device& device_;
  const float* start_ = nullptr;
  ValueData<float> data_;
  float* params_ = nullptr;      // [task][parameter]
  float* partial_ = nullptr;     // [slot][chunk][parameter]
  float* step_sizes_ = nullptr;  // [parameter]
  float* values_ = nullptr;      // [task][row]
};

}  // namespace innerloop
