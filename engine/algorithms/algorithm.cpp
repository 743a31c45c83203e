#include "engine/algorithms/algorithm.h"

#include "engine/algorithms/meta_learner.h"
#include "engine/algorithms/ppo.h"

namespace innerloop {

std::unique_ptr<Algorithm> Algorithm::create(const Config& config, Device& device) {
  if (plays_trials(config)) return std::make_unique<Ppo>(config, device);
  return MetaLearner::create(config, device);
}

}  // namespace innerloop
