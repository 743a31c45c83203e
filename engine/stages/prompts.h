// Inner steps of the prompts that a transformer's trials begin with (kernels/trials/prompts.h).
#pragma once

#include <cstdint>

#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"
#include "engine/stages/trial_loop.h"

namespace innerloop {

class Prompts {
 public:
  /// For the trials of `loop`, of which every environment of a task has the task's prompt. `discount`: γ of the returns that
  /// the steps climb. @pre the loop's policy is a transformer with tokens, and it has room for advantages.
  Prompts(TrialLoop& loop, double discount, Device& device, BufferPlan& plan);

  /// After the plan's memory is bound: from now on the loop's trials begin with the tasks' prompts.
  void prepare();
  /// Every task's prompt becomes the learned one.
  void reset();
  /// The advantages of the trials that the loop has played last, among each task's own (TaskAdvantages).
  void compare_trials();
  /// Finds the gradient of each task's prompt on the trials that the loop has played last with θ ([P]) and the prompts as they
  /// are. Puts the trials' advantages there.
  void find_gradient(const float* params);
  /// One step of each task's prompt along the gradient that was found last.
  void step(double step_size);

  /// What each task's prompt has become: [env][token][number] beyond the learned one, in device memory.
  const float* numbers() const { return prompts_; }
  /// Of an environment.
  int size() const { return size_; }

 private:
  TrialLoop& loop_;
  const float discount_;
  const int size_;
  Device& device_;
  float* prompts_ = nullptr;   // [env][number]
  float* gradient_ = nullptr;  // likewise
  int* order_ = nullptr;       // [env]  as they lie
};

}  // namespace innerloop
