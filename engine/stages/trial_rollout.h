// Plays trials step by step, on the CPU and on a GPU alike: for each step the memories' and the environments' operations, which
// know nothing of each other. The CPU carries a tile of environments through all of them while it is in the cache.
#pragma once

#include "engine/config/environment_options.h"
#include "engine/stages/layered_run.h"
#include "kernels/memories/inputs.h"
#include "kernels/memories/step.h"
#include "kernels/trials/step.h"

namespace innerloop {

class TrialRollout {
 public:
  /// `envs`: trials side by side, of `steps` steps. `wide`: the memories' products are made for all of them at once.
  TrialRollout(const EnvironmentOptions& environment, const TrialPolicy& policy, int envs, int steps,
               bool wide, Device& device, BufferPlan& plan);

  /// Enqueues a trial in each environment with θ ([P]). `play`: what an environment's part needs. Where its batch looks beyond
  /// the last step, values are computed there, too; @pre then the memory leaves no trace. `prompts`: as TrialLoop::begin_with
  /// takes them.
  template <class Env>
  void enqueue(const TrialPlay<float, Env>& play, const float* params, const float* prompts = nullptr);

  /// Numbers of an environment between two steps, and where they are, [tile][number][kTrialTile] in device memory.
  int between_size() const { return between_size_; }
  float* between() const { return between_; }

 private:
  /// What a step's inputs need that are not as the trials have them.
  template <class Memory>
  GatherInputs<float> inputs_of(const MemoryPolicy<Memory>& policy, const Trials<float>& trials,
                                const float* params) const;
  /// What a step of the memories needs.
  template <class Memory>
  StepMemory<float, Memory> step_of(const MemoryPolicy<Memory>& policy, const Trials<float>& trials,
                                    const float* params) const;
  /// The products of all environments, and then what is no product.
  template <class Memory>
  void step_widely(const StepMemory<float, Memory>& op);

  const TrialPolicy policy_;
  const bool wide_;
  Device& device_;
  MemoryWeights weights_;
  HeadWeights heads_;
  std::int64_t states_size_ = 0;  // [even, odd][env][state_size] of a network
  float* states_ = nullptr;       // [network] of them
  float* inputs_ = nullptr;       // [network][env][padded(inputs)]  null: as the trials have them
  float* normalised_ = nullptr;   // [network][env][padded(hidden)]
  float* trace_ = nullptr;        // [network][tile][tile_trace]
  float* kept_ = nullptr;         // [env][kept_size]  wide
  float* norm_ = nullptr;         // of its rows, likewise
  int between_size_ = 0;
  float* between_ = nullptr;  // [tile][tile_numbers]
};

template <class Memory>
GatherInputs<float> TrialRollout::inputs_of(const MemoryPolicy<Memory>& policy, const Trials<float>& trials,
                                            const float* params) const {
  GatherInputs<float> op;
  op.shape = policy;
  op.trials = trials;
  op.envs = trials.batch.envs;
  op.embedding = params + policy.embedding_offset();
  op.network_stride = policy.network_parameters();
  op.rows = {trials.batch.envs, 1};
  op.inputs = inputs_;
  return op;
}

template <class Memory>
StepMemory<float, Memory> TrialRollout::step_of(const MemoryPolicy<Memory>& policy,
                                                const Trials<float>& trials, const float* params) const {
  StepMemory<float, Memory> op;
  op.shape = policy;
  op.trials = trials;
  op.params = params;
  op.weights = weights_.numbers();
  op.inputs = inputs_;
  op.states = states_;
  op.normalised = normalised_;
  op.trace = trace_;
  return op;
}

template <class Memory>
void TrialRollout::step_widely(const StepMemory<float, Memory>& op) {
  const Batch<float>& batch = op.trials.batch;
  const typename Memory::Shape& memory = op.shape.memory;
  for (int n = 0; n < op.shape.networks(); ++n) {
    const int input_size = padded(op.shape.inputs);
    const Left<float> inputs =
        op.inputs != nullptr
            ? Left<float>{op.inputs + std::ptrdiff_t{n} * batch.envs * input_size, input_size, 1}
            : Left<float>{batch.observations + std::ptrdiff_t{op.step} * batch.envs, 1,
                          static_cast<int>(batch.row_stride)};
    MemoryStep<float> step{batch.envs, inputs, op.before(n, op.step), kept_, op.before(n, op.step + 1)};
    const auto weights = weights_.of<Memory>(memory, n);
    if constexpr (kMakesPasses<Memory>) {
      const LayeredRun run(device_);
      step.trace = op.trace + std::ptrdiff_t{n} * op.trials.tiles() * op.tile_trace();
      step.t = op.step;
      step.steps = batch.horizon;
      Memory::step_by(run, memory, weights, step);
      if (!op.shape.layer_norm) continue;
      Scratch at(norm_);
      LayerNorm<float> norm = LayerNorm<float>::take(at, op.shape.normalised(), padded(batch.envs), false);
      norm.outputs = op.normalised + std::ptrdiff_t{n} * batch.envs * padded(op.shape.hidden);
      run.rows(
          LoadNorm<float>{op.shape.hidden,
                          op.params + n * op.shape.network_parameters() + Memory::parameters(memory), norm},
          1);
      run.rows(NormaliseRows<float>{op.shape.hidden, norm, step.after, Memory::state_size(memory)},
               batch.envs);
    } else {
      Memory::step_products(memory, weights, step, multiply_on(device_));
      WideMemory<float, Memory> activate;
      activate.phase = WideMemory<float, Memory>::Phase::activate;
      activate.shape = memory;
      activate.step = step;
      device_.once(activate);
    }
  }
}

template <class Env>
void TrialRollout::enqueue(const TrialPlay<float, Env>& play, const float* params, const float* prompts) {
  const int tiles = play.trials.tiles(), networks = shape_of(policy_).networks();
  weights_.load(params);
  heads_.load(device_, params + memory_parameters(policy_));
  for (int n = 0; n < networks; ++n) fill_memory(device_, states_ + n * states_size_, states_size_ / 2, 0.0f);
  TrialStep<float, Env> env{play};
  env.heads = heads_.of_heads();
  env.between = between_;
  env.step = -1;
  device_.per_task(env, tiles);
  with_memory(policy_, [&]<class Memory>(const MemoryPolicy<Memory>& policy) {
    GatherInputs<float> inputs = inputs_of(policy, play.trials, params);
    StepMemory<float, Memory> memory = step_of(policy, play.trials, params);
    memory.prompts = prompts;
    const Batch<float>& batch = play.trials.batch;
    for (int step = 0; step < batch.seen_steps(); ++step) {
      inputs.step = memory.step = env.step = step;
      if (inputs_ != nullptr) device_.per_task(inputs, tiles);
      if constexpr (kCanBeWide<Memory>)
        if (wide_) step_widely(memory);
      if (!wide_) device_.per_task(memory, tiles);
      for (int n = 0; n < networks; ++n) env.memory[n] = memory.head_inputs(n);
      device_.per_task(env, tiles);
    }
  });
}

}  // namespace innerloop
