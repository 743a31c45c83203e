#include "engine/stages/batches.h"

#include <string>

#include "engine/device/launch.h"
#include "engine/error.h"

namespace innerloop {

Batches::Batches(const InnerLoopSetup& setup, const InnerLoopSizes& sizes, Device& device, BufferPlan& plan)
    : environment_(setup.environment),
      environment_info_(setup.environment_info),
      shape_(setup.policy),
      options_(setup.options),
      restart_(setup.restart),
      sizes_(sizes),
      device_(device),
      tasks_(setup.environment, setup.environment_info, sizes.tasks, 1, setup.train_tasks, device, plan),
      batches_(static_cast<std::size_t>(sizes.steps) + 1),
      kept_(batches_.size()) {
  const std::int64_t rows = (std::int64_t{setup.horizon} + (setup.bootstrap ? 1 : 0)) * sizes.envs;
  if (rows > (std::int64_t{1} << 30))
    throw InputError("/horizon × /envs_per_task: wanted at most 2^30 samples a task, found " +
                     std::to_string(rows));
  plan.add(&key_, "key", "[seed, iteration]", {1});
  for (int k = 0; k <= sizes.steps; ++k) {
    Batch<float>& batch = batches_[static_cast<std::size_t>(k)];
    batch.horizon = setup.horizon;
    batch.envs = sizes.envs;
    batch.observation_size = shape_.inputs();
    batch.action_size = environment_info_.action_size;
    batch.symbol_places = environment_info_.observation.symbols;
    batch.looks_beyond = setup.bootstrap;
    batch.row_stride = (rows + 15) / 16 * 16;
    declare(k, plan);
  }
  if (setup.value.layers > 0)
    value_.emplace(
        ValueBaseline::Options{setup.value, options_.discount, options_.value_steps, options_.value_lr},
        sizes.tasks, batches_[0], device, plan);
}

void Batches::declare(int k, BufferPlan& plan) {
  const auto name = [k](const char* what) { return "inner." + std::to_string(k) + "." + what; };
  const std::int64_t tasks = sizes_.tasks;
  Batch<float>& b = batches_[static_cast<std::size_t>(k)];
  plan.add(&b.statistics, name("statistics"), "[task][statistic]", {tasks, kStatistics});
  if (k > 0 && !sizes_.way_back) return;  // shares the trajectories' memory with batch 0
  plan.add(&b.observations, name("observations"), "[task][dimension][row]",
           {tasks, b.observation_size, b.row_stride});
  if (b.symbol_places > 0)
    plan.add(&b.symbols, name("symbols"), "[task][place][row]", {tasks, b.symbol_places, b.row_stride});
  if (environment_info_.has_allowed)
    plan.add(&b.allowed, name("allowed"), "[task][word][row]",
             {tasks, environment_info_.action_words(), b.row_stride});
  plan.add(&b.actions, name("actions"), "[task][dimension][row]", {tasks, b.action_size, b.row_stride});
  if (sizes_.drawn_outputs)
    plan.add(&b.outputs, name("outputs"), "[task][output][row]", {tasks, shape_.outputs(), b.row_stride});
  plan.add(&b.log_probs, name("log_probs"), "[task][row]", {tasks, b.row_stride});
  plan.add(&b.rewards, name("rewards"), "[task][row]", {tasks, b.row_stride});
  plan.add(&b.valid, name("valid"), "[task][row]", {tasks, b.row_stride});
  plan.add(&b.ends, name("ends"), "[task][row]", {tasks, b.row_stride});
  if (b.looks_beyond) plan.add(&b.terminated, name("terminated"), "[task][row]", {tasks, b.row_stride});
  plan.add(&b.advantages, name("advantages"), "[task][row]", {tasks, b.row_stride});
  if (options_.estimator == EstimatorName::dice)
    plan.add(&b.credits, name("credits"), "[task][row]", {tasks, b.row_stride});
  if (!device_.keeps_activations() || shape_.hidden_size() == 0) return;
  Kept<float>& kept = kept_[static_cast<std::size_t>(k)];
  kept.slot_stride = static_cast<long>(b.rows()) * shape_.hidden_size();
  plan.add(&kept.data, name("activations"), "[thread][layer][row][unit]",
           {device_.slots(sizes_.tasks), b.rows(), shape_.hidden_size()});
}

void Batches::prepare() {
  tasks_.prepare();
  if (value_) value_->prepare();
  if (sizes_.way_back) return;
  for (std::size_t k = 1; k < batches_.size(); ++k) {
    Batch<float> shared = batches_[0];
    shared.statistics = batches_[k].statistics;
    batches_[k] = shared;
    kept_[k] = kept_[0];
  }
}

void Batches::set_key(RandomKey key) { device_.once(SetKey<float>{key, key_}); }

void Batches::play(int k, const Parameters<float>& params, bool deterministic) {
  with_environment(environment_, [&]<class Env>(const typename Env::Options& options) {
    Rollout<float, Env> op;
    op.shape = shape_;
    op.params = params;
    op.batch = (*this)[k];
    op.kept = kept(k);
    op.tasks = tasks_.numbers();
    op.options = options;
    op.key = key_;
    op.inner_step = k;
    op.restart = restart_;
    op.deterministic = deterministic;
    op.tile_envs = device_.tile_envs(sizes_.envs);
    device_.per_task(op, sizes_.tasks);
  });
  estimate_advantages(k);
}

void Batches::estimate_advantages(int k) {
  Advantages<float> op;
  op.batch = (*this)[k];
  op.discount = static_cast<float>(options_.discount);
  op.gae_lambda = static_cast<float>(options_.gae_lambda);
  op.linear_baseline = options_.baseline == BaselineName::linear;
  if (value_) op.values = value_->fit(op.batch, k == 0);
  op.normalize = options_.normalize_advantages;
  op.dice = options_.estimator == EstimatorName::dice && k < sizes_.steps;
  device_.per_task(op, sizes_.tasks);
}

std::vector<float> Batches::statistics(int k) const {
  std::vector<float> statistics(static_cast<std::size_t>(sizes_.tasks) * kStatistics);
  device_.read((*this)[k].statistics, statistics);
  return statistics;
}

}  // namespace innerloop
