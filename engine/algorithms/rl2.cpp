#include "engine/algorithms/rl2.h"

#include <cmath>

#include "engine/confidence.h"
#include "engine/planned_memory.h"

namespace innerloop {

Rl2::Rl2(const Config& config, const Rl2Options& options, Device& device)
    : config_(config),
      options_(options),
      device_(device),
      loop_(config, config.tasks_per_iteration, config.envs_per_task, true, device, plan_) {
  const int steps = loop_.trials().batch.horizon;
  const PpoUpdateOptions& ppo = options.ppo;
  advantages_.discount = static_cast<float>(ppo.discount);
  advantages_.gae_lambda = static_cast<float>(ppo.gae_lambda);
  shuffle_.envs = loop_.envs();
  shuffle_.epochs = ppo.epochs;
  gradient_.shape = loop_.shape();
  gradient_.trials = loop_.trials();  // its sizes; where its numbers lie is known once memory is there
  gradient_.envs = loop_.envs() / ppo.minibatches;
  gradient_.clip = static_cast<float>(ppo.clip_range);
  gradient_.value_weight = static_cast<float>(ppo.value_weight);
  gradient_.value_clip = static_cast<float>(ppo.value_clip);
  gradient_.entropy_weight = static_cast<float>(ppo.entropy_weight);
  if (ppo.entropy_schedule == WeightSchedule::linear)
    gradient_.entropy_schedule.decay = 1.0f / static_cast<float>(config.iterations);
  updates_.minibatches = ppo.minibatches;
  updates_.tiles = gradient_.tiles();
  updates_.rows = gradient_.envs * steps;
  updates_.target_kl = static_cast<float>(ppo.target_kl);

  const std::int64_t size = parameters(), tiles = gradient_.tiles(), epochs = ppo.epochs, envs = loop_.envs();
  plan_.add(&params_, "params", "[parameter]", {size});
  plan_.add(&mean_gradient_, "gradient", "[parameter]", {size});
  plan_.add(&gradient_.partial, "partial_gradients", "[tile][parameter]", {tiles, size});
  plan_.add(&gradient_.values, "pass_values", "[tile][value]", {tiles, kTrialValues});
  plan_.add(&updates_.values, "minibatch_values", "[minibatch][value]", {ppo.minibatches, kTrialValues});
  plan_.add(&updates_.mean_values, "mean_values", "[value]", {kTrialValues});
  plan_.add(&updates_.updates, "updates", "[1]", {1});
  plan_.add(&updates_.going, "updates_going", "[1]", {1});
  plan_.add(&advantages_.scale.mean, "value_scale.mean", "[step]", {steps});
  plan_.add(&advantages_.scale.deviation, "value_scale.deviation", "[1]", {1});
  plan_.add(&advantages_.scale.updates, "value_scale.updates", "[1]", {1});
  plan_.add(&advantages_.sums, "advantage_sums", "[step][sum]", {steps, TrialAdvantages<float>::kSums});
  plan_.add(&advantages_.advantages, "advantage_scale", "[mean, 1 / deviation]", {2});
  plan_.add(&shuffle_.numbers, "order_numbers", "[epoch][env]", {epochs, envs});
  plan_.add(&shuffle_.order, "order", "[epoch][env]", {epochs, envs});
  outer_ = OuterOptimiser::create(config, static_cast<int>(size), device, plan_, nullptr);
}

void Rl2::allocate() {
  memory_ = allocate_planned(device_, plan_, "this config");
  advantages_.trials = loop_.trials();
  shuffle_.key = loop_.key();
  updates_.sums = gradient_.values;
  gradient_.enabled = updates_.going;
  gradient_.params = params_;
  gradient_.trials = loop_.trials();
  if (gradient_.entropy_schedule.decay > 0) gradient_.entropy_schedule.key = loop_.key();
  const std::vector<float> start = initial_memory_parameters(config_, loop_.shape());
  device_.copy_to_device(params_, start.data(), static_cast<std::int64_t>(start.size() * sizeof(float)));
  const float one = 1;
  device_.copy_to_device(advantages_.scale.deviation, &one, sizeof(one));
  outer_->prepare(loop_.key());
  device_.finish();
}

IterationReport Rl2::iterate(std::uint32_t iteration) {
  loop_.set_key({config_.seed, iteration});
  device_.replay(recording_, [this] { enqueue(); });
  return report();
}

std::vector<StateTensor> Rl2::state() const {
  const auto tensor = [](const char* name, std::int64_t size, float* data) {
    return StateTensor{name, DType::F32, {size}, data, size * static_cast<std::int64_t>(sizeof(float))};
  };
  const ValueScale<float>& scale = advantages_.scale;
  std::vector<StateTensor> tensors = {tensor("params", parameters(), params_),
                                      tensor("value_scale.mean", loop_.trials().batch.horizon, scale.mean),
                                      tensor("value_scale.deviation", 1, scale.deviation),
                                      tensor("value_scale.updates", 1, scale.updates)};
  for (const StateTensor& of_optimiser : outer_->state()) tensors.push_back(of_optimiser);
  return tensors;
}

void Rl2::enqueue() {
  using Phase = TrialUpdates<float>::Phase;
  play();
  judge();
  for (const auto phase : {ShuffleTrials<float>::Phase::draw, ShuffleTrials<float>::Phase::rank}) {
    shuffle_.phase = phase;
    device_.once(shuffle_);
  }
  count_updates(Phase::begin);
  for (int epoch = 0; epoch < options_.ppo.epochs; ++epoch) learn(epoch);
  count_updates(Phase::mean);
}

void Rl2::count_updates(TrialUpdates<float>::Phase phase) {
  updates_.phase = phase;
  updates_.enabled = phase == TrialUpdates<float>::Phase::judge ? updates_.going : nullptr;
  device_.once(updates_);
}

void Rl2::judge() {
  using Phase = TrialAdvantages<float>::Phase;
  for (const Phase phase : {Phase::estimate, Phase::sum, Phase::scale, Phase::normalise}) {
    advantages_.phase = phase;
    device_.once(advantages_);
  }
}

void Rl2::learn(int epoch) {
  for (int minibatch = 0; minibatch < options_.ppo.minibatches; ++minibatch) update(epoch, minibatch);
}

void Rl2::update(int epoch, int minibatch) {
  gradient_.order =
      shuffle_.order + std::ptrdiff_t{epoch} * loop_.envs() + std::ptrdiff_t{minibatch} * gradient_.envs;
  device_.per_task(gradient_, gradient_.tiles());
  updates_.minibatch = minibatch;
  count_updates(TrialUpdates<float>::Phase::judge);
  SumOverTasks<float> mean;
  mean.tasks = gradient_.tiles();
  mean.size = static_cast<int>(parameters());
  mean.x = gradient_.partial;
  mean.scale = 1.0f / (static_cast<float>(gradient_.envs) * static_cast<float>(loop_.trials().batch.horizon));
  mean.out = mean_gradient_;
  mean.enabled = updates_.going;
  device_.once(mean);
  outer_->update(params_, mean_gradient_, updates_.going);
}

IterationReport Rl2::report() const {
  IterationReport report;
  const TrialLoop::Returns returns = loop_.returns();
  for (const std::vector<float>& of_episode : returns.of_episode)
    report.returns.push_back(mean_of(of_episode).mean);
  report.env_steps = loop_.trials().batch.rows();
  outer_->report(report);
  float values[kTrialValues];
  device_.copy_to_host(values, updates_.mean_values, sizeof(values));
  float updates = 0;
  device_.copy_to_host(&updates, updates_.updates, sizeof(updates));
  report.extra.emplace_back("trial_return", mean_of(returns.of_trial).mean);
  report.extra.emplace_back("entropy", values[kTrialEntropy]);
  report.extra.emplace_back("kl", values[kTrialDivergence]);
  report.extra.emplace_back("value_loss", values[kTrialValueLoss]);
  report.extra.emplace_back("updates", updates);
  report.gradient_finite = std::isfinite(report.gradient_norm);
  for (const float value : values) report.gradient_finite = report.gradient_finite && std::isfinite(value);
  if (report.gradient_finite) return report;
  for (int env = 0; env < loop_.envs(); ++env)
    if (!std::isfinite(returns.of_trial[static_cast<std::size_t>(env)]))
      report.bad_tasks.push_back(env / config_.envs_per_task);
  return report;
}

}  // namespace innerloop
