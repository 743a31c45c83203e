#include "engine/algorithms/ppo.h"

#include <cmath>
#include <numeric>

#include "engine/device/launch.h"
#include "engine/device/planned_buffers.h"
#include "engine/device/sort.h"
#include "engine/learned/create.h"
#include "engine/statistics/estimates.h"

namespace innerloop {
namespace {

// What the policy's optimiser moves: all but a belief, whose blocks come first.
OuterOptimiser::Target policy_of(const Learned& learned) {
  const std::int64_t belief = learned.range(kBeliefPrefix).size;
  return {{belief, learned.size() - belief}, ""};
}

// The most steps that a minibatch's rows may be cut into, so that the environments beside each other still make a tile: then
// many of them are one partial sum of the gradient.
int steps_of(int rows) {
  int steps = 1;
  for (int wanted = 1; wanted * kTrialTile <= rows; ++wanted)
    if (rows % wanted == 0) steps = wanted;
  return steps;
}

double total_of(const std::vector<float>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0.0);
}

}  // namespace

std::unique_ptr<Ppo> make_algorithm(const Rl2Options&, const Config& config, Device& device) {
  return std::make_unique<Ppo>(config, device);
}
std::unique_ptr<Ppo> make_algorithm(const PpoOptions&, const Config& config, Device& device) {
  return std::make_unique<Ppo>(config, device);
}

Ppo::Ppo(const Config& config, Device& device)
    : seed_(config.seed),
      options_(ppo_options(config)),
      device_(device),
      learned_(create_learned(config)),
      loop_(training_setup(config), config.tasks_per_iteration, config.envs_per_task, true, device, plan_),
      envs_per_task_(config.envs_per_task),
      minibatch_envs_(loop_.envs() / options_.minibatches) {
  const int steps = loop_.trials().batch.horizon;
  advantages_.discount = static_cast<float>(options_.discount);
  advantages_.gae_lambda = static_cast<float>(options_.gae_lambda);
  advantages_.ends_with_episode = !has_memory(config);
  // Where episodes go on, a step of an iteration says nothing of how much of its episode is left.
  advantages_.one_mean = config.at_time_limit == AtTimeLimit::bootstrap || loop_.episodes_go_on();
  plan_samples(config);
  shuffle_.envs = samples_ ? loop_.trials().batch.rows() : loop_.envs();
  shuffle_.epochs = options_.epochs;
  if (options_.entropy_schedule == WeightSchedule::linear)
    entropy_schedule_.decay = 1.0f / static_cast<float>(config.iterations);

  const std::int64_t size = learned_.size(), epochs = options_.epochs, shuffled = shuffle_.envs;
  plan_.add(&params_, "params", "[parameter]", {size});
  plan_.add(&mean_gradient_, "gradient", "[parameter]", {size});
  plan_.add(&partial_gradients_, "partial_gradients", "[tile][parameter]", {tiles(), size});
  plan_.add(&tile_values_, "pass_values", "[tile][value]", {tiles(), kTrialValues});
  plan_.add(&gate_.values, "minibatch_values", "[minibatch][value]", {options_.minibatches, kTrialValues});
  plan_.add(&mean_values_, "mean_values", "[value]", {kTrialValues});
  plan_.add(&gate_.updates, "updates", "[1]", {1});
  plan_.add(&gate_.open, "gate", "[1]", {1});
  plan_.add(&advantages_.scale.mean, "value_scale.mean", "[step]", {steps});
  plan_.add(&advantages_.scale.deviation, "value_scale.deviation", "[1]", {1});
  plan_.add(&advantages_.scale.updates, "value_scale.updates", "[1]", {1});
  plan_.add(&advantages_.sums, "advantage_sums", "[step][sum]", {steps, TrialAdvantages<float>::kSums});
  plan_.add(&advantages_.advantages, "advantage_scale", "[mean, 1 / deviation, weight]", {3});
  const char* const order = samples_ ? "[epoch][row]" : "[epoch][env]";
  plan_.add(&shuffle_.numbers, "order_numbers", order, {epochs, shuffled});
  plan_.add(&order_, "order", order, {epochs, shuffled});
  if (is_wide(loop_.policy()))
    wide_.emplace(loop_.policy(), learned_trials().batch.horizon, minibatch_envs_, device, plan_);
  outer_ =
      OuterOptimiser::create(config.outer, learned_, policy_of(learned_), config.iterations, device, plan_);
}

