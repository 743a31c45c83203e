// Soft actor-critic (Haarnoja et al. 2018): of each iteration's trials the steps go into a ring, and all networks are updated
// on steps drawn from it.
#pragma once

#include <memory>
#include <vector>

#include "engine/algorithms/algorithm.h"
#include "engine/algorithms/soft_updates.h"
#include "engine/config/config.h"
#include "engine/learned/learned.h"
#include "engine/optimisers/optimiser.h"
#include "engine/stages/trial_loop.h"

namespace innerloop {

class Sac : public Algorithm {
 public:
  Sac(const SacOptions& options, const Config& config, Device& device);

  const BufferPlan& plan() const override { return plan_; }
  void allocate() override;
  IterationReport iterate(std::uint32_t iteration) override;
  std::vector<StateTensor> state() const override { return updates_.state(); }
  const float* params() const override { return updates_.params(); }
  const Learned& learned() const override { return learned_; }

  const TrialLoop& loop() const { return loop_; }
  const SoftUpdates& updates() const { return updates_; }

 private:
  void enqueue();
  IterationReport report() const;

  const std::uint32_t seed_;
  const int count_;  // updates of an iteration
  Device& device_;
  const Learned learned_;
  BufferPlan plan_;
  TrialLoop loop_;
  SoftUpdates updates_;
  Recording recording_;
  std::shared_ptr<void> memory_;
};

std::unique_ptr<Sac> make_algorithm(const SacOptions& options, const Config& config, Device& device);

}  // namespace innerloop
