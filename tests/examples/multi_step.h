// MAML that climbs the return after every inner step, not after the last one alone (Antoniou et al. 2019).
#pragma once

#include "engine/algorithms/meta_learner.h"

namespace innerloop {

struct MultiStepOptions {
  using Options = MultiStepOptions;
  using Learning = LearnsByInnerSteps;
  static constexpr auto name = "multi_step";
  static constexpr auto meaning = "MAML that climbs the return after every inner step";
  static constexpr auto why_no_trpo = "which does not say how its objective curves";
  InnerLoopOptions inner;
  double early_weight = 0.5;
  bool operator==(const MultiStepOptions&) const = default;

  template <class Fields>
  static void describe(Fields& field, MultiStepOptions& o) {
    InnerLoopOptions::describe(field, o.inner);
    field("early_weight", o.early_weight, at_least(0),
          "weight of the returns before the last inner step; 0: MAML");
  }
};

/// max mean_i of S(θ_K; D_K) + w·Σ_{k<K} S(θ_k; D_k).
class MultiStep : public MetaLearner {
 public:
  MultiStep(const MultiStepOptions& options, const Config& config, Device& device)
      : MetaLearner(config, device, {}), early_weight_(static_cast<float>(options.early_weight)) {
    plan_.add(&back_, "back", "[task][parameter]", {tasks_, inner_->parameters()});
    outer_ = OuterOptimiser::create(config.outer, learned_, "", config.iterations, device, plan_);
  }

 private:
  void enqueue() override {
    inner_->start(params_);
    for (int k = 0; k < steps_; ++k) {
      inner_->rollout(k);
      inner_->inner_step(k);
    }
    inner_->rollout(steps_);
    inner_->add_gradient(steps_, inner_->drawn(steps_), {}, nullptr, outer_gradient_);
    const float* v = outer_gradient_;
    for (int k = steps_; k-- > 0;) {
      inner_->through_step(k, inner_->drawn(k), v, back_);
      inner_->add_gradient(k, inner_->drawn(k), {.surrogate_weight = early_weight_}, back_, back_);
      v = back_;
    }
    mean_over_tasks(v);
    outer_->update(params_, meta_gradient_);
  }

  const float early_weight_;
  float* back_ = nullptr;  // [task][P]  v_k
};

inline std::unique_ptr<MultiStep> make_algorithm(const MultiStepOptions& options, const Config& config,
                                                 Device& device) {
  return std::make_unique<MultiStep>(options, config, device);
}

}  // namespace innerloop