void Ppo::plan_samples(const Config& config) {
  const auto* plain = std::get_if<PpoOptions>(&config.algorithm);
  if (plain == nullptr || plain->minibatches_of != MinibatchesOf::samples) return;
  const int rows = loop_.trials().batch.rows() / options_.minibatches, steps = steps_of(rows);
  samples_.emplace();
  samples_->from = samples_->to = loop_.trials();
  Trials<float>& to = samples_->to;
  Batch<float>& b = to.batch;
  b.horizon = steps;
  b.envs = minibatch_envs_ = rows / steps;
  b.looks_beyond = false;
  b.limits = 0;
  b.row_stride = padded(rows);
  plan_.add(&b.observations, "minibatch_inputs", "[dimension][row]", {b.observation_size, b.row_stride});
  plan_.add(&b.actions, "minibatch_actions", "[dimension][row]", {b.action_size, b.row_stride});
  if (b.symbol_places > 0)
    plan_.add(&b.symbols, "minibatch_symbols", "[place][row]", {b.symbol_places, b.row_stride});
  const EnvironmentInfo environment = environment_info(config);
  if (environment.has_allowed) {
    samples_->action_words = environment.action_words();
    plan_.add(&b.allowed, "minibatch_allowed", "[word][row]", {samples_->action_words, b.row_stride});
  }
  plan_.add(&b.log_probs, "minibatch_log_probs", "[row]", {b.row_stride});
  plan_.add(&b.advantages, "minibatch_advantages", "[row]", {b.row_stride});
  plan_.add(&to.targets, "minibatch_targets", "[row]", {b.row_stride});
  plan_.add(&to.values, "minibatch_drawn_values", "[row]", {b.row_stride});
  plan_.add(&samples_order_, "minibatch_order", "[env]", {b.envs});
}

void Ppo::allocate() {
  memory_ = allocate_planned(device_, plan_, "this config");
  loop_.prepare();
  advantages_.trials = loop_.trials();
  shuffle_.key = loop_.key();
  if (entropy_schedule_.decay > 0) entropy_schedule_.key = loop_.key();
  const std::vector<float> start = learned_.initial(seed_);
  device_.write(params_, start);
  device_.write(advantages_.scale.deviation, 1.0f);
  if (samples_) {
    samples_->from = loop_.trials();
    samples_->enabled = gate_.open;
    std::vector<int> as_they_lie(static_cast<std::size_t>(minibatch_envs_));
    std::iota(as_they_lie.begin(), as_they_lie.end(), 0);
    device_.write(samples_order_, as_they_lie);
  }
  outer_->prepare(loop_.key());
  prepare();
  device_.finish();
}

IterationReport Ppo::iterate(std::uint32_t iteration) {
  loop_.set_key({seed_, iteration});
  device_.replay(recording_, [this] { enqueue(); });
  return report();
}

std::vector<StateTensor> Ppo::state() const {
  const auto tensor = [](const char* name, std::int64_t size, float* data) {
    return StateTensor{name, DType::F32, {size}, data, size * static_cast<std::int64_t>(sizeof(float))};
  };
  const ValueScale<float>& scale = advantages_.scale;
  std::vector<StateTensor> tensors = {tensor("params", learned_.size(), params_),
                                      tensor("value_scale.mean", loop_.trials().batch.horizon, scale.mean),
                                      tensor("value_scale.deviation", 1, scale.deviation),
                                      tensor("value_scale.updates", 1, scale.updates)};
  for (const StateTensor& of_episodes : loop_.state()) tensors.push_back(of_episodes);
  for (const StateTensor& of_optimiser : outer_->state()) tensors.push_back(of_optimiser);
  for (const StateTensor& own : own_state()) tensors.push_back(own);
  return tensors;
}

void Ppo::enqueue() {
  play();
  learn_from_trials();
  learn_more();
}

void Ppo::learn_from_trials() {
  estimate_advantages();
  draw_orders();
  device_.once(StartUpdates<float>{gate_});
  for (int epoch = 0; epoch < options_.epochs; ++epoch) learn(epoch);
  device_.once(AverageUpdates<float>{gate_, options_.minibatches, mean_values_});
}

void Ppo::draw_orders() {
  device_.once(shuffle_);
  device_.sort({options_.epochs, shuffle_.envs, shuffle_.numbers, order_});
}

void Ppo::decide_update(int minibatch) {
  DecideUpdate<float> op{gate_};
  op.minibatch = minibatch;
  op.tiles = tiles();
  op.rows = minibatch_rows();
  op.sums = tile_values_;
  op.target_kl = static_cast<float>(options_.target_kl);
  op.enabled = gate_.open;
  device_.once(op);
}

void Ppo::estimate_advantages() {
  using Phase = TrialAdvantages<float>::Phase;
  for (const Phase phase : {Phase::estimate, Phase::sum, Phase::scale, Phase::normalise}) {
    advantages_.phase = phase;
    device_.once(advantages_);
  }
}

