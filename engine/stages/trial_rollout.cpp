#include "engine/stages/trial_rollout.h"

#include "engine/device/launch.h"

namespace innerloop {

TrialRollout::TrialRollout(const EnvironmentOptions& environment, const TrialPolicy& policy, int envs,
                           int steps, bool wide, Device& device, BufferPlan& plan)
    : policy_(policy),
      wide_(wide),
      device_(device),
      weights_(policy, false, "rollout_weights", device, plan),
      heads_(shape_of(policy), "rollout_heads", plan) {
  const MemoryPolicyShape& shape = shape_of(policy);
  const std::int64_t networks = shape.networks(), tiles = ceil_div(envs, kTrialTile);
  with_memory(policy, [&]<class Memory>(const MemoryPolicy<Memory>& with) {
    const std::int64_t state_size = Memory::state_size(with.memory);
    states_size_ = std::int64_t{2} * envs * state_size;
    plan.add(&states_, "rollout_states", "[network][even, odd][env][unit]", {networks, 2, envs, state_size});
    if (shape.embedding > 0)
      plan.add(&inputs_, "rollout_inputs", "[network][env][input]", {networks, envs, padded(shape.inputs)});
    if (shape.layer_norm)
      plan.add(&normalised_, "rollout_normalised", "[network][env][unit]",
               {networks, envs, padded(shape.hidden)});
    if (wide) {
      plan.add(&kept_, "rollout_gates", "[env][gate]", {padded(envs), Memory::kept_size(with.memory)});
      Scratch norm;
      LayerNorm<float>::take(norm, shape.normalised(), padded(envs), false);
      if (shape.layer_norm)
        plan.add(&norm_, "rollout_norm", "[number]", {norm.used() / static_cast<long>(sizeof(float))});
    }
    if constexpr (kLooksBack<Memory>)
      plan.add(&trace_, "rollout_trace", "[network][tile][row][number]",
               {networks, tiles, kTrialTile, Memory::trace_size(with.memory, steps)});
  });
  with_environment(environment, [&]<class Env>(const typename Env::Options& options) {
    const std::int64_t numbers = TrialPlay<float, Env>::tile_numbers(options);
    between_size_ = static_cast<int>(numbers / TrialPlay<float, Env>::kStride);
    plan.add(&between_, "rollout_environments", "[tile][number]", {tiles, numbers});
  });
}

}  // namespace innerloop
