// The networks of soft actor-critic with their optimisers and targets, the ring of steps that they learn from, and an update of
// all of them (kernels/critics/soft_actor_critic.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/config/config.h"
#include "engine/device/buffer_plan.h"
#include "engine/device/device.h"
#include "engine/device/state_tensor.h"
#include "engine/learned/learned.h"
#include "engine/learned/soft_actor_critic.h"
#include "engine/optimisers/optimiser.h"
#include "engine/stages/iteration_report.h"
#include "engine/stages/trial_loop.h"
#include "kernels/critics/soft_actor_critic.h"

namespace innerloop {

class SoftUpdates {
 public:
  /// How many tasks have a ring in the replay, and how many an update is made on.
  struct Sizes {
    int tasks = 1, drawn = 1;
  };
  /// What tells the networks of an update's tasks, in device memory: null where there is nothing to tell.
  struct Latents {
    const float* of_tasks = nullptr;  // [task][padded(latent)]
    float* by_latent = nullptr;  // [tile][padded(latent)]  the critics' gradient by them, summed over rows
  };

  /// `learned` must outlive it.
  SoftUpdates(const Config& config, const Learned& learned, const Sizes& sizes, Device& device,
              BufferPlan& plan);

  /// After the plan's memory is bound: the parameters and targets as training starts. `key` is that of the running iteration.
  void prepare(std::uint32_t seed, const RandomKey* key);
  /// Enqueues putting the steps of the loop's trials into the replay. `played` [task of the loop] in device memory: which of
  /// the replay's tasks each is; null: there is one.
  void store(const TrialLoop& loop, const int* played = nullptr);
  /// Enqueues the parts of update number `number` of the iteration: the steps that are drawn from the replay, the critics', and
  /// then the others'. They do nothing before there are enough steps: open().
  void draw(int number);
  void learn_critics(const Latents& latents);
  void learn_actor(const Latents& latents);

  const SoftNetworks& nets() const { return actor_.nets; }
  const int* open() const { return open_; }
  /// Tiles of a task that the critics' gradient by its latent variable is in.
  int tiles_of_task() const;
  float* params() const { return params_; }
  const float* targets() const { return targets_; }
  const ReplayBatch<float>& batch() const { return batch_; }
  /// Of the last update what each optimiser was handed, [P] in device memory; before clipping.
  float* gradient() const { return gradient_; }
  std::vector<StateTensor> state() const;
  /// Of the last update. Waits.
  void report(IterationReport& report) const;

 private:
  template <class Objective>
  Objective objective(const Latents& latents) const;
  void sum_over_tiles(const float* partial, std::int64_t size, float scale, float* to);
  void track(float rate);

  const SoftUpdateOptions options_;
  const SoftActor actor_;
  const Learned& learned_;
  Device& device_;
  ReplayBatch<float> batch_;
  const RandomKey* key_ = nullptr;
  std::unique_ptr<OuterOptimiser> policy_, critics_, value_or_temperature_;
  float* params_ = nullptr;          // [P]
  float* targets_ = nullptr;         // [nets.targets()]
  float* gradient_ = nullptr;        // [P]
  float* critic_partial_ = nullptr;  // [tile][2 · critic parameters]
  float* actor_partial_ = nullptr;   // [tile][nets.critics_at()]
  float* critic_values_ = nullptr;   // [tile][kSoftValues]
  float* actor_values_ = nullptr;    // [tile][kSoftValues]
  int* open_ = nullptr;              // [1]  whether there are enough steps to learn from
};

/// A tensor of numbers, and those of a ring of steps: its rows under that name, and "name.place".
StateTensor state_of(const char* name, std::vector<std::int64_t> shape, float* data);
void add_replay(std::vector<StateTensor>& tensors, const std::string& name, const Replay<float>& replay);

}  // namespace innerloop
