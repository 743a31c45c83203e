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
  with_memory(policy, [&](const auto& with) {
    network_parameters_ = with.network_parameters();
    embedding_offset_ = with.embedding_offset();
  });
  for (int n = 0; n < shape_.networks(); ++n)
    networks_.push_back(create_wide_network({policy_, weights_, n, envs, horizon, device, plan}));
  const std::int64_t together = network(0).most_envs(), rows = network(0).rows(network(0).most_envs()),
                     quantities = TrialSeeds<float>::quantities(shape_);
  seeds_.row_stride = padded(static_cast<int>(rows));
  plan.add(&inputs_, "gradient_inputs", "[set][row][input]",
           {shape_.input_sets(), horizon * together, padded(shape_.inputs)});
  if (shape_.embedding > 0) {
    plan.add(&by_inputs_, "inputs_gradient", "[row][input]", {rows, padded(shape_.embedding)});
    plan.add(&zero_, "zeros", "[input]", {padded(shape_.embedding)});
  }
  plan.add(&seeds_.seeds, "gradient_seeds", "[quantity][row]", {quantities, seeds_.row_stride});
  plan.add(&seeds_.sums, "gradient_sums", "[quantity]", {quantities});
  plan.add(&head_sums_, "head_sums", "[head][unit]", {shape_.heads(), padded(shape_.hidden)});
}

float* WideGradient::inputs_of(int number, int envs) const {
  const int set = shape_.input_sets() > 1 ? number : 0;
  return inputs_ + std::ptrdiff_t{set} * horizon_ * envs * padded(shape_.inputs);
}

void WideGradient::run(TrialSeeds<float>& seeds, Phase phase) {
  seeds.phase = phase;
  device_.once(seeds);
}

void WideGradient::enqueue(const TrialObjective<float>& objective, int window, const float* params,
                           float* gradient, float* values) {
  TrialSeeds<float> seeds = seeds_;
  static_cast<TrialObjective<float>&>(seeds) = objective;
  const int in_memories = memory_parameters(policy_), quantities = TrialSeeds<float>::quantities(shape_);
  seeds.params = params + in_memories;
  seeds.head_sums = head_sums_;
  seeds.gradient = gradient + in_memories;
  seeds.values = values;
  weights_.load(params);
  heads_.load(device_, seeds.params);
  fill_memory(device_, head_sums_, std::int64_t{shape_.heads()} * padded(shape_.hidden), 0.0f);
  fill_memory(device_, seeds.sums, quantities, 0.0f);
  if (shape_.embedding > 0) fill_memory(device_, zero_, padded(shape_.embedding), 0.0f);
  for (int n = 0; n < shape_.networks(); ++n) {
    network(n).begin(params + offset(n));
    if (shape_.embedding > 0)
      fill_memory(device_, gradient + offset(n) + embedding_offset_, shape_.embedding_parameters(), 0.0f);
  }
  for (int from = 0; from < objective.envs; from += network(0).most_envs()) {
    const int envs = std::min(objective.envs - from, network(0).most_envs());
    seeds.order = objective.order + from;
    seeds.envs = envs;
    seeds.rows_at = network(0).order(envs);
    seeds.row_count = network(0).rows(envs);
    gather(seeds, params);
    for (int n = 0; n < shape_.networks(); ++n)
      seeds.memory[n] = network(n).forward(inputs_of(n, envs), envs);
    fill_memory(device_, seeds.seeds, std::int64_t{quantities} * seeds.row_stride, 0.0f);
    run(seeds, Phase::seed);
    run(seeds, Phase::sum);
    for (int n = 0; n < shape_.networks(); ++n) {
      back(n, seeds, window);
      if (shape_.embedding > 0) add_embedding_gradient(n, seeds, gradient);
    }
  }
  for (int n = 0; n < shape_.networks(); ++n) network(n).store(gradient + offset(n));
  run(seeds, Phase::store);
}

void WideGradient::gather(const TrialSeeds<float>& seeds, const float* params) {
  GatherInputs<float> op;
  op.shape = shape_;
  op.trials = seeds.trials;
  op.order = seeds.order;
  op.envs = seeds.envs;
  op.steps = horizon_;
  op.embedding = params + embedding_offset_;
  op.network_stride = network_parameters_;
  op.rows = network(0).input_order(seeds.envs);
  op.inputs = inputs_;
  device_.per_task(op, op.tiles());
}

// From the seeds to the heads' and the memory's sums.
void WideGradient::back(int number, const TrialSeeds<float>& seeds, int window) {
  WideNetwork& own = network(number);
  const int width = padded(shape_.hidden), heads = shape_.heads_of(number), rows = own.rows(seeds.envs),
            stride = seeds.row_stride;
  const std::ptrdiff_t first = shape_.first_head(number);
  const float* const by_heads = seeds.seeds + first * stride;
  float* const sums = head_sums_ + first * width;
  const HeadInputs<float>& outputs = seeds.memory[number];
  multiply_on(device_)(
      heads, width, Array<Term<float>, 1>{{{{by_heads, stride, 1}, {outputs.rows, outputs.row_size}, rows}}},
      Start<float>{sums, width}, sums, width);
  own.back(inputs_of(number, seeds.envs), seeds.envs, heads, by_heads, stride,
           heads_.of_heads().transposed + first * width, window);
}

void WideGradient::add_embedding_gradient(int number, const TrialSeeds<float>& seeds, float* gradient) {
  network(number).input_gradient(seeds.envs, zero_, by_inputs_);
  AddEmbeddingGradient<float> op;
  op.shape = shape_;
  op.trials = seeds.trials;
  op.order = seeds.order;
  op.envs = seeds.envs;
  op.rows = seeds.rows_at;
  op.by = by_inputs_;
  op.gradient = gradient + offset(number) + embedding_offset_;
  device_.once(op);
}

}  // namespace innerloop
