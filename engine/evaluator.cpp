#include "engine/evaluator.h"

#include <cmath>

#include "engine/error.h"

namespace innerloop {
namespace {

// Two-sided 95 % quantile of Student's t distribution (Hill 1970, to better than 1e-3 for 3 and more degrees).
double t_quantile(int degrees) {
  constexpr double table[] = {0, 12.7062, 4.3027, 3.1824};
  if (degrees < 4) return table[degrees < 0 ? 0 : degrees];
  const double z = 1.959964, n = degrees;
  const double z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
  return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * n * n * n);
}

InnerLoopSizes sizes_of(const Config& config, int steps, int tasks) {
  InnerLoopSizes sizes;
  sizes.tasks = tasks;
  sizes.envs = config.evaluation.envs_per_task;
  sizes.steps = steps;
  sizes.lr = evaluation_lr_of_steps(config);
  return sizes;
}

}  // namespace

Evaluator::Evaluator(const Config& config, Device& device, std::vector<float> fixed_task)
    : config_(config), device_(device), fixed_task_(std::move(fixed_task)) {
  const int tasks = fixed_task_.empty() ? config.evaluation.tasks : 1;
  inner_ = std::make_unique<InnerLoop>(config, sizes_of(config, config.evaluation.inner_steps, tasks), device,
                                       plan_);
  plan_.add(&params_, "params", "[parameter]", {inner_->parameters()});
}

void Evaluator::allocate() {
  const std::int64_t had = device_.available_bytes();
  if (plan_.total_bytes() > had)
    throw InputError("memory: wanted " + std::to_string(plan_.total_bytes()) + " bytes (" +
                     readable_bytes(plan_.total_bytes()) + ") for the evaluation, found " +
                     std::to_string(had) + " (" + readable_bytes(had) + "); see `innerloop plan`");
  memory_ = device_.allocate(plan_.total_bytes());
  plan_.bind(memory_.get());
  inner_->prepare();
  if (fixed_task_.empty()) return;
  std::vector<float> task(static_cast<std::size_t>(inner_->task_stride()), 0.0f);
  std::copy(fixed_task_.begin(), fixed_task_.end(), task.begin());
  inner_->fix_tasks(task);
}

std::vector<CurvePoint> Evaluator::evaluate(const std::vector<float>& params) {
  device_.copy_to_device(params_, params.data(), static_cast<std::int64_t>(params.size() * sizeof(float)));
  // Training's iterations count from 0: the last key is evaluation's own.
  inner_->set_key({config_.evaluation.seed, 0xFFFFFFFFu});
  inner_->start(params_);
  const int steps = inner_->sizes().steps, tasks = inner_->sizes().tasks;
  std::vector<std::vector<float>> measured;
  for (int k = 0; k <= steps; ++k) {
    // Without sampling an action tells nothing of its neighbours, and the policy gradient is 0: what is measured
    // deterministically is not what is learned from.
    if (config_.evaluation.deterministic) {
      inner_->rollout(k, true);
      measured.push_back(inner_->statistics(k));
      if (k == steps) break;
    }
    inner_->rollout(k);
    if (k < steps) inner_->inner_step(k);
  }
  for (int k = static_cast<int>(measured.size()); k <= steps; ++k) measured.push_back(inner_->statistics(k));
  std::vector<CurvePoint> curve;
  for (int k = 0; k <= steps; ++k) {
    const std::vector<float>& statistics = measured[static_cast<std::size_t>(k)];
    double mean = 0, rewards = 0, samples = 0, episodes = 0, square = 0;
    const auto of = [&](int task, Statistic which) {
      return static_cast<double>(statistics[static_cast<std::size_t>(task) * kStatistics + which]);
    };
    for (int task = 0; task < tasks; ++task) {
      mean += of(task, kMeanReturn) / tasks;
      rewards += of(task, kReturnSum);
      samples += of(task, kSamples);
      episodes += of(task, kEpisodes);
    }
    for (int task = 0; task < tasks; ++task) square += std::pow(of(task, kMeanReturn) - mean, 2);
    const double error = tasks > 1 ? std::sqrt(square / (tasks - 1) / tasks) : 0;
    curve.push_back({k, mean, t_quantile(tasks - 1) * error, rewards / samples, samples / episodes});
  }
  return curve;
}

}  // namespace innerloop
