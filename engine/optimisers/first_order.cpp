#include "engine/optimisers/first_order.h"

#include <utility>

#include "engine/device/launch.h"

namespace innerloop {

FirstOrder::FirstOrder(const AdamOptions& o, std::vector<float> decays, float schedule, const Target& target,
                       Device& device, BufferPlan& plan)
    : OuterOptimiser(target), device_(device), decays_(std::move(decays)) {
  step_.kind = OuterStep<float>::Kind::adam;
  step_.lr = static_cast<float>(o.lr);
  step_.beta1 = static_cast<float>(o.beta1);
  step_.beta2 = static_cast<float>(o.beta2);
  step_.epsilon = static_cast<float>(o.epsilon);
  declare(o.max_gradient_norm, schedule, plan);
  plan.add(&step_.first_moment, named("adam.first_moment"), "[parameter]", {size()});
  plan.add(&step_.second_moment, named("adam.second_moment"), "[parameter]", {size()});
  plan.add(&step_.powers, named("adam.powers"), "[beta]", {2});
  if (!decays_.empty()) plan.add(&decay_, named("adam.decay"), "[parameter]", {size()});
}

FirstOrder::FirstOrder(const SgdOptions& o, float schedule, const Target& target, Device& device,
                       BufferPlan& plan)
    : OuterOptimiser(target), device_(device) {
  step_.kind = OuterStep<float>::Kind::sgd;
  step_.lr = static_cast<float>(o.lr);
  step_.momentum = static_cast<float>(o.momentum);
  step_.nesterov = o.nesterov;
  declare(o.max_gradient_norm, schedule, plan);
  if (o.momentum > 0) plan.add(&step_.velocity, named("sgd.velocity"), "[parameter]", {size()});
}

void FirstOrder::declare(const std::optional<double>& max_norm, float schedule, BufferPlan& plan) {
  step_.schedule.decay = schedule;
  step_.size = static_cast<int>(size());
  step_.max_norm = static_cast<float>(max_norm.value_or(0));
  plan.add(&step_.norm, named("gradient_norm"), "[1]", {1});
}

void FirstOrder::prepare(const RandomKey* key) {
  step_.schedule.key = key;
  const double ones[2] = {1, 1};
  if (step_.powers != nullptr) device_.write(step_.powers, ones);
  if (decays_.empty()) return;
  device_.write(decay_, decays_);
  step_.decay = decay_;
}

void FirstOrder::step(float* params, const float* gradient, const int* enabled) {
  step_.enabled = enabled;
  step_.params = params;
  step_.gradient = gradient;
  device_.once(step_);
}

std::vector<StateTensor> FirstOrder::state() const {
  // Asked before the memory is there, too.
  const std::int64_t bytes = size() * static_cast<std::int64_t>(sizeof(float));
  if (step_.kind == OuterStep<float>::Kind::sgd) {
    if (step_.momentum == 0) return {};
    return {{named("sgd.velocity"), DType::F32, {size()}, step_.velocity, bytes}};
  }
  return {{named("adam.first_moment"), DType::F32, {size()}, step_.first_moment, bytes},
          {named("adam.second_moment"), DType::F32, {size()}, step_.second_moment, bytes},
          {named("adam.powers"), DType::F64, {2}, step_.powers, 2 * sizeof(double)}};
}

void FirstOrder::report(IterationReport& report) const { report_norm(report, device_.read(step_.norm)); }

}  // namespace innerloop