void Ppo::learn(int epoch) {
  for (int minibatch = 0; minibatch < options_.minibatches; ++minibatch) update(epoch, minibatch);
}

int Ppo::tiles() const {
  if (is_wide(loop_.policy())) return 1;
  return with_memory(loop_.policy(), [&]<class Memory>(const MemoryPolicy<Memory>&) {
    TrialGradient<float, Memory> op;
    op.trials = learned_trials();
    op.envs = minibatch_envs_;
    return op.tiles();
  });
}

template <class Objective>
Objective Ppo::objective_on(const int* order) const {
  Objective objective;
  objective.trials = learned_trials();
  objective.order = order;
  objective.envs = minibatch_envs_;
  objective.clip = static_cast<float>(options_.clip_range);
  objective.value_weight = static_cast<float>(options_.value_weight);
  objective.value_clip = static_cast<float>(options_.value_clip);
  objective.entropy_weight = static_cast<float>(options_.entropy_weight);
  objective.entropy_schedule = entropy_schedule_;
  return objective;
}

void Ppo::add_gradients(const int* order) {
  if (wide_) {
    auto objective = objective_on<TrialObjective<float>>(order);
    objective.shape = loop_.shape();
    return wide_->enqueue(objective, options_.window, params_, partial_gradients_, tile_values_);
  }
  with_memory(loop_.policy(), [&]<class Memory>(const MemoryPolicy<Memory>& policy) {
    auto op = objective_on<TrialGradient<float, Memory>>(order);
    op.shape = policy;
    op.params = params_;
    op.window = options_.window;
    if constexpr (requires { op.prompts; }) op.prompts = loop_.prompts();
    op.partial = partial_gradients_;
    op.values = tile_values_;
    op.enabled = gate_.open;
    device_.per_task(op, tiles());
  });
}

void Ppo::update(int epoch, int minibatch) {
  const int each = samples_ ? minibatch_rows() : minibatch_envs_;
  const int* order = order_ + std::ptrdiff_t{epoch} * shuffle_.envs + std::ptrdiff_t{minibatch} * each;
  if (samples_) {
    samples_->order = order;
    device_.once(*samples_);
    order = samples_order_;
  }
  add_gradients(order);
  decide_update(minibatch);
  SumOverTasks<float> mean;
  mean.tasks = tiles();
  mean.size = static_cast<int>(learned_.size());
  mean.x = partial_gradients_;
  mean.scale =
      1.0f / (static_cast<float>(minibatch_envs_) * static_cast<float>(learned_trials().batch.horizon));
  mean.out = mean_gradient_;
  mean.enabled = gate_.open;
  device_.once(mean);
  outer_->update(params_, mean_gradient_, gate_.open);
}

std::vector<float> Ppo::report_trials(IterationReport& report) const {
  const TrialLoop::Returns returns = loop_.returns();
  for (const std::vector<float>& of_episode : returns.of_episode)
    report.returns.push_back(mean_of(of_episode).mean);
  for (const float steps : returns.trial_lengths) report.env_steps += static_cast<std::int64_t>(steps);
  return returns.of_trial;
}

std::vector<float> Ppo::report_finished(IterationReport& report) const {
  const TrialLoop::Finished finished = loop_.finished();
  const double episodes = total_of(finished.episodes);
  report.env_steps = std::int64_t{loop_.envs()} * loop_.trials().batch.horizon;
  report.extra.emplace_back("episodes", episodes);
  if (episodes > 0) {
    report.returns = {total_of(finished.returns) / episodes};
    report.extra.emplace_back("episode_length", total_of(finished.steps) / episodes);
  }
  return finished.rewards;
}

IterationReport Ppo::report() const {
  IterationReport report;
  const std::vector<float> rewards = loop_.episodes_go_on() ? report_finished(report) : report_trials(report);
  outer_->report(report);
  float values[kTrialValues];
  device_.read(mean_values_, values);
  const float updates = device_.read(gate_.updates);
  if (!advantages_.ends_with_episode) report.extra.emplace_back("trial_return", mean_of(rewards).mean);
  report.extra.emplace_back("entropy", values[kTrialEntropy]);
  report.extra.emplace_back("kl", values[kTrialDivergence]);
  report.extra.emplace_back("value_loss", values[kTrialValueLoss]);
  report.extra.emplace_back("updates", updates);
  add_to(report);
  report.gradient_finite = std::isfinite(report.gradient_norm);
  for (const float value : values) report.gradient_finite = report.gradient_finite && std::isfinite(value);
  if (report.gradient_finite) return report;
  for (int env = 0; env < loop_.envs(); ++env)
    if (!std::isfinite(rewards[static_cast<std::size_t>(env)]))
      report.bad_tasks.push_back(env / envs_per_task_);
  return report;
}

}  // namespace innerloop
