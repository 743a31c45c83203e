#include "engine/algorithms/promp.h"

#include "engine/device/launch.h"

namespace innerloop {

std::unique_ptr<Promp> make_algorithm(const PrompOptions& options, const Config& config, Device& device) {
  return std::make_unique<Promp>(options, config, device);
}

Promp::Promp(const PrompOptions& options, const Config& config, Device& device)
    : MetaLearner(config, device, {.drawn_outputs = true, .candidates = true}), options_(options) {
  const std::int64_t parameters = inner_->parameters();
  plan_.add(&drawn_params_, "drawn_params", "[parameter]", {learned_.size()});
  plan_.add(&back_, "back", "[task][parameter]", {tasks_, parameters});
  plan_.add(&penalties_, "promp.penalties", "[step]", {steps_});
  plan_.add(&divergences_, "promp.divergences", "[step][value]", {steps_, kPassValues});
  outer_ = OuterOptimiser::create(config.outer, learned_, "", config.iterations, device, plan_);
}

void Promp::prepare() {
  const std::vector<float> penalties(static_cast<std::size_t>(steps_),
                                     -static_cast<float>(options_.kl_penalty));
  device_.write(penalties_, penalties);
}

std::vector<StateTensor> Promp::own_state() const {
  return {{"promp.penalties",
           DType::F32,
           {steps_},
           penalties_,
           steps_ * static_cast<std::int64_t>(sizeof(float))}};
}

void Promp::enqueue() {
  device_.copy_on_device(drawn_params_, params_, learned_.size() * static_cast<std::int64_t>(sizeof(float)));
  inner_->start(drawn_params_);
  for (int k = 0; k < steps_; ++k) {
    inner_->rollout(k);
    inner_->inner_step(k);
  }
  inner_->rollout(steps_);
  for (int epoch = 0; epoch < options_.epochs; ++epoch) outer_step(epoch == 0);
  measure_divergences();
  if (options_.adaptive_kl)
    device_.once(
        AdaptPenalties<float>{steps_, static_cast<float>(options_.kl_target), divergences_, penalties_});
}

void Promp::outer_step(bool first) {
  // The first step starts where the data was drawn: its inner steps are already taken.
  if (!first) {
    inner_->start_candidate(params_);
    for (int k = 0; k < steps_; ++k) inner_->candidate_step(k);
  }
  const auto at = [&](int k) { return first ? inner_->drawn(k) : inner_->candidate(k); };
  inner_->add_gradient(steps_, at(steps_),
                       {.estimator = EstimatorName::clipped,
                        .clip = static_cast<float>(options_.clip_range),
                        .entropy_weight = static_cast<float>(options_.inner.outer_entropy_weight)},
                       nullptr, outer_gradient_);
  const float* v = outer_gradient_;
  for (int k = steps_; k-- > 0;) {
    inner_->through_step(k, at(k), v, back_);
    inner_->add_gradient(k, at(k), {.surrogate_weight = 0, .divergence_weight = penalties_ + k}, back_,
                         back_);
    v = back_;
  }
  mean_over_tasks(v);
  outer_->update(params_, meta_gradient_);
}

void Promp::measure_divergences() {
  inner_->start_candidate(params_);
  for (int k = 0; k < steps_; ++k) {
    inner_->add_gradient(k, inner_->candidate(k),
                         {.surrogate_weight = 0, .divergence_weight = penalties_ + k}, nullptr, nullptr);
    inner_->mean_values(k, divergences_ + static_cast<std::ptrdiff_t>(k) * kPassValues);
    if (k + 1 < steps_) inner_->candidate_step(k);
  }
}

void Promp::add_to(IterationReport& report) const {
  std::vector<float> values(static_cast<std::size_t>(steps_) * kPassValues);
  device_.read(divergences_, values);
  const float penalty = device_.read(penalties_);
  double kl = 0;
  for (std::size_t k = 0; k < static_cast<std::size_t>(steps_); ++k)
    kl += values[k * kPassValues + kDivergence] / steps_;
  report.extra.emplace_back("kl", kl);
  report.extra.emplace_back("kl_penalty", -static_cast<double>(penalty));
}

}  // namespace innerloop
