// PEARL (Rakelly et al. 2019): soft actor-critic on the steps of many tasks, whose networks know a task by a latent variable.
// What a task's exploration showed gives a belief about it, and the belief's encoder learns by the critics.
#pragma once

#include <memory>
#include <vector>

#include "engine/algorithms/algorithm.h"
#include "engine/algorithms/soft_updates.h"
#include "engine/config/config.h"
#include "engine/learned/learned.h"
#include "engine/optimisers/optimiser.h"
#include "engine/stages/played_tasks.h"
#include "engine/stages/trial_loop.h"
#include "kernels/critics/task_belief.h"

namespace innerloop {

class Pearl : public Algorithm {
 public:
  Pearl(const PearlOptions& options, const Config& config, Device& device);

  const BufferPlan& plan() const override { return plan_; }
  void allocate() override;
  IterationReport iterate(std::uint32_t iteration) override;
  std::vector<StateTensor> state() const override;
  const float* params() const override { return updates_.params(); }
  const Learned& learned() const override { return learned_; }

  const TrialLoop& loop() const { return loop_; }
  const SoftUpdates& updates() const { return updates_; }
  /// What the last update inferred from, and the beliefs that this gave, in device memory.
  const ContextBatch<float>& contexts() const { return encode_.contexts; }
  const FormBeliefs<float>& beliefs() const { return form_; }
  /// Which of the training tasks the last iteration played, [task of the iteration] in device memory.
  const int* played() const { return choose_.played; }

 private:
  void enqueue();
  void play();
  void update(int number);
  IterationReport report() const;

  const std::uint32_t seed_;
  const PearlOptions options_;
  Device& device_;
  const Learned learned_;
  BufferPlan plan_;
  const TaskTable given_;  // training tasks of a file
  const int train_tasks_;
  TrialLoop loop_;
  PlayedTasks table_;  // the training tasks
  SoftUpdates updates_;
  std::unique_ptr<OuterOptimiser> optimiser_;  // the encoder's
  ChooseTasks<float> choose_;
  StoreSteps<float> explored_;
  EncodeContext<float> encode_;
  FormBeliefs<float> form_;
  float* by_latent_ = nullptr;
  Recording recording_;
  std::shared_ptr<void> memory_;
};

std::unique_ptr<Pearl> make_algorithm(const PearlOptions& options, const Config& config, Device& device);

}  // namespace innerloop
