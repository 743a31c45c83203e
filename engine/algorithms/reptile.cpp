#include "engine/algorithms/reptile.h"

namespace innerloop {

Reptile::Reptile(const Config& config, Device& device) : MetaLearner(config, device, {}) {
  outer_ = OuterOptimiser::create(config, static_cast<int>(inner_->parameters()), device, plan_, nullptr);
}

IterationReport Reptile::iterate(std::uint32_t iteration) {
  inner_->start(params_, key(iteration));
  for (int k = 0; k < steps_; ++k) {
    inner_->rollout(k);
    inner_->inner_step(k);
  }
  inner_->rollout(steps_);  // what adaptation brought: nothing is learned from it
  const float* adapted = inner_->drawn(steps_).data;
  mean_over_tasks(adapted, params_);
  outer_->update(params_, meta_gradient_);
  return report(adapted);
}

}  // namespace innerloop
