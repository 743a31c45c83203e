// Plays trials step by step with the policy of soft actor-critic, which draws its actions itself (kernels/critics/act.h).
#pragma once

#include "engine/config/environment_options.h"
#include "engine/device/buffer_plan.h"
#include "engine/device/launch.h"
#include "engine/learned/soft_actor_critic.h"
#include "engine/stages/layered_weights.h"
#include "kernels/critics/act.h"
#include "kernels/critics/infer.h"
#include "kernels/trials/step.h"

namespace innerloop {

class SoftRollout {
 public:
  /// `envs`: trials side by side. `shape`: of the head that puts out what it reads.
  SoftRollout(const EnvironmentOptions& environment, const SoftActor& actor, const MemoryPolicyShape& shape,
              int envs, Device& device, BufferPlan& plan);

  /// Enqueues a trial in each environment with what acts: SoftActor::parameters(). `beliefs`: InferTask::beliefs.
  template <class Env>
  void enqueue(const TrialPlay<float, Env>& play, const float* params, float* beliefs, int told_envs);

 private:
  const SoftActor actor_;
  const MemoryPolicyShape shape_;
  Device& device_;
  HeadWeights heads_;
  float* drawn_ = nullptr;     // [env][padded(action)]
  float* inferred_ = nullptr;  // [env][InferredSize]; null: nothing is inferred
  float* between_ = nullptr;   // [tile][tile_numbers]
};

template <class Env>
void SoftRollout::enqueue(const TrialPlay<float, Env>& play, const float* params, float* beliefs,
                          int told_envs) {
  const int tiles = play.trials.tiles();
  device_.once(IdentityHeads<float>{shape_, heads_.of_heads()});
  InferTask<float> infer;
  infer.encoder = actor_.encoder;
  infer.trials = play.trials;
  infer.params = params;
  infer.key = play.key;
  infer.envs_per_task = play.envs_per_task;
  infer.prior_episodes = actor_.prior_episodes;
  infer.inferred = inferred_;
  infer.beliefs = beliefs;
  infer.told_envs = told_envs;
  ActSoftly<float> act;
  act.nets = actor_.nets;
  act.trials = play.trials;
  act.params = params + actor_.policy_at();
  if (actor_.infers()) {
    act.latents = infer.latents();
    act.latent_stride = InferredSize::of(actor_.nets.latent);
  }
  act.key = play.key;
  act.envs_per_task = play.envs_per_task;
  act.deterministic = play.deterministic;
  act.drawn = drawn_;
  TrialStep<float, Env> env{play};
  env.deterministic = true;  // what was drawn is its mean
  env.heads = heads_.of_heads();
  env.memory[0] = {drawn_, padded(actor_.nets.actions)};
  env.between = between_;
  for (int step = -1; step < play.trials.batch.horizon; ++step) {
    infer.step = act.step = env.step = step;
    if (step >= 0 && actor_.infers()) device_.per_task(infer, tiles);
    if (step >= 0) device_.per_task(act, tiles);
    device_.per_task(env, tiles);
  }
}

}  // namespace innerloop
