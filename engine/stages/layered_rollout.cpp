#include "engine/stages/layered_rollout.h"

#include "engine/config/environment_options.h"
#include "engine/device/launch.h"

namespace innerloop {

WideRollout::WideRollout(const Config& config, const MemoryPolicyShape& shape, int envs, Device& device,
                         BufferPlan& plan)
    : shape_(shape), device_(device), weights_(shape, false, "rollout_weights", device, plan) {
  std::int64_t kept = 0, between = 0;
  with_wide_memory(shape.memory.kind, [&]<class Memory>() {
    state_size_ = Memory::state_size(shape.memory);
    kept = Memory::kept_size(shape.memory);
  });
  with_environment(config.environment, [&]<class Env>(const typename Env::Options& options) {
    between = TrialPlay<float, Env>::tile_state(options);
  });
  for (int n = 0; n < shape.networks(); ++n)
    for (float*& state : states_[n]) plan.add(&state, "rollout_states", "[env][unit]", {envs, state_size_});
  plan.add(&kept_, "rollout_gates", "[env][gate]", {envs, kept});
  plan.add(&between_, "rollout_environments", "[tile][number]", {ceil_div(envs, kTrialTile), between});
}

}  // namespace innerloop
