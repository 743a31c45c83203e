#include "engine/stages/prompts.h"

#include <numeric>
#include <variant>
#include <vector>

#include "engine/device/launch.h"
#include "kernels/trials/prompts.h"
#include "kernels/trials/whole_gradient.h"

namespace innerloop {
namespace {

const MemoryPolicy<Transformer>& transformer_of(const TrialLoop& loop) {
  return std::get<MemoryPolicy<Transformer>>(loop.policy());
}

}  // namespace

Prompts::Prompts(TrialLoop& loop, double discount, Device& device, BufferPlan& plan)
    : loop_(loop),
      discount_(static_cast<float>(discount)),
      size_(Transformer::prompt_numbers(transformer_of(loop).memory)),
      device_(device) {
  plan.add(&prompts_, "prompts", "[env][number]", {loop.envs(), size_});
  plan.add(&gradient_, "prompt_gradients", "[env][number]", {loop.envs(), size_});
  plan.add(&order_, "prompt_order", "[env]", {loop.envs()});
}

void Prompts::prepare() {
  std::vector<int> as_they_lie(static_cast<std::size_t>(loop_.envs()));
  std::iota(as_they_lie.begin(), as_they_lie.end(), 0);
  device_.write(order_, as_they_lie);
  loop_.begin_with(prompts_);
}

void Prompts::reset() { device_.once(FillMemory<float>{prompts_, std::int64_t{loop_.envs()} * size_, 0.0f}); }

void Prompts::compare_trials() {
  TaskAdvantages<float> advantages;
  advantages.trials = loop_.trials();
  advantages.envs_per_task = loop_.envs_per_task();
  advantages.discount = discount_;
  device_.once(advantages);
}

void Prompts::find_gradient(const float* params) {
  compare_trials();
  const Trials<float>& trials = loop_.trials();
  // Where the policy is the one that drew the trials, the objective's slope is that of advantage × log-probability, whatever
  // the clipping.
  TrialGradient<float, Transformer> gradient;
  gradient.trials = trials;
  gradient.order = order_;
  gradient.envs = trials.batch.envs;
  gradient.clip = 1;
  gradient.shape = transformer_of(loop_);
  gradient.params = params;
  gradient.prompts = prompts_;
  gradient.by_prompts = gradient_;
  device_.per_task(gradient, gradient.tiles());
}

void Prompts::step(double step_size) {
  AdaptPrompts<float> adapt;
  adapt.tasks = loop_.envs() / loop_.envs_per_task();
  adapt.envs_per_task = loop_.envs_per_task();
  adapt.steps = loop_.trials().batch.horizon;
  adapt.numbers = size_;
  adapt.step_size = static_cast<float>(step_size);
  adapt.gradient = gradient_;
  adapt.prompts = prompts_;
  device_.once(adapt);
}

}  // namespace innerloop
