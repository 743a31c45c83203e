#include "engine/stages/inner_loop.h"

#include <algorithm>
#include <cmath>

#include "engine/config/environment_options.h"
#include "engine/error.h"

namespace innerloop {
namespace {

std::string numbered(const std::string& name, int k) { return "inner." + std::to_string(k) + "." + name; }

// Of the update after the first `update` ones of an inner step.
std::string numbered(const std::string& name, int k, int update) {
  return numbered(update == 0 ? name : name + "." + std::to_string(update), k);
}

}  // namespace

InnerLoop::InnerLoop(const Config& config, const InnerLoopSizes& sizes, Device& device, BufferPlan& plan)
    : config_(config),
      sizes_(sizes),
      device_(device),
      environment_(environment_info(config)),
      shape_(policy_shape(config)),
      epochs_(static_cast<std::size_t>(innerloop::inner_loop(config).inner_epochs)),
      step_layout_(step_size_layout(config, shape_, sizes.steps)),
      size_each_(step_layout_.sets > 0 || !adapts_all(config)),
      multiplier_layout_(multiplier_layout(config, shape_)) {
  device.use(config.precision);
  const std::int64_t rows = static_cast<std::int64_t>(config.horizon) * sizes.envs;
  if (rows > (std::int64_t{1} << 30))
    throw InputError("/horizon × /envs_per_task: wanted at most 2^30 samples a task, found " +
                     std::to_string(rows));
  const std::size_t points = static_cast<std::size_t>(sizes.steps) + 1;
  batches_.resize(points);
  drawn_.resize(points);
  candidates_.resize(points);
  adapted_.resize(update(sizes.steps, 0) + 1);
  candidate_params_.resize(adapted_.size());
  kept_.resize(points);

  const bool dice = innerloop::inner_loop(config).estimator == EstimatorName::dice;
  const std::int64_t tasks = sizes.tasks, parameters = shape_.parameters(), slots = device.slots(sizes.tasks);
  plan.add(&key_, "key", "[seed, iteration]", {1});
  plan.add(&tasks_, "tasks", "[task][number]", {tasks, task_stride()});
  if (size_each_)
    plan.add(&step_sizes_, "inner_lr", "[step][parameter]", {sizes.steps, parameters});
  else
    plan.add(&step_sizes_, "inner_lr", "[step]", {sizes.steps});
  const int epochs = static_cast<int>(epochs_);
  inner_gradients_.resize(update(sizes.steps, 0));
  if (learns_step_sizes()) {
    plan.add(&adapted_mask_, "adapted_parameters", "[parameter]", {parameters});
    if (sizes.way_back)
      plan.add(&step_size_gradient_, "inner_lr_gradient", "[task][set][number]",
               {tasks, step_layout_.sets, step_layout_.numbers});
  }
  // Without the way back only the multipliers want them, each but for a moment.
  if (sizes.way_back ? learns_step_sizes() || multiplies() : multiplies())
    for (std::size_t i = 0; i < inner_gradients_.size() && (i == 0 || sizes.way_back); ++i) {
      const int k = static_cast<int>(i / epochs_), j = static_cast<int>(i % epochs_);
      plan.add(&inner_gradients_[i], numbered("gradient", k, j), "[task][parameter]", {tasks, parameters});
    }
  if (multiplies() && sizes.way_back) {
    plan.add(&multiplier_gradient_, "multiplier_gradient", "[task][number]",
             {tasks, multiplier_layout_.learned()});
    plan.add(&multiplied_, "multiplied", "[task][parameter]", {tasks, parameters});
    plan.add(&multiplied_direction_, "multiplied_direction", "[task][parameter]", {tasks, parameters});
  }
  for (int k = 0; k <= sizes.steps; ++k) {
    const auto at = static_cast<std::size_t>(k);
    // Between two batches, parameters are kept for the way back alone.
    const int kept_updates = k < sizes.steps && sizes.way_back ? epochs : 1;
    for (int j = k > 0 ? 0 : 1; j < kept_updates; ++j) {
      plan.add(&adapted_[update(k, j)], numbered("params", k, j), "[task][parameter]", {tasks, parameters});
      if (sizes.candidates)
        plan.add(&candidate_params_[update(k, j)], numbered("candidate_params", k, j), "[task][parameter]",
                 {tasks, parameters});
    }
    Batch<float>& b = batches_[at];
    b.horizon = config.horizon;
    b.envs = sizes.envs;
    b.observation_size = shape_.inputs();
    b.action_size = environment_.action_size();
    b.row_stride = (rows + 15) / 16 * 16;
    plan.add(&b.statistics, numbered("statistics", k), "[task][statistic]", {tasks, kStatistics});
    if (k > 0 && !sizes.way_back) continue;  // shares the trajectories' memory with batch 0
    plan.add(&b.observations, numbered("observations", k), "[task][dimension][row]",
             {tasks, b.observation_size, b.row_stride});
    plan.add(&b.actions, numbered("actions", k), "[task][dimension][row]",
             {tasks, b.action_size, b.row_stride});
    if (sizes.drawn_outputs)
      plan.add(&b.outputs, numbered("outputs", k), "[task][output][row]",
               {tasks, shape_.outputs(), b.row_stride});
    plan.add(&b.log_probs, numbered("log_probs", k), "[task][row]", {tasks, b.row_stride});
    plan.add(&b.rewards, numbered("rewards", k), "[task][row]", {tasks, b.row_stride});
    plan.add(&b.valid, numbered("valid", k), "[task][row]", {tasks, b.row_stride});
    plan.add(&b.ends, numbered("ends", k), "[task][row]", {tasks, b.row_stride});
    plan.add(&b.advantages, numbered("advantages", k), "[task][row]", {tasks, b.row_stride});
    if (dice) plan.add(&b.credits, numbered("credits", k), "[task][row]", {tasks, b.row_stride});
    if (device.keeps_activations() && shape_.hidden_size() > 0) {
      kept_[at].slot_stride = rows * shape_.hidden_size();
      plan.add(&kept_[at].data, numbered("activations", k), "[thread][layer][row][unit]",
               {slots, rows, shape_.hidden_size()});
    }
  }
  chunks_ = chunks(batches_[0]);
  if (innerloop::inner_loop(config).baseline == BaselineName::network)
    value_.emplace(config, sizes.tasks, batches_[0], device, plan);
  plan.add(&partial_, "partial_gradients",
           device.is_cuda() ? "[task][chunk][parameter]" : "[thread][chunk][parameter]",
           {slots, chunks_, parameters});
  plan.add(&values_, "pass_values", "[task][chunk][value]", {tasks, chunks_, kPassValues});
  if (dice && sizes.way_back) {
    plan.add(&tangents_, "log_prob_tangents", "[task][row]", {tasks, batches_[0].row_stride});
    plan.add(&score_, "dice_scores", "[task][row]", {tasks, batches_[0].row_stride});
  }
}

void InnerLoop::prepare() {
  const auto copy = [&](float* to, const std::vector<float>& from) {
    if (!from.empty())
      device_.copy_to_device(to, from.data(), static_cast<std::int64_t>(from.size() * sizeof(float)));
  };
  if (learns_step_sizes())
    copy(adapted_mask_, adapted_parameters(config_, shape_));
  else
    copy(step_sizes_, fixed_step_sizes(config_, shape_, sizes_.lr));
  if (value_) value_->prepare();
  if (!sizes_.way_back && multiplies()) std::ranges::fill(inner_gradients_, inner_gradients_[0]);
  for (std::size_t k = 1; k < batches_.size(); ++k) {
    const std::size_t last = k * epochs_;
    drawn_[k] = {adapted_[last], parameters()};
    candidates_[k] = {candidate_params_[last], parameters()};
    if (!sizes_.way_back)  // in place
      for (std::size_t j = 1; j < epochs_; ++j) adapted_[last - j] = adapted_[last];
    if (sizes_.way_back) continue;
    Batch<float> shared = batches_[0];
    shared.statistics = batches_[k].statistics;
    batches_[k] = shared;
    kept_[k] = kept_[0];
  }
}

void InnerLoop::set_key(RandomKey key) { device_.once(SetKey<float>{key, key_}); }

StepSize<float> InnerLoop::step_size(int k) const {
  if (size_each_) return {step_sizes_ + k * parameters(), 1};
  return {step_sizes_ + k, 0};
}

// ∂α_k/∂ω of each parameter.
const float* InnerLoop::slope(int k) const {
  return step_layout_.positive ? step_size(k).data : adapted_mask_;
}

void InnerLoop::set_steps(const float* params) {
  const float* learned = params + parameters();
  if (learns_step_sizes())
    device_.once(SetStepSizes<float>{step_layout_, learned, adapted_mask_, step_sizes_});
  multipliers_ = learned + step_layout_.learned();
  if (value_) value_->start_from(multipliers_ + multiplier_layout_.learned());
}

void InnerLoop::start(const float* params) {
  set_steps(params);
  generation_ = device_.generation();
  drawn_[0] = {params, 0};
  with_environment(config_.environment, [&]<class Env>(const typename Env::Options& options) {
    if (!fixed_tasks_) device_.per_task(DrawTasks<float, Env>{options, key_, tasks_}, sizes_.tasks);
  });
}

void InnerLoop::fix_tasks(const std::vector<float>& tasks) {
  device_.copy_to_device(tasks_, tasks.data(), static_cast<std::int64_t>(tasks.size() * sizeof(float)));
  fixed_tasks_ = true;
}

void InnerLoop::rollout(int k, bool deterministic) {
  const auto at = static_cast<std::size_t>(k);
  with_environment(config_.environment, [&]<class Env>(const typename Env::Options& options) {
    Rollout<float, Env> op;
    op.shape = shape_;
    op.params = drawn_[at];
    op.batch = batches_[at];
    op.kept = kept_[at];
    op.tasks = tasks_;
    op.options = options;
    op.key = key_;
    op.inner_step = k;
    op.restart = config_.at_episode_end == AtEpisodeEnd::restart;
    op.deterministic = deterministic;
    op.tile_envs = device_.tile_envs(sizes_.envs);
    device_.per_task(op, sizes_.tasks);
  });
  const InnerLoopOptions& options = innerloop::inner_loop(config_);
  Advantages<float> op;
  op.batch = batches_[at];
  op.discount = static_cast<float>(options.discount);
  op.gae_lambda = static_cast<float>(options.gae_lambda);
  op.linear_baseline = options.baseline == BaselineName::linear;
  if (value_) op.values = value_->fit(batches_[at], k == 0);
  op.normalize = options.normalize_advantages;
  op.dice = options.estimator == EstimatorName::dice && k < sizes_.steps;
  device_.per_task(op, sizes_.tasks);
}

Kept<float> InnerLoop::kept_for(int k, const Parameters<float>& params) const {
  const auto at = static_cast<std::size_t>(k);
  const bool same = params.data == drawn_[at].data && generation_ == device_.generation();
  return same ? kept_[at] : Kept<float>{};
}

ApplyGradient<float> InnerLoop::step_from(int k, const Parameters<float>& base, StepSize<float> step,
                                          float* out, float* gradient) const {
  ApplyGradient<float> op;
  op.parameters = shape_.parameters();
  op.chunks = chunks_;
  op.partial = partial_;
  op.statistics = batch(k).statistics;
  op.base = base;
  op.step = step;
  op.out = out;
  op.gradient = gradient;
  return op;
}

PolicyGradient<float> InnerLoop::gradient_at(int k, const Parameters<float>& params,
                                             EstimatorName estimator) const {
  PolicyGradient<float> op;
  op.shape = shape_;
  op.params = params;
  op.batch = batch(k);
  op.kept = kept_for(k, params);
  op.estimator = estimator;
  op.drawn_params = drawn(k);
  op.partial = partial_;
  return op;
}

Parameters<float> InnerLoop::at_update(int k, int j, const Parameters<float>& from) const {
  if (j == 0) return from;
  const std::vector<float*>& chain = from.data == drawn(k).data ? adapted_ : candidate_params_;
  return {chain[update(k, j)], parameters()};
}

// After the first update of a batch θ is no longer what drew it.
EstimatorName InnerLoop::estimator_of_update(int j) const {
  const EstimatorName estimator = innerloop::inner_loop(config_).estimator;
  return j > 0 && estimator == EstimatorName::reinforce ? EstimatorName::ratio : estimator;
}

void InnerLoop::adapt(int k, Parameters<float> from, const std::vector<float*>& chain, const int* enabled) {
  const InnerLoopOptions& options = innerloop::inner_loop(config_);
  for (int j = 0; j < static_cast<int>(epochs_); ++j) {
    PolicyGradient<float> op = gradient_at(k, from, estimator_of_update(j));
    op.clip = static_cast<float>(options.clip_epsilon);
    op.entropy_weight = static_cast<float>(options.entropy_weight);
    op.enabled = enabled;
    float *const to = chain[update(k, j) + 1], *const gradient = inner_gradients_[update(k, j)];
    if (multiplies()) {
      device_.per_task(op, sizes_.tasks, step_from(k, {}, {}, gradient));
      device_.per_task(MultiplyStep<float>{multiplied(k, j, from), to, enabled}, sizes_.tasks);
    } else {
      device_.per_task(op, sizes_.tasks, step_from(k, from, step_size(k), to, gradient));
    }
    from = {to, parameters()};
  }
}

MultipliedStep<float> InnerLoop::multiplied(int k, int j, const Parameters<float>& from) const {
  return {multiplier_layout_, multipliers_, from, inner_gradients_[update(k, j)], step_size(k)};
}

void InnerLoop::inner_step(int k) { adapt(k, drawn(k), adapted_, nullptr); }

void InnerLoop::start_candidate(const float* params) {
  set_steps(params);
  candidates_[0] = {params, 0};
}

void InnerLoop::candidate_step(int k, const int* enabled) {
  adapt(k, candidate(k), candidate_params_, enabled);
}

void InnerLoop::add_gradient(int k, const Parameters<float>& params, const Term& term, const float* base,
                             float* out) {
  PolicyGradient<float> op = gradient_at(k, params, term.estimator);
  op.surrogate_weight = term.surrogate_weight;
  op.clip = term.clip;
  op.entropy_weight = term.entropy_weight;
  op.score_weight = term.score_weight;
  op.divergence_weight = term.divergence_weight;
  op.values = values_;
  op.enabled = term.enabled;
  if (out == nullptr) op.partial = nullptr;
  device_.per_task(op, sizes_.tasks, step_from(k, {base, parameters()}, {}, out));
}

const float* InnerLoop::through_step(int k, const Parameters<float>& params, const float* v, float* out,
                                     bool second_order) {
  for (int j = static_cast<int>(epochs_); j-- > 0;) {
    const Parameters<float> at = at_update(k, j, params);
    const float* at_sizes = v;
    Direction<float> direction{{v, parameters()}, step_size(k)};
    if (multiplies()) {
      MultiplyStepBack<float> op;
      op.step = multiplied(k, j, at);
      op.v = v;
      op.at_network = multiplier_gradient_;
      op.add = update(k, j) + 1 != inner_gradients_.size();  // the first that the way back comes to
      op.at_sizes = multiplied_;
      op.at_gradient = multiplied_direction_;
      op.out = out;
      device_.per_task(op, sizes_.tasks);
      at_sizes = multiplied_;
      direction = {{multiplied_direction_, parameters()}, {}};
      v = out;
    }
    add_update_step_size_gradient(k, j, at_sizes);
    if (!second_order) continue;
    hessian_product(k, at, estimator_of_update(j), direction, step_from(k, {v, parameters()}, {}, out));
    v = out;
  }
  return v;
}

void InnerLoop::add_update_step_size_gradient(int k, int j, const float* v) {
  if (!learns_step_sizes()) return;
  StepSizeGradient<float> op;
  op.layout = step_layout_;
  op.step = k;
  op.v = v;
  op.slope = slope(k);
  op.gradient = inner_gradients_[update(k, j)];
  op.out = step_size_gradient_;
  const bool last = j + 1 == static_cast<int>(epochs_);  // the first that the way back comes to
  op.add = !last || (step_layout_.sets == 1 && k + 1 < sizes_.steps);
  device_.per_task(op, sizes_.tasks);
}

Parameters<float> InnerLoop::along_step(int k, const Parameters<float>& params, const Parameters<float>& u,
                                        const float* direction, bool second_order, float* out) {
  Parameters<float> moved = u;
  for (int j = 0; j < static_cast<int>(epochs_); ++j) {
    const Parameters<float> at = at_update(k, j, params);
    if (multiplies()) {
      if (second_order) {
        hessian_product(k, at, estimator_of_update(j), {moved, {}},
                        step_from(k, {}, {}, multiplied_direction_));
      }
      MultiplyStepTangent<float> op;
      op.step = multiplied(k, j, at);
      op.theta_moved = moved;
      op.gradient_moved = second_order ? multiplied_direction_ : nullptr;
      op.network_moved = direction + parameters() + step_layout_.learned();
      op.at_sizes = multiplied_;
      op.out = out;
      device_.per_task(op, sizes_.tasks);
      moved = {out, parameters()};
    } else if (second_order) {
      // α is one number: as in through_step.
      const StepSize<float> one{}, size = step_size(k);
      hessian_product(k, at, estimator_of_update(j), {moved, size_each_ ? one : size},
                      step_from(k, moved, size_each_ ? size : one, out));
      moved = {out, parameters()};
    }
    if (!learns_step_sizes()) continue;
    StepSizeTangent<float> op;
    op.layout = step_layout_;
    op.step = k;
    op.direction = direction + parameters();
    op.slope = slope(k);
    op.gradient = multiplies() ? multiplied_ : inner_gradients_[update(k, j)];
    op.base = moved;
    op.out = out;
    device_.per_task(op, sizes_.tasks);
    moved = {out, parameters()};
  }
  return moved;
}

// H_k·direction, for `step` to make use of.
void InnerLoop::hessian_product(int k, const Parameters<float>& params, EstimatorName estimator,
                                const Direction<float>& direction, const ApplyGradient<float>& step) {
  const InnerLoopOptions& options = innerloop::inner_loop(config_);
  HessianVector<float> op;
  op.shape = shape_;
  op.params = params;
  op.batch = batch(k);
  op.kept = kept_for(k, params);
  op.direction = direction;
  op.estimator = estimator;
  op.clip = static_cast<float>(options.clip_epsilon);
  op.entropy_weight = static_cast<float>(options.entropy_weight);
  op.partial = partial_;
  if (estimator == EstimatorName::dice) {
    device_.per_task(TangentLogProb<float>{shape_, params, batch(k), op.kept, op.direction, tangents_},
                     sizes_.tasks);
    device_.per_task(DiceCurvature<float>{batch(k), tangents_, score_}, sizes_.tasks);
    op.score = score_;
  }
  device_.per_task(op, sizes_.tasks, step);
}

void InnerLoop::fisher_product(int k, const Parameters<float>& params, const Parameters<float>& v,
                               float* out) {
  FisherVector<float> op;
  op.shape = shape_;
  op.params = params;
  op.batch = batch(k);
  op.kept = kept_for(k, params);
  op.direction = {v, {}};
  op.partial = partial_;
  device_.per_task(op, sizes_.tasks, step_from(k, {}, {}, out));
}

void InnerLoop::mean_over_tasks(const float* x, const float* minus, float* out) {
  SumOverTasks<float> op;
  op.tasks = sizes_.tasks;
  op.size = shape_.parameters();
  op.x = x;
  op.scale = 1.0f / static_cast<float>(sizes_.tasks);
  op.minus = minus;
  op.tasks_own = shape_.context;
  op.out = out;
  device_.once(op);
  op.minus = nullptr;
  op.tasks_own = 0;
  op.out += op.size;
  const auto add_mean = [&](int size, const float* gradient) {
    if (size == 0) return;
    op.size = size;
    op.x = gradient;
    device_.once(op);
    op.out += size;
  };
  add_mean(step_layout_.learned(), step_size_gradient_);
  add_mean(multiplier_layout_.learned(), multiplier_gradient_);
  if (value_) value_->mean_over_tasks(op.out);
}

void InnerLoop::mean_values(int k, float* out, bool add, const int* enabled) {
  device_.once(
      MeanValues<float>{sizes_.tasks, chunks_, kPassValues, values_, batch(k).statistics, out, enabled, add});
}

double InnerLoop::mean_step_size(const float* params) const {
  std::vector<float> learned(static_cast<std::size_t>(step_layout_.learned()));
  device_.copy_to_host(learned.data(), params + parameters(),
                       static_cast<std::int64_t>(learned.size() * sizeof(float)));
  double sum = 0;
  for (const float number : learned) sum += step_layout_.positive ? std::exp(number) : number;
  return sum / static_cast<double>(learned.size());
}

std::vector<float> InnerLoop::statistics(int k) const {
  std::vector<float> statistics(static_cast<std::size_t>(sizes_.tasks) * kStatistics);
  device_.copy_to_host(statistics.data(), batch(k).statistics,
                       static_cast<std::int64_t>(statistics.size() * sizeof(float)));
  return statistics;
}

}  // namespace innerloop
