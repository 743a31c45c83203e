#include "engine/algorithms/meta_learner.h"

#include <cmath>
#include <utility>

#include "engine/device/planned_buffers.h"
#include "engine/learned/create.h"

namespace innerloop {
namespace {

InnerLoopSizes filled(InnerLoopSizes sizes, const Config& config) {
  sizes.tasks = config.tasks_per_iteration;
  sizes.envs = config.envs_per_task;
  sizes.steps = inner_loop(config).inner_steps;
  sizes.lr = inner_lr_of_steps(config);
  sizes.way_back = true;
  return sizes;
}

}  // namespace

MetaLearner::MetaLearner(const Config& config, Device& device, InnerLoopSizes sizes)
    : seed_(config.seed),
      learned_(create_learned(config)),
      device_(device),
      inner_(std::make_unique<InnerLoop>(inner_loop_setup(config), filled(std::move(sizes), config), device,
                                         plan_)),
      tasks_(config.tasks_per_iteration),
      steps_(innerloop::inner_loop(config).inner_steps) {
  plan_.add(&params_, "params", "[parameter]", {learned_.size()});
  plan_.add(&meta_gradient_, "meta_gradient", "[parameter]", {learned_.size()});
  plan_.add(&outer_gradient_, "outer_gradient", "[task][parameter]", {tasks_, inner_->parameters()});
}

void MetaLearner::allocate() {
  memory_ = allocate_planned(device_, plan_, "this config");
  inner_->prepare();
  const std::vector<float> start = learned_.initial(seed_);
  device_.write(params_, start);
  outer_->prepare(inner_->key());
  prepare();
  device_.finish();
}

std::vector<StateTensor> MetaLearner::state() const {
  std::vector<StateTensor> tensors = {{"params",
                                       DType::F32,
                                       {learned_.size()},
                                       params_,
                                       learned_.size() * static_cast<std::int64_t>(sizeof(float))}};
  for (const StateTensor& tensor : outer_->state()) tensors.push_back(tensor);
  for (const StateTensor& tensor : own_state()) tensors.push_back(tensor);
  return tensors;
}

IterationReport MetaLearner::iterate(std::uint32_t iteration) {
  inner_->set_key({seed_, iteration});
  device_.replay(recording_, [this] { enqueue(); });
  return report();
}

void MetaLearner::mean_over_tasks(const float* x, const float* minus) {
  per_task_ = x;
  inner_->mean_over_tasks(x, minus, meta_gradient_);
}

IterationReport MetaLearner::report() const {
  IterationReport report;
  for (int k = 0; k <= steps_; ++k) {
    const std::vector<float> statistics = inner_->statistics(k);
    double sum = 0;
    for (int task = 0; task < tasks_; ++task) {
      const float* of = statistics.data() + static_cast<std::ptrdiff_t>(task) * kStatistics;
      sum += long_sum(of, kReturnSum) / inner_->sizes().envs;
      report.env_steps += static_cast<std::int64_t>(long_sum(of, kSamples));
    }
    report.returns.push_back(sum / tasks_);
  }
  outer_->report(report);
  if (inner_->learns_step_sizes()) report.extra.emplace_back("inner_lr", inner_->mean_step_size(params_));
  add_to(report);
  report.gradient_finite = std::isfinite(report.gradient_norm);
  if (report.gradient_finite) return report;
  std::vector<float> gradient(static_cast<std::size_t>(inner_->parameters()));
  for (int task = 0; task < tasks_; ++task) {
    device_.read(per_task_ + task * inner_->parameters(), gradient);
    for (float g : gradient)
      if (!std::isfinite(g)) {
        report.bad_tasks.push_back(task);
        break;
      }
  }
  return report;
}

}  // namespace innerloop
