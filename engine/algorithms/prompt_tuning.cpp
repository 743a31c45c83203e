#include "engine/algorithms/prompt_tuning.h"

#include <cstdint>

#include "engine/device/launch.h"

namespace innerloop {

std::unique_ptr<PromptTuning> make_algorithm(const PromptTuningOptions& options, const Config& config,
                                             Device& device) {
  return std::make_unique<PromptTuning>(options, config, device);
}

PromptTuning::PromptTuning(const PromptTuningOptions& options, const Config& config, Device& device)
    : Ppo(config, device),
      lr_(inner_lr_of_steps(config)),
      outer_trials_(options.outer_trials),
      prompts_(loop_, options.ppo.discount, device, plan_) {
  plan_.add(&returns_, "step_returns", "[inner step]", {static_cast<std::int64_t>(lr_.size()) + 1});
}

void PromptTuning::play() {
  const int steps = static_cast<int>(lr_.size());
  prompts_.reset();
  for (int k = 0; k < steps; ++k) {
    loop_.play(params_, false, k);
    keep_return(k);
    prompts_.find_gradient(params_);
    if (outer_trials_ == OuterTrials::all) learn_from_trials();
    prompts_.step(lr_[static_cast<std::size_t>(k)]);
  }
  loop_.play(params_, false, steps);
  keep_return(steps);
}

void PromptTuning::estimate_advantages() {
  Ppo::estimate_advantages();
  prompts_.compare_trials();
}

void PromptTuning::keep_return(int inner_step) {
  SumOverTasks<float> mean;
  mean.tasks = loop_.envs();
  mean.size = 1;
  mean.x = loop_.trial_returns();
  mean.scale = 1.0f / static_cast<float>(loop_.envs());
  mean.out = returns_ + inner_step;
  device_.once(mean);
}

void PromptTuning::add_to(IterationReport& report) const {
  const std::vector<float> returns = device_.read(returns_, static_cast<std::int64_t>(lr_.size()) + 1);
  report.returns.assign(returns.begin(), returns.end());
  report.env_steps *= static_cast<std::int64_t>(returns.size());
}

}  // namespace innerloop
