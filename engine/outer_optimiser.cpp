#include "engine/outer_optimiser.h"

#include "engine/trpo.h"

namespace innerloop {
namespace {

// Adam (Kingma and Ba 2015), or plain steps.
class FirstOrder : public OuterOptimiser {
 public:
  FirstOrder(const AdamOptions& o, float decay, int parameters, Device& device, MemoryPlan& plan)
      : device_(device) {
    step_.kind = OuterStep<float>::Kind::adam;
    step_.lr = static_cast<float>(o.lr);
    step_.beta1 = static_cast<float>(o.beta1);
    step_.beta2 = static_cast<float>(o.beta2);
    step_.epsilon = static_cast<float>(o.epsilon);
    declare(o.max_gradient_norm, decay, parameters, plan);
    plan.add(&step_.first_moment, "adam.first_moment", "[parameter]", {parameters});
    plan.add(&step_.second_moment, "adam.second_moment", "[parameter]", {parameters});
    plan.add(&step_.powers, "adam.powers", "[beta]", {2});
  }
  FirstOrder(const SgdOptions& o, float decay, int parameters, Device& device, MemoryPlan& plan)
      : device_(device) {
    step_.kind = OuterStep<float>::Kind::sgd;
    step_.lr = static_cast<float>(o.lr);
    declare(o.max_gradient_norm, decay, parameters, plan);
  }

  void prepare(const RandomKey* key) override {
    step_.schedule.key = key;
    const double ones[2] = {1, 1};
    if (step_.powers != nullptr) device_.copy_to_device(step_.powers, ones, sizeof(ones));
  }

  void update(float* params, const float* gradient) override {
    step_.params = params;
    step_.gradient = gradient;
    device_.once(step_);
  }

  std::vector<StateTensor> state() const override {
    if (step_.kind != OuterStep<float>::Kind::adam) return {};  // asked before the memory is there, too
    const std::int64_t bytes = step_.size * static_cast<std::int64_t>(sizeof(float));
    return {{"adam.first_moment", DType::F32, {step_.size}, step_.first_moment, bytes},
            {"adam.second_moment", DType::F32, {step_.size}, step_.second_moment, bytes},
            {"adam.powers", DType::F64, {2}, step_.powers, 2 * sizeof(double)}};
  }

  void report(IterationReport& report) const override {
    float norm = 0;
    device_.copy_to_host(&norm, step_.norm, sizeof(norm));
    report.gradient_norm = norm;
  }

 private:
  void declare(const std::optional<double>& max_norm, float decay, int parameters, MemoryPlan& plan) {
    step_.schedule.decay = decay;
    step_.size = parameters;
    step_.max_norm = static_cast<float>(max_norm.value_or(0));
    plan.add(&step_.norm, "gradient_norm", "[1]", {1});
  }

  Device& device_;
  OuterStep<float> step_;
};

template <class Options>
float decay_of(const Options& outer, int iterations) {
  return outer.schedule == OuterSchedule::linear ? 1.0f / static_cast<float>(iterations) : 0.0f;
}

}  // namespace

std::unique_ptr<OuterOptimiser> OuterOptimiser::create(const Config& config, int parameters, Device& device,
                                                       MemoryPlan& plan, TrustRegionObjective* objective) {
  if (const auto* adam = std::get_if<AdamOptions>(&config.outer))
    return std::make_unique<FirstOrder>(*adam, decay_of(*adam, config.iterations), parameters, device, plan);
  if (const auto* sgd = std::get_if<SgdOptions>(&config.outer))
    return std::make_unique<FirstOrder>(*sgd, decay_of(*sgd, config.iterations), parameters, device, plan);
  const auto& trpo = std::get<TrpoOptions>(config.outer);
  return std::make_unique<Trpo>(trpo, decay_of(trpo, config.iterations), parameters, device, plan,
                                *objective);
}

}  // namespace innerloop
