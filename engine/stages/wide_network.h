// A network whose memory is too wide for one team, as its gradient needs it (engine/stages/layered_gradient.h): forth over all
// steps of some environments, and back.
#pragma once

#include <memory>

#include "engine/stages/layered_weights.h"

namespace innerloop {

class WideNetwork {
 public:
  virtual ~WideNetwork() = default;

  /// Environments that it takes at a time, at most.
  virtual int most_envs() const = 0;
  /// Of so many environments: all rows that the heads read, and where in them a step's row of an environment lies; likewise in
  /// what the network takes in, whose rows are steps alone.
  virtual int rows(int envs) const = 0;
  virtual RowOrder order(int envs) const = 0;
  virtual RowOrder input_order(int envs) const = 0;

  /// Enqueues getting ready for the parameters of this network, whose weights are loaded: its sums are 0.
  virtual void begin(const float* params) = 0;
  /// Enqueues the pass over inputs [row][padded(inputs)]; what the heads read.
  virtual HeadInputs<float> forward(const float* inputs, int envs) = 0;
  /// Enqueues the way back, whose gradient it adds to the sums, from that by the outputs of `heads` heads, by_heads
  /// [head][stride], and their weights [head][padded(hidden)]. `window`: as WideGradient takes it.
  virtual void back(const float* inputs, int envs, int heads, const float* by_heads, int stride,
                    const float* weights, int window) = 0;
  /// Enqueues ∂/∂(the learned inputs) after that, [row][padded(learned)] in `order`. zero: [padded(learned)].
  virtual void input_gradient(int envs, const float* zero, float* to) = 0;
  /// Enqueues writing the gradient from the sums, as the network's parameters lie but for the embedding.
  virtual void store(float* gradient) = 0;
};

/// Network `number` of a policy, for up to `envs` trials of `steps` steps; its weights have what the way back needs.
struct WideNetworkSetup {
  const TrialPolicy& policy;
  const MemoryWeights& weights;
  int number;
  int envs;
  int steps;
  Device& device;
  BufferPlan& plan;
};
std::unique_ptr<WideNetwork> create_wide_network(const WideNetworkSetup& setup);

}  // namespace innerloop
