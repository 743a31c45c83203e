#include "engine/stages/inner_loop.h"

#include <string>

#include "engine/device/launch.h"

namespace innerloop {
namespace {

// The buffer's name for the update of inner step k that comes after `update` others.
std::string numbered(const std::string& name, int k, int update) {
  return "inner." + std::to_string(k) + "." + name + (update == 0 ? "" : "." + std::to_string(update));
}

// Where the device computes in another precision, it does so from here on.
Device& in_precision(Device& device, Precision precision) {
  device.use(precision);
  return device;
}

}  // namespace

InnerLoop::InnerLoop(const InnerLoopSetup& setup, const InnerLoopSizes& sizes, Device& device,
                     BufferPlan& plan)
    : options_(setup.options),
      sizes_(sizes),
      shape_(setup.policy),
      value_start_(setup.value_start),
      epochs_(static_cast<std::size_t>(setup.options.inner_epochs)),
      device_(in_precision(device, setup.precision)),
      batches_(setup, sizes, device, plan),
      rule_(setup, sizes, device, plan),
      chunks_(chunks(batch(0).rows())),
      drawn_(static_cast<std::size_t>(sizes.steps) + 1),
      candidates_(drawn_.size()),
      adapted_(update(sizes.steps, 0) + 1),
      candidate_params_(adapted_.size()) {
  const std::int64_t tasks = sizes.tasks, parameters = shape_.parameters(), slots = device.slots(sizes.tasks);
  for (int k = 0; k <= sizes.steps; ++k) {
    // Between two batches, parameters are kept for the way back alone.
    const int kept_updates = k < sizes.steps && sizes.way_back ? options_.inner_epochs : 1;
    for (int j = k > 0 ? 0 : 1; j < kept_updates; ++j) {
      plan.add(&adapted_[update(k, j)], numbered("params", k, j), "[task][parameter]", {tasks, parameters});
      if (sizes.candidates)
        plan.add(&candidate_params_[update(k, j)], numbered("candidate_params", k, j), "[task][parameter]",
                 {tasks, parameters});
    }
  }
  plan.add(&partial_, "partial_gradients",
           device.is_cuda() ? "[task][chunk][parameter]" : "[thread][chunk][parameter]",
           {slots, chunks_, parameters});
  plan.add(&values_, "pass_values", "[task][chunk][value]", {tasks, chunks_, kPassValues});
  if (options_.estimator == EstimatorName::dice && sizes.way_back) {
    plan.add(&tangents_, "log_prob_tangents", "[task][row]", {tasks, batch(0).row_stride});
    plan.add(&score_, "dice_scores", "[task][row]", {tasks, batch(0).row_stride});
  }
}

void InnerLoop::prepare() {
  batches_.prepare();
  rule_.prepare();
  for (std::size_t k = 1; k < drawn_.size(); ++k) {
    const std::size_t last = k * epochs_;
    drawn_[k] = {adapted_[last], parameters()};
    candidates_[k] = {candidate_params_[last], parameters()};
    if (!sizes_.way_back)  // in place
      for (std::size_t j = 1; j < epochs_; ++j) adapted_[last - j] = adapted_[last];
  }
}

void InnerLoop::set_steps(const float* params) {
  rule_.set(params);
  if (ValueBaseline* value = batches_.value_baseline()) value->start_from(params + value_start_.offset);
}

void InnerLoop::start(const float* params) {
  set_steps(params);
  generation_ = device_.generation();
  drawn_[0] = {params, 0};
  batches_.draw_tasks();
}

Kept<float> InnerLoop::kept_for(int k, const Parameters<float>& params) const {
  const bool same = params.data == drawn(k).data && generation_ == device_.generation();
  return same ? batches_.kept(k) : Kept<float>{};
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
  op.inputs = batch(k).inputs();
  op.kept = kept_for(k, params);
  op.objective.batch = batch(k);
  op.objective.estimator = estimator;
  op.objective.drawn_params = drawn(k);
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
  const EstimatorName estimator = options_.estimator;
  return j > 0 && estimator == EstimatorName::reinforce ? EstimatorName::ratio : estimator;
}

void InnerLoop::adapt(int k, Parameters<float> from, const std::vector<float*>& chain, const int* enabled) {
  for (int j = 0; j < static_cast<int>(epochs_); ++j) {
    PolicyGradient<float> op = gradient_at(k, from, estimator_of_update(j));
    op.objective.clip = static_cast<float>(options_.clip_epsilon);
    op.objective.entropy_weight = static_cast<float>(options_.entropy_weight);
    op.enabled = enabled;
    float *const to = chain[update(k, j) + 1], *const gradient = rule_.gradient(k, j);
    if (rule_.multiplies()) {
      device_.per_task(op, sizes_.tasks, step_from(k, {}, {}, gradient));
      rule_.multiply(k, j, from, to, enabled);
    } else {
      device_.per_task(op, sizes_.tasks, step_from(k, from, rule_.size(k), to, gradient));
    }
    from = {to, parameters()};
  }
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
  op.objective.surrogate_weight = term.surrogate_weight;
  op.objective.clip = term.clip;
  op.objective.entropy_weight = term.entropy_weight;
  op.objective.score_weight = term.score_weight;
  op.objective.divergence_weight = term.divergence_weight;
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
    Direction<float> direction{{v, parameters()}, rule_.size(k)};
    if (rule_.multiplies()) {
      rule_.multiply_back(k, j, at, v, out);
      at_sizes = rule_.at_sizes();
      direction = {{rule_.at_gradient(), parameters()}, {}};
      v = out;
    }
    rule_.add_size_gradient(k, j, at_sizes);
    if (!second_order) continue;
    hessian_product(k, at, estimator_of_update(j), direction, step_from(k, {v, parameters()}, {}, out));
    v = out;
  }
  return v;
}

