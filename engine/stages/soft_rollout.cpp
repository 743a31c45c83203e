#include "engine/stages/soft_rollout.h"

namespace innerloop {

SoftRollout::SoftRollout(const EnvironmentOptions& environment, const SoftActor& actor,
                         const MemoryPolicyShape& shape, int envs, Device& device, BufferPlan& plan)
    : actor_(actor), shape_(shape), device_(device), heads_(shape, "rollout_heads", plan) {
  plan.add(&drawn_, "rollout_drawn", "[env][action]", {envs, padded(actor.nets.actions)});
  if (actor.infers())
    plan.add(&inferred_, "rollout_inferred", "[env][number]", {envs, InferredSize::of(actor.nets.latent)});
  with_environment(environment, [&]<class Env>(const typename Env::Options& options) {
    plan.add(&between_, "rollout_environments", "[tile][number]",
             {ceil_div(envs, kTrialTile), TrialPlay<float, Env>::tile_numbers(options)});
  });
}

}  // namespace innerloop
