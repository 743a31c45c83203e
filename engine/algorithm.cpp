#include "engine/algorithm.h"

#include "engine/algorithms/rl2.h"
#include "engine/meta_learner.h"

namespace innerloop {

std::unique_ptr<Algorithm> Algorithm::create(const Config& config, Device& device) {
  if (const auto* options = std::get_if<Rl2Options>(&config.algorithm))
    return std::make_unique<Rl2>(config, *options, device);
  return MetaLearner::create(config, device);
}

}  // namespace innerloop
