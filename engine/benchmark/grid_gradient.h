// The gradient of a policy that sees a grid of 5×5×2 symbols, looked up or as one-hot codes: what `innerloop bench` times.
#pragma once

#include <memory>

#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"
#include "kernels/inner/policy_gradient.h"

namespace innerloop {

class GridGradient {
 public:
  /// 50 places of 12 kinds and 29 numbers, or 629 numbers; random data of `tasks` × `rows` samples.
  GridGradient(bool symbols, int tasks, int rows, Device& device);

  const PolicyShape& shape() const { return op_.shape; }
  /// Enqueues the pass and waits until it is done.
  void run();

 private:
  Device& device_;
  const int tasks_;
  PolicyGradient<float> op_;
  std::shared_ptr<void> memory_;
};

}  // namespace innerloop
