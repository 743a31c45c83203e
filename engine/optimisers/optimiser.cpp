#include "engine/optimisers/optimiser.h"

#include <utility>

#include "engine/device/launch.h"
#include "engine/learned/create.h"
#include "engine/optimisers/trpo.h"
#include "kernels/outer/optimisers.h"

namespace innerloop {
namespace {

// Adam (Kingma and Ba 2015), AdamW (Loshchilov and Hutter 2019), or steps with or without momentum.
class FirstOrder : public OuterOptimiser {
 public:
  FirstOrder(const AdamOptions& o, std::vector<float> decays, float schedule, int parameters, Device& device,
             BufferPlan& plan)
      : device_(device), decays_(std::move(decays)) {
    step_.kind = OuterStep<float>::Kind::adam;
    step_.lr = static_cast<float>(o.lr);
    step_.beta1 = static_cast<float>(o.beta1);
    step_.beta2 = static_cast<float>(o.beta2);
    step_.epsilon = static_cast<float>(o.epsilon);
    declare(o.max_gradient_norm, schedule, parameters, plan);
    plan.add(&step_.first_moment, "adam.first_moment", "[parameter]", {parameters});
    plan.add(&step_.second_moment, "adam.second_moment", "[parameter]", {parameters});
    plan.add(&step_.powers, "adam.powers", "[beta]", {2});
    if (!decays_.empty()) plan.add(&decay_, "adam.decay", "[parameter]", {parameters});
  }
  FirstOrder(const SgdOptions& o, float schedule, int parameters, Device& device, BufferPlan& plan)
      : device_(device) {
    step_.kind = OuterStep<float>::Kind::sgd;
    step_.lr = static_cast<float>(o.lr);
    step_.momentum = static_cast<float>(o.momentum);
    step_.nesterov = o.nesterov;
    declare(o.max_gradient_norm, schedule, parameters, plan);
    if (o.momentum > 0) plan.add(&step_.velocity, "sgd.velocity", "[parameter]", {parameters});
  }

  void prepare(const RandomKey* key) override {
    step_.schedule.key = key;
    const double ones[2] = {1, 1};
    if (step_.powers != nullptr) device_.write(step_.powers, ones);
    if (decays_.empty()) return;
    device_.write(decay_, decays_);
    step_.decay = decay_;
  }

  void update(float* params, const float* gradient, const int* enabled) override {
    step_.enabled = enabled;
    step_.params = params;
    step_.gradient = gradient;
    device_.once(step_);
  }

  std::vector<StateTensor> state() const override {
    // Asked before the memory is there, too.
    const std::int64_t bytes = step_.size * static_cast<std::int64_t>(sizeof(float));
    if (step_.kind == OuterStep<float>::Kind::sgd) {
      if (step_.momentum == 0) return {};
      return {{"sgd.velocity", DType::F32, {step_.size}, step_.velocity, bytes}};
    }
    return {{"adam.first_moment", DType::F32, {step_.size}, step_.first_moment, bytes},
            {"adam.second_moment", DType::F32, {step_.size}, step_.second_moment, bytes},
            {"adam.powers", DType::F64, {2}, step_.powers, 2 * sizeof(double)}};
  }

  void report(IterationReport& report) const override { report.gradient_norm = device_.read(step_.norm); }

 private:
  void declare(const std::optional<double>& max_norm, float schedule, int parameters, BufferPlan& plan) {
    step_.schedule.decay = schedule;
    step_.size = parameters;
    step_.max_norm = static_cast<float>(max_norm.value_or(0));
    plan.add(&step_.norm, "gradient_norm", "[1]", {1});
  }

  Device& device_;
  const std::vector<float> decays_;  // [M]  AdamW; else empty
  float* decay_ = nullptr;           // [M]  the same in device memory
  OuterStep<float> step_;
};

// What of the whole step each iteration takes away.
template <class Options>
float schedule_of(const Options& outer, int iterations) {
  return outer.schedule == OuterSchedule::linear ? 1.0f / static_cast<float>(iterations) : 0.0f;
}

}  // namespace

std::unique_ptr<OuterOptimiser> OuterOptimiser::create(const Config& config, int parameters, Device& device,
                                                       BufferPlan& plan, TrustRegionObjective* objective) {
  const int iterations = config.iterations;
  const Learned learned = create_learned(config);
  if (const auto* adam = std::get_if<AdamOptions>(&config.outer))
    return std::make_unique<FirstOrder>(*adam, std::vector<float>{}, schedule_of(*adam, iterations),
                                        parameters, device, plan);
  if (const auto* adamw = std::get_if<AdamWOptions>(&config.outer))
    return std::make_unique<FirstOrder>(adamw->adam, learned.decay(learned.range(""), adamw->weight_decay),
                                        schedule_of(adamw->adam, iterations), parameters, device, plan);
  if (const auto* sgd = std::get_if<SgdOptions>(&config.outer))
    return std::make_unique<FirstOrder>(*sgd, schedule_of(*sgd, iterations), parameters, device, plan);
  const auto& trpo = std::get<TrpoOptions>(config.outer);
  return std::make_unique<Trpo>(trpo, schedule_of(trpo, iterations), parameters, device, plan, *objective);
}

}  // namespace innerloop
