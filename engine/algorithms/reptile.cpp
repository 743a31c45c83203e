#include "engine/algorithms/reptile.h"

namespace innerloop {

std::unique_ptr<Reptile> make_algorithm(const ReptileOptions&, const Config& config, Device& device) {
  return std::make_unique<Reptile>(config, device);
}

Reptile::Reptile(const Config& config, Device& device) : MetaLearner(config, device, {}) {
  outer_ = OuterOptimiser::create(config.outer, learned_, "", config.iterations, device, plan_);
}

void Reptile::enqueue() {
  inner_->start(params_);
  for (int k = 0; k < steps_; ++k) {
    inner_->rollout(k);
    inner_->inner_step(k);
  }
  inner_->rollout(steps_);  // what adaptation brought: nothing is learned from it
  mean_over_tasks(inner_->drawn(steps_).data, params_);
  outer_->update(params_, meta_gradient_);
}

}  // namespace innerloop
