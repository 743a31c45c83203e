// Plays trials of a policy whose memory is too wide for one team, step by step for all environments.
#pragma once

#include "engine/config/config.h"
#include "engine/stages/layered_weights.h"
#include "kernels/trials/step.h"

namespace innerloop {

class WideRollout {
 public:
  /// `envs`: trials side by side.
  WideRollout(const Config& config, const MemoryPolicyShape& shape, int envs, Device& device,
              BufferPlan& plan);

  /// Enqueues a trial in each environment with θ ([P]). `play`: what an environment's part needs.
  template <class Env>
  void enqueue(const TrialPlay<float, Env>& play, const float* params);

 private:
  const MemoryPolicyShape shape_;
  Device& device_;
  WideWeights weights_;
  int state_size_ = 0;
  float* states_[2][2] = {};  // [network][before, after]: [env][state_size]
  float* kept_ = nullptr;     // [env][kept_size]
  float* between_ = nullptr;  // [tile][tile_state]
};

template <class Env>
void WideRollout::enqueue(const TrialPlay<float, Env>& play, const float* params) {
  const Batch<float>& batch = play.trials.batch;
  weights_.load(params);
  for (int n = 0; n < shape_.networks(); ++n)
    fill_memory(device_, states_[n][0], std::int64_t{batch.envs} * state_size_, 0.0f);
  TrialStep<float, Env> op{play};
  op.heads = params + memory_parameters(shape_);
  op.state_size = state_size_;
  op.between = between_;
  op.step = -1;
  device_.once(op);
  with_wide_memory(shape_.memory.kind, [&]<class Memory>() {
    for (op.step = 0; op.step < batch.horizon; ++op.step) {
      const Left<float> inputs{batch.observations + std::ptrdiff_t{op.step} * batch.envs, 1,
                               static_cast<int>(batch.row_stride)};
      for (int n = 0; n < shape_.networks(); ++n) {
        WideMemory<float, Memory> memory;
        memory.phase = WideMemory<float, Memory>::Phase::activate;
        memory.shape = shape_.memory;
        float* const after = states_[n][(op.step + 1) % 2];
        memory.step = {batch.envs, inputs, states_[n][op.step % 2], kept_, after};
        Memory::step_products(shape_.memory, weights_.of<Memory>(n), memory.step, multiply_on(device_));
        device_.once(memory);
        op.memory[n] = after;
      }
      device_.once(op);
    }
  });
}

}  // namespace innerloop
