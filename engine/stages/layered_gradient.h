// The gradient of PPO's objective for a policy whose memory is too wide for one team: TrialGradient, for many environments at a
// time.
#pragma once

#include "engine/stages/wide_network.h"
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
  using Phase = TrialSeeds<float>::Phase;

  void run(TrialSeeds<float>& seeds, Phase phase);
  WideNetwork& network(int number) const { return *networks_[static_cast<std::size_t>(number)]; }
  /// Of a network the parameters, among those of all, and what it takes in of the environments, row by row.
  std::int64_t offset(int number) const { return std::int64_t{number} * network_parameters_; }
  float* inputs_of(int number, int envs) const;
  void gather(const TrialSeeds<float>& seeds, const float* params);
  void back(int number, const TrialSeeds<float>& seeds, int window);
  /// The gradient of a network's embedding, into its place in the whole one.
  void add_embedding_gradient(int number, const TrialSeeds<float>& seeds, float* gradient);

  const TrialPolicy policy_;
  const MemoryPolicyShape shape_;
  const int horizon_;
  Device& device_;
  int network_parameters_ = 0, embedding_offset_ = 0;
  MemoryWeights weights_;
  HeadWeights heads_;
  std::vector<std::unique_ptr<WideNetwork>> networks_;
  TrialSeeds<float> seeds_;     // where its numbers are
  float* inputs_ = nullptr;     // [set][row][padded(inputs)]
  float* by_inputs_ = nullptr;  // [row][padded(embedding)]
  float* zero_ = nullptr;       // [padded(embedding)]
  float* head_sums_ = nullptr;  // [head][padded(hidden)]
};

}  // namespace innerloop
