// Prompt tuning, learned: CAVIA's loop (Zintgraf et al. 2019) with a transformer's prompt (Lester et al. 2021) for the context.
// Inner steps adapt the tokens in front of each task's trials and nothing else; PPO trains everything, the tokens' start
// included, on the trials that the adapted tokens bring, and by option on those before. What the inner steps added counts as a
// constant (first order).
#pragma once

#include <vector>

#include "engine/algorithms/ppo.h"
#include "engine/stages/prompts.h"

namespace innerloop {

class PromptTuning : public Ppo {
 public:
  PromptTuning(const PromptTuningOptions& options, const Config& config, Device& device);

  /// The inner steps, each on trials of its own, which by option are learned from at once, and the trials after them.
  void play() override;

 private:
  /// PPO's, whose advantages give way to those among each task's trials: no value of what is seen can tell what a task pays.
  void estimate_advantages() override;
  void prepare() override { prompts_.prepare(); }
  void add_to(IterationReport& report) const override;
  /// Keeps the mean return of the trials that were played last.
  void keep_return(int inner_step);

  const std::vector<double> lr_;  // [inner step]
  const OuterTrials outer_trials_;
  Prompts prompts_;
  float* returns_ =
      nullptr;  // [inner step]  mean return of a trial before the first step, …, and after the last one
};

std::unique_ptr<PromptTuning> make_algorithm(const PromptTuningOptions& options, const Config& config,
                                             Device& device);

}  // namespace innerloop
