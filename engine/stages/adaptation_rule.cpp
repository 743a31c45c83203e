#include "engine/stages/adaptation_rule.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/device/launch.h"
#include "engine/learned/step_sizes.h"

namespace innerloop {
namespace {

// The gradient of the update after the first `j` ones of inner step k.
std::string gradient_name(std::size_t k, std::size_t j) {
  return "inner." + std::to_string(k) + ".gradient" + (j == 0 ? "" : "." + std::to_string(j));
}

}  // namespace

AdaptationRule::AdaptationRule(const InnerLoopSetup& setup, const InnerLoopSizes& sizes, Device& device,
                               BufferPlan& plan)
    : options_(setup.options),
      sizes_(sizes),
      learned_sizes_(setup.step_sizes),
      learned_multipliers_(setup.multipliers),
      shape_(setup.policy),
      device_(device),
      size_layout_(step_size_layout(setup.options, setup.policy, sizes.steps)),
      multiplier_layout_(multiplier_layout(setup.options, setup.policy)),
      size_each_(size_layout_.sets > 0 || !adapts_all(setup.options, setup.policy)),
      gradients_(update(sizes.steps, 0)) {
  const std::int64_t tasks = sizes.tasks, parameters = shape_.parameters();
  if (size_each_)
    plan.add(&step_sizes_, "inner_lr", "[step][parameter]", {sizes.steps, parameters});
  else
    plan.add(&step_sizes_, "inner_lr", "[step]", {sizes.steps});
  if (learns_sizes()) {
    plan.add(&adapted_mask_, "adapted_parameters", "[parameter]", {parameters});
    if (sizes.way_back)
      plan.add(&size_gradient_, "inner_lr_gradient", "[task][set][number]",
               {tasks, size_layout_.sets, size_layout_.numbers});
  }
  // Without the way back only the multipliers want the gradients, each but for a moment.
  const bool wanted = multiplies() || (sizes.way_back && learns_sizes());
  const std::size_t epochs = static_cast<std::size_t>(options_.inner_epochs);
  for (std::size_t i = 0; wanted && i < gradients_.size() && (i == 0 || sizes.way_back); ++i)
    plan.add(&gradients_[i], gradient_name(i / epochs, i % epochs), "[task][parameter]", {tasks, parameters});
  if (!multiplies() || !sizes.way_back) return;
  plan.add(&multiplier_gradient_, "multiplier_gradient", "[task][number]",
           {tasks, multiplier_layout_.learned()});
  plan.add(&multiplied_, "multiplied", "[task][parameter]", {tasks, parameters});
  plan.add(&multiplied_direction_, "multiplied_direction", "[task][parameter]", {tasks, parameters});
}

void AdaptationRule::prepare() {
  const auto copy = [&](float* to, const std::vector<float>& from) {
    if (!from.empty()) device_.write(to, from);
  };
  if (learns_sizes())
    copy(adapted_mask_, adapted_parameters(options_, shape_));
  else
    copy(step_sizes_, fixed_step_sizes(options_, shape_, sizes_.lr));
  if (!sizes_.way_back && multiplies()) std::ranges::fill(gradients_, gradients_[0]);
}

void AdaptationRule::set(const float* params) {
  if (learns_sizes())
    device_.once(
        SetStepSizes<float>{size_layout_, params + learned_sizes_.offset, adapted_mask_, step_sizes_});
  multipliers_ = params + learned_multipliers_.offset;
}

StepSize<float> AdaptationRule::size(int k) const {
  if (size_each_) return {step_sizes_ + std::ptrdiff_t{k} * shape_.parameters(), 1};
  return {step_sizes_ + k, 0};
}

MultipliedStep<float> AdaptationRule::multiplied(int k, int j, const Parameters<float>& from) const {
  return {multiplier_layout_, multipliers_, from, gradient(k, j), size(k)};
}

void AdaptationRule::multiply(int k, int j, const Parameters<float>& from, float* to, const int* enabled) {
  device_.per_task(MultiplyStep<float>{multiplied(k, j, from), to, enabled}, sizes_.tasks);
}

void AdaptationRule::multiply_back(int k, int j, const Parameters<float>& from, const float* v, float* out) {
  MultiplyStepBack<float> op;
  op.step = multiplied(k, j, from);
  op.v = v;
  op.at_network = multiplier_gradient_;
  op.add = update(k, j) + 1 != gradients_.size();  // the first that the way back comes to
  op.at_sizes = multiplied_;
  op.at_gradient = multiplied_direction_;
  op.out = out;
  device_.per_task(op, sizes_.tasks);
}

void AdaptationRule::multiply_along(int k, int j, const Parameters<float>& from,
                                    const Parameters<float>& from_moved, bool gradient_moves,
                                    const float* direction, float* out) {
  MultiplyStepTangent<float> op;
  op.step = multiplied(k, j, from);
  op.theta_moved = from_moved;
  op.gradient_moved = gradient_moves ? multiplied_direction_ : nullptr;
  op.network_moved = direction + learned_multipliers_.offset;
  op.at_sizes = multiplied_;
  op.out = out;
  device_.per_task(op, sizes_.tasks);
}

void AdaptationRule::add_size_gradient(int k, int j, const float* v) {
  if (!learns_sizes()) return;
  StepSizeGradient<float> op;
  op.layout = size_layout_;
  op.step = k;
  op.v = v;
  op.slope = slope(k);
  op.gradient = gradient(k, j);
  op.out = size_gradient_;
  const bool last = j + 1 == options_.inner_epochs;  // the first that the way back comes to
  op.add = !last || (size_layout_.sets == 1 && k + 1 < sizes_.steps);
  device_.per_task(op, sizes_.tasks);
}

void AdaptationRule::along_sizes(int k, int j, const Parameters<float>& moved, const float* direction,
                                 float* out) {
  StepSizeTangent<float> op;
  op.layout = size_layout_;
  op.step = k;
  op.direction = direction + learned_sizes_.offset;
  op.slope = slope(k);
  op.gradient = multiplies() ? multiplied_ : gradient(k, j);
  op.base = moved;
  op.out = out;
  device_.per_task(op, sizes_.tasks);
}

void AdaptationRule::mean_over_tasks(float* out) {
  const auto put_mean = [&](const LearnedRange& part, const float* gradient) {
    if (part.size == 0) return;
    SumOverTasks<float> op;
    op.tasks = sizes_.tasks;
    op.size = static_cast<int>(part.size);
    op.x = gradient;
    op.scale = 1.0f / static_cast<float>(sizes_.tasks);
    op.out = out + part.offset;
    device_.once(op);
  };
  put_mean(learned_sizes_, size_gradient_);
  put_mean(learned_multipliers_, multiplier_gradient_);
}

double AdaptationRule::mean_size(const float* params) const {
  std::vector<float> numbers(static_cast<std::size_t>(learned_sizes_.size));
  device_.read(params + learned_sizes_.offset, numbers);
  double sum = 0;
  for (const float number : numbers) sum += size_layout_.positive ? std::exp(number) : number;
  return sum / static_cast<double>(numbers.size());
}

}  // namespace innerloop
