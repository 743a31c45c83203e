#include "engine/stages/layered_gradient.h"

#include "engine/device/launch.h"

namespace innerloop {

WideGradient::WideGradient(const TrialPolicy& policy, int horizon, int envs, Device& device, BufferPlan& plan)
    : policy_(policy),
      shape_(shape_of(policy)),
      horizon_(horizon),
      device_(device),
      weights_(policy, true, "gradient_weights", device, plan),
      heads_(shape_, "gradient_heads", plan) {
  const std::int64_t together = std::min(envs, kMostEnvs), rows = horizon * together,
                     width = padded(shape_.hidden);
  with_wide_memory(policy, [&]<class Memory>(const MemoryPolicy<Memory>& with) {
    const typename Memory::Shape& memory = with.memory;
    Scratch counted;
    Memory::template take_sums<float>(counted, memory);
    sums_size_ = counted.used() / static_cast<long>(sizeof(float));
    seeds_.state_size = Memory::state_size(memory);
    for (int n = 0; n < shape_.networks(); ++n) {
      Network& own = networks_[n];
      plan.add(&own.states, "gradient_states", "[step][env][unit]",
               {horizon + 1, together, Memory::state_size(memory)});
      plan.add(&own.kept, "gradient_gates", "[step][env][gate]", {rows, Memory::kept_size(memory)});
      plan.add(&own.back, "gates_gradient", "[step][env][gate]", {rows, Memory::back_size(memory)});
      plan.add(&own.state, "state_gradient", "[env][unit]", {together, Memory::state_size(memory)});
      plan.add(&own.sums, "weights_gradient", "[number]", {sums_size_});
    }
  });
  const std::int64_t quantities = TrialSeeds<float>::quantities(shape_);
  seeds_.row_stride = padded(static_cast<int>(rows));
  plan.add(&inputs_, "gradient_inputs", "[set][step][env][input]",
           {shape_.input_sets(), rows, padded(shape_.inputs)});
  if (shape_.embedding > 0) {
    plan.add(&by_inputs_, "inputs_gradient", "[step][env][input]", {rows, padded(shape_.embedding)});
    plan.add(&zero_, "zeros", "[input]", {padded(shape_.embedding)});
  }
  plan.add(&seeds_.seeds, "gradient_seeds", "[quantity][row]", {quantities, seeds_.row_stride});
  plan.add(&seeds_.sums, "gradient_sums", "[quantity]", {quantities});
  plan.add(&head_sums_, "head_sums", "[head][unit]", {shape_.heads(), width});
  plan.add(&ones_, "ones", "[row]", {rows});
}

void WideGradient::run(TrialSeeds<float>& seeds, Phase phase) {
  seeds.phase = phase;
  device_.once(seeds);
}

void WideGradient::enqueue(const TrialObjective<float>& objective, int window, const float* params,
                           float* gradient, float* values) {
  TrialSeeds<float> seeds = seeds_;
  static_cast<TrialObjective<float>&>(seeds) = objective;
  const int in_memories = memory_parameters(policy_), networks = shape_.networks();
  seeds.params = params + in_memories;
  seeds.head_sums = head_sums_;
  seeds.gradient = gradient + in_memories;
  seeds.values = values;
  weights_.load(params);
  heads_.load(device_, seeds.params);
  fill_memory(device_, ones_, std::int64_t{horizon_} * std::min(objective.envs, kMostEnvs), 1.0f);
  fill_memory(device_, head_sums_, std::int64_t{shape_.heads()} * padded(shape_.hidden), 0.0f);
  fill_memory(device_, seeds.sums, TrialSeeds<float>::quantities(shape_), 0.0f);
  for (int n = 0; n < networks; ++n) fill_memory(device_, networks_[n].sums, sums_size_, 0.0f);
  if (shape_.embedding > 0) fill_memory(device_, zero_, padded(shape_.embedding), 0.0f);
  with_wide_memory(policy_, [&]<class Memory>(const MemoryPolicy<Memory>& policy) {
    if (shape_.embedding > 0)
      for (int n = 0; n < networks; ++n)
        fill_memory(device_, gradient + n * policy.network_parameters() + policy.embedding_offset(),
                    policy.embedding_parameters(), 0.0f);
    for (int first = 0; first < objective.envs; first += kMostEnvs) {
      const int envs = std::min(objective.envs - first, kMostEnvs);
      seeds.order = objective.order + first;
      seeds.envs = envs;
      gather(policy, seeds, params);
      for (int n = 0; n < networks; ++n) {
        forward(policy, n, envs);
        seeds.memory[n] = networks_[n].states + std::ptrdiff_t{envs} * seeds.state_size;
      }
      run(seeds, Phase::seed);
      run(seeds, Phase::sum);
      for (int n = 0; n < networks; ++n) {
        back(policy, n, envs, window);
        if (shape_.embedding > 0) add_embedding_gradient(policy, n, seeds, gradient);
      }
    }
    for (int n = 0; n < networks; ++n) {
      WideMemory<float, Memory> op;
      op.phase = WideMemory<float, Memory>::Phase::store;
      op.shape = policy.memory;
      op.sums = sums_of(policy, n);
      op.gradient = gradient + n * policy.network_parameters();
      op.teams = sharing_teams(device_);
      device_.once(op);
    }
  });
  run(seeds, Phase::store);
}

// What the policy took in.
template <class Memory>
void WideGradient::gather(const MemoryPolicy<Memory>& policy, const TrialSeeds<float>& seeds,
                          const float* params) {
  GatherInputs<float> op;
  op.shape = shape_;
  op.trials = seeds.trials;
  op.order = seeds.order;
  op.envs = seeds.envs;
  op.steps = horizon_;
  op.embedding = params + policy.embedding_offset();
  op.network_stride = policy.network_parameters();
  op.inputs = inputs_;
  device_.per_task(op, op.tiles());
}

// The memory before each step of `envs` environments, and after the last.
template <class Memory>
void WideGradient::forward(const MemoryPolicy<Memory>& policy, int network, int envs) {
  const typename Memory::Shape& memory = policy.memory;
  const Network& own = networks_[network];
  const std::ptrdiff_t state = std::ptrdiff_t{envs} * Memory::state_size(memory);
  const int input_size = padded(memory.inputs);
  WideMemory<float, Memory> op;
  op.phase = WideMemory<float, Memory>::Phase::activate;
  op.shape = memory;
  fill_memory(device_, own.states, state, 0.0f);
  for (int t = 0; t < horizon_; ++t) {
    op.step = {envs,
               {inputs_of(network, envs) + std::ptrdiff_t{t} * envs * input_size, input_size, 1},
               own.states + t * state,
               own.kept + std::ptrdiff_t{t} * envs * Memory::kept_size(memory),
               own.states + (t + 1) * state};
    Memory::step_products(memory, weights_.of<Memory>(memory, network), op.step, multiply_on(device_));
    device_.once(op);
  }
}

// From the seeds to the weights' gradient.
template <class Memory>
void WideGradient::back(const MemoryPolicy<Memory>& policy, int network, int envs, int window) {
  const typename Memory::Shape& memory = policy.memory;
  const Network& own = networks_[network];
  const auto multiply = multiply_on(device_);
  const int width = padded(memory.hidden), size = Memory::state_size(memory), rows = horizon_ * envs,
            stride = seeds_.row_stride;
  const std::ptrdiff_t state = std::ptrdiff_t{envs} * size, first = shape_.first_head(network);
  const int heads_of = shape_.heads_of(network);
  const float* const seeds = seeds_.seeds + first * stride;
  float* const head_sums = head_sums_ + first * width;
  multiply(heads_of, width, Array<Term<float>, 1>{{{{seeds, stride, 1}, {own.states + state, size}, rows}}},
           Start<float>{head_sums, width}, head_sums, width);
  WideMemory<float, Memory> op;
  op.phase = WideMemory<float, Memory>::Phase::slopes;
  op.shape = memory;
  for (int t = horizon_; t-- > 0;) {
    // The gradient ends at a window's border.
    if (t + 1 == horizon_ || (window > 0 && (t + 1) % window == 0))
      fill_memory(device_, own.state, state, 0.0f);
    multiply(envs, width,
             Array<Term<float>, 1>{{{{seeds + std::ptrdiff_t{t} * envs, 1, stride},
                                     {heads_.of_heads().transposed + first * width, width},
                                     heads_of}}},
             Start<float>{own.state, size}, own.state, size);
    op.back = {envs, own.states + t * state, own.kept + std::ptrdiff_t{t} * envs * Memory::kept_size(memory),
               own.state, own.back + std::ptrdiff_t{t} * envs * Memory::back_size(memory)};
    device_.once(op);
    Memory::back_products(memory, weights_.of<Memory>(memory, network), op.back, multiply);
  }
  const auto sums = sums_of(policy, network);
  Memory::gradient_products(memory,
                            MemoryRows<float>{rows, inputs_of(network, envs), own.states, own.back, own.kept},
                            sums, multiply);
  const int biases = Memory::sums_size(memory);
  multiply(1, biases,
           Array<Term<float>, 1>{{{{ones_, rows, 1}, {own.back, Memory::back_size(memory)}, rows}}},
           Start<float>{sums.bias, biases}, sums.bias, biases);
}

template <class Memory>
void WideGradient::add_embedding_gradient(const MemoryPolicy<Memory>& policy, int network,
                                          const TrialSeeds<float>& seeds, float* gradient) {
  const MemoryInputs<float> rows{seeds.rows(), networks_[network].back, zero_, by_inputs_};
  Memory::input_products(policy.memory, weights_.of<Memory>(policy.memory, network), rows,
                         multiply_on(device_));
  AddEmbeddingGradient<float> op;
  op.shape = shape_;
  op.trials = seeds.trials;
  op.order = seeds.order;
  op.envs = seeds.envs;
  op.by = by_inputs_;
  op.gradient = gradient + network * policy.network_parameters() + policy.embedding_offset();
  device_.once(op);
}

}  // namespace innerloop
