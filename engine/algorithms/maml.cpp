#include "engine/algorithms/maml.h"

#include "engine/device/launch.h"

namespace innerloop {
namespace {

bool uses_trpo(const Config& config) { return std::holds_alternative<TrpoOptions>(config.outer); }

InnerLoopSizes sizes_for(const Config& config) {
  InnerLoopSizes sizes;
  sizes.drawn_outputs = sizes.candidates = uses_trpo(config);
  return sizes;
}

}  // namespace

std::unique_ptr<Maml> make_algorithm(const MamlOptions&, const Config& config, Device& device) {
  return std::make_unique<Maml>(Maml::Variant{}, config, device);
}
std::unique_ptr<Maml> make_algorithm(const MetaSgdOptions&, const Config& config, Device& device) {
  return std::make_unique<Maml>(Maml::Variant{}, config, device);
}
std::unique_ptr<Maml> make_algorithm(const AlfaOptions&, const Config& config, Device& device) {
  return std::make_unique<Maml>(Maml::Variant{}, config, device);
}
std::unique_ptr<Maml> make_algorithm(const CaviaOptions&, const Config& config, Device& device) {
  return std::make_unique<Maml>(Maml::Variant{}, config, device);
}
std::unique_ptr<Maml> make_algorithm(const PretrainingOptions&, const Config& config, Device& device) {
  return std::make_unique<Maml>(Maml::Variant{}, config, device);
}
std::unique_ptr<Maml> make_algorithm(const FomamlOptions&, const Config& config, Device& device) {
  return std::make_unique<Maml>(Maml::Variant{.first_order = true}, config, device);
}
std::unique_ptr<Maml> make_algorithm(const EmamlOptions& options, const Config& config, Device& device) {
  return std::make_unique<Maml>(Maml::Variant{.exploration_weight = options.exploration_weight}, config,
                                device);
}

Maml::Maml(const Variant& variant, const Config& config, Device& device)
    : MetaLearner(config, device, sizes_for(config)),
      first_order_(variant.first_order),
      exploration_weight_(static_cast<float>(variant.exploration_weight)),
      outer_term_{.estimator = EstimatorName::ratio,
                  .entropy_weight = static_cast<float>(innerloop::inner_loop(config).outer_entropy_weight)} {
  const std::int64_t parameters = inner_->parameters();
  plan_.add(&back_, "back", "[task][parameter]", {tasks_, parameters});
  if (exploration_weight_ > 0) plan_.add(&credit_, "credit", "[task]", {tasks_});
  if (uses_trpo(config)) {
    plan_.add(&forward_, "forward", "[task][parameter]", {tasks_, parameters});
    plan_.add(&none_, "none", "[1]", {1});
  }
  outer_ = OuterOptimiser::create(config.outer, learned_, "", config.iterations, device, plan_, this);
}

void Maml::enqueue() {
  const int K = steps_;
  inner_->start(params_);
  for (int k = 0; k < K; ++k) {
    inner_->rollout(k);
    inner_->inner_step(k);
  }
  inner_->rollout(K);
  inner_->add_gradient(K, inner_->drawn(K), outer_term_, nullptr, outer_gradient_);
  if (credit_ != nullptr)
    device_.once(AdaptationCredit<float>{tasks_, inner_->batch(K).statistics, exploration_weight_, credit_});

  const float* v = outer_gradient_;
  for (int k = K; k-- > 0;) {
    v = inner_->through_step(k, inner_->drawn(k), v, back_, second_order());
    if (credit_ != nullptr) {
      inner_->add_gradient(k, inner_->drawn(k), {.surrogate_weight = 0, .score_weight = credit_}, v, back_);
      v = back_;
    }
  }
  mean_over_tasks(v);
  outer_->update(params_, meta_gradient_);
}

// F = Jᵀ·M·J: forward through the inner steps, the metric of the adapted policy, and back.
void Maml::curvature_product(const float* direction, float* product) {
  Parameters<float> u{direction, 0};
  for (int k = 0; k < steps_; ++k)
    u = inner_->along_step(k, inner_->drawn(k), u, direction, second_order(), forward_);
  inner_->fisher_product(steps_, inner_->drawn(steps_), u, forward_);
  for (int k = steps_; k-- > 0;)
    inner_->through_step(k, inner_->drawn(k), forward_, forward_, second_order());
  inner_->mean_over_tasks(forward_, nullptr, product);
}

void Maml::evaluate(const float* params, float* values, const int* enabled) {
  inner_->start_candidate(params);
  for (int k = 0; k < steps_; ++k) inner_->candidate_step(k, enabled);
  InnerLoop::Term surrogate = outer_term_;
  surrogate.divergence_weight = none_;
  surrogate.enabled = enabled;
  inner_->add_gradient(steps_, inner_->candidate(steps_), surrogate, nullptr, nullptr);
  inner_->mean_values(steps_, values, false, enabled);
  if (credit_ == nullptr) return;
  for (int k = 0; k < steps_; ++k) {
    inner_->add_gradient(k, inner_->candidate(k),
                         {.surrogate_weight = 0, .score_weight = credit_, .enabled = enabled}, nullptr,
                         nullptr);
    inner_->mean_values(k, values, true, enabled);
  }
}

}  // namespace innerloop
