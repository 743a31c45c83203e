#include "engine/algorithms/promp.h"

namespace innerloop {

Promp::Promp(const Config& config, Device& device)
    : MetaLearner(config, device, {.drawn_outputs = true, .trials = true}),
      options_(std::get<PrompOptions>(config.algorithm)) {
  const std::int64_t parameters = inner_->parameters();
  plan_.add(&drawn_params_, "drawn_params", "[parameter]", {parameters});
  plan_.add(&back_, "back", "[task][parameter]", {tasks_, parameters});
  plan_.add(&penalties_, "promp.penalties", "[step]", {steps_});
  plan_.add(&divergences_, "promp.divergences", "[step][value]", {steps_, kPassValues});
  outer_ = OuterOptimiser::create(config, static_cast<int>(parameters), device, plan_, nullptr);
}

void Promp::prepare() {
  const std::vector<float> penalties(static_cast<std::size_t>(steps_),
                                     -static_cast<float>(options_.kl_penalty));
  device_.copy_to_device(penalties_, penalties.data(), steps_ * static_cast<std::int64_t>(sizeof(float)));
}

std::vector<StateTensor> Promp::own_state() const {
  return {{"promp.penalties",
           DType::F32,
           {steps_},
           penalties_,
           steps_ * static_cast<std::int64_t>(sizeof(float))}};
}

IterationReport Promp::iterate(std::uint32_t iteration) {
  device_.copy_on_device(drawn_params_, params_,
                         inner_->parameters() * static_cast<std::int64_t>(sizeof(float)));
  inner_->start(drawn_params_, key(iteration));
  for (int k = 0; k < steps_; ++k) {
    inner_->rollout(k);
    inner_->inner_step(k);
  }
  inner_->rollout(steps_);
  for (int epoch = 0; epoch < options_.epochs; ++epoch) outer_step(epoch == 0);
  measure_divergences();
  IterationReport result = report(back_);
  adapt_penalties(result);
  return result;
}

void Promp::outer_step(bool first) {
  // The first step starts where the data was drawn: its inner steps are already taken.
  if (!first) {
    inner_->start_trial(params_);
    for (int k = 0; k < steps_; ++k) inner_->trial_step(k);
  }
  const auto at = [&](int k) { return first ? inner_->drawn(k) : inner_->trial(k); };
  inner_->add_gradient(steps_, at(steps_),
                       {.estimator = EstimatorName::clipped, .clip = static_cast<float>(options_.clip_range)},
                       nullptr, outer_gradient_);
  const float* v = outer_gradient_;
  for (int k = steps_; k-- > 0;) {
    inner_->through_step(k, at(k), {v, inner_->parameters()}, back_);
    inner_->add_gradient(k, at(k), {.surrogate_weight = 0, .divergence_weight = penalties_ + k}, back_,
                         back_);
    v = back_;
  }
  mean_over_tasks(v);
  outer_->update(params_, meta_gradient_);
}

void Promp::measure_divergences() {
  inner_->start_trial(params_);
  for (int k = 0; k < steps_; ++k) {
    inner_->add_gradient(k, inner_->trial(k), {.surrogate_weight = 0, .divergence_weight = penalties_ + k},
                         nullptr, nullptr);
    inner_->mean_values(k, divergences_ + static_cast<std::ptrdiff_t>(k) * kPassValues);
    if (k + 1 < steps_) inner_->trial_step(k);
  }
}

void Promp::adapt_penalties(IterationReport& report) {
  std::vector<float> values(static_cast<std::size_t>(steps_) * kPassValues),
      penalties(static_cast<std::size_t>(steps_));
  device_.copy_to_host(values.data(), divergences_, static_cast<std::int64_t>(values.size() * sizeof(float)));
  device_.copy_to_host(penalties.data(), penalties_,
                       static_cast<std::int64_t>(penalties.size() * sizeof(float)));
  double kl = 0;
  for (std::size_t k = 0; k < penalties.size(); ++k) {
    const double step_kl = values[k * kPassValues + kDivergence];
    kl += step_kl / steps_;
    if (!options_.adaptive_kl) continue;
    if (step_kl < options_.kl_target / 1.5) penalties[k] *= 0.5f;
    if (step_kl > options_.kl_target * 1.5) penalties[k] *= 2.0f;
  }
  report.extra.emplace_back("kl", kl);
  report.extra.emplace_back("kl_penalty", -static_cast<double>(penalties[0]));
  if (options_.adaptive_kl)
    device_.copy_to_device(penalties_, penalties.data(),
                           static_cast<std::int64_t>(penalties.size() * sizeof(float)));
}

}  // namespace innerloop
