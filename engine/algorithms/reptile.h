// Reptile (Nichol et al. 2018) with policy gradients: θ ← θ + ε·mean_i(θ_K − θ).
#pragma once

#include "engine/algorithms/meta_learner.h"

namespace innerloop {

/// K policy-gradient steps on fresh samples for each task; the mean move is the meta-gradient. ε is the outer lr.
class Reptile : public MetaLearner {
 public:
  Reptile(const Config& config, Device& device);

 private:
  void enqueue() override;
};

std::unique_ptr<Reptile> make_algorithm(const ReptileOptions&, const Config& config, Device& device);

}  // namespace innerloop
