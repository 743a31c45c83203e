// The gradient of PPO's objective for a policy whose memory is too wide for one team: TrialGradient, step by step for many
// environments.
#pragma once

#include "engine/stages/layered_weights.h"
#include "kernels/memories/inputs.h"
#include "kernels/trials/seeds.h"

namespace innerloop {

class WideGradient {
 public:
  /// For minibatches of up to `envs` environments.
  WideGradient(const TrialPolicy& policy, int horizon, int envs, Device& device, BufferPlan& plan);

  /// Enqueues the sums over the rows of objective.order[0], … at θ ([P]): the gradient [P], and values [kTrialValues].
  /// `window`: steps through which the gradient goes back at most, which divide the trial; 0: all.
  void enqueue(const TrialObjective<float>& objective, int window, const float* params, float* gradient,
               float* values);

 private:
  // Environments whose steps are kept at a time: enough that products are large.
  static constexpr int kMostEnvs = 256;
  using Phase = TrialSeeds<float>::Phase;

  struct Network {
    float* states = nullptr;  // [step + 1][env][state_size]  before each step, and after the last
    float* kept = nullptr;    // [step][env][kept_size]
    float* back = nullptr;    // [step][env][back_size]
    float* state = nullptr;   // [env][state_size]  the gradient by the memory's state
    float* sums = nullptr;    // the weights' gradient
  };

  template <class Memory>
  typename Memory::template Sums<float> sums_of(const MemoryPolicy<Memory>& policy, int network) const {
    Scratch at(networks_[network].sums);
    return Memory::template take_sums<float>(at, policy.memory);
  }
  void run(TrialSeeds<float>& seeds, Phase phase);
  // What a network takes in of the environments, row by row.
  float* inputs_of(int network, int envs) const {
    const int set = shape_.input_sets() > 1 ? network : 0;
    return inputs_ + std::ptrdiff_t{set} * horizon_ * envs * padded(shape_.inputs);
  }
  template <class Memory>
  void gather(const MemoryPolicy<Memory>& policy, const TrialSeeds<float>& seeds, const float* params);
  template <class Memory>
  void forward(const MemoryPolicy<Memory>& policy, int network, int envs);
  template <class Memory>
  void back(const MemoryPolicy<Memory>& policy, int network, int envs, int window);
  // The gradient of a network's embedding, into its place in the whole one.
  template <class Memory>
  void add_embedding_gradient(const MemoryPolicy<Memory>& policy, int network, const TrialSeeds<float>& seeds,
                              float* gradient);

  const TrialPolicy policy_;
  const MemoryPolicyShape shape_;
  const int horizon_;
  Device& device_;
  MemoryWeights weights_;
  HeadWeights heads_;
  Network networks_[2];
  std::int64_t sums_size_ = 0;  // of a network
  TrialSeeds<float> seeds_;     // where its numbers are
  float* inputs_ = nullptr;     // [set][step][env][padded(inputs)]
  float* by_inputs_ = nullptr;  // [step][env][padded(embedding)]
  float* zero_ = nullptr;       // [padded(embedding)]
  float* head_sums_ = nullptr;  // [head][padded(hidden)]
  float* ones_ = nullptr;       // [row]
};

}  // namespace innerloop