Parameters<float> InnerLoop::along_step(int k, const Parameters<float>& params, const Parameters<float>& u,
                                        const float* direction, bool second_order, float* out) {
  Parameters<float> moved = u;
  for (int j = 0; j < static_cast<int>(epochs_); ++j) {
    const Parameters<float> at = at_update(k, j, params);
    if (rule_.multiplies()) {
      if (second_order)
        hessian_product(k, at, estimator_of_update(j), {moved, {}},
                        step_from(k, {}, {}, rule_.at_gradient()));
      rule_.multiply_along(k, j, at, moved, second_order, direction, out);
      moved = {out, parameters()};
    } else if (second_order) {
      // α is one number: as in through_step.
      const StepSize<float> one{}, size = rule_.size(k);
      hessian_product(k, at, estimator_of_update(j), {moved, rule_.size_each() ? one : size},
                      step_from(k, moved, rule_.size_each() ? size : one, out));
      moved = {out, parameters()};
    }
    if (!rule_.learns_sizes()) continue;
    rule_.along_sizes(k, j, moved, direction, out);
    moved = {out, parameters()};
  }
  return moved;
}

// H_k·direction, for `step` to make use of.
void InnerLoop::hessian_product(int k, const Parameters<float>& params, EstimatorName estimator,
                                const Direction<float>& direction, const ApplyGradient<float>& step) {
  HessianVector<float> op;
  op.shape = shape_;
  op.params = params;
  op.batch = batch(k);
  op.kept = kept_for(k, params);
  op.direction = direction;
  op.estimator = estimator;
  op.clip = static_cast<float>(options_.clip_epsilon);
  op.entropy_weight = static_cast<float>(options_.entropy_weight);
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
  rule_.mean_over_tasks(out);
  if (ValueBaseline* value = batches_.value_baseline()) value->mean_over_tasks(out + value_start_.offset);
}

void InnerLoop::mean_values(int k, float* out, bool add, const int* enabled) {
  device_.once(
      MeanValues<float>{sizes_.tasks, chunks_, kPassValues, values_, batch(k).statistics, out, enabled, add});
}

}  // namespace innerloop
