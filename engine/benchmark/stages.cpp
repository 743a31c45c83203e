#include "engine/benchmark/stages.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#include "engine/config/environment_options.h"
#include "engine/device/launch.h"
#include "engine/learned/create.h"

namespace innerloop {
namespace {

constexpr RandomKey kKey{1, 0};

InnerLoopSizes sizes_of(const Config& config) {
  return {.tasks = config.tasks_per_iteration,
          .envs = config.envs_per_task,
          .steps = 1,
          .lr = inner_lr_of_steps(config)};
}

}  // namespace

KernelBench::KernelBench(const Config& config, Device& device)
    : device_(device), setup_(inner_loop_setup(config)), inner_(setup_, sizes_of(config), device, plan_) {
  const std::int64_t slots = device.slots(config.tasks_per_iteration), parameters = inner_.parameters();
  const std::int64_t rows = inner_.batch(0).rows();
  plan_.add(&params_, "params", "[parameter]", {parameters});
  plan_.add(&partial_, "partial", "[slot][chunk][parameter]",
            {slots, chunks(inner_.batch(0).rows()), parameters});
  plan_.add(&out_, "out", "[task][parameter]", {config.tasks_per_iteration, parameters});
  plan_.add(&step_, "step", "[1]", {1});
  plan_.add(&key_, "random_key", "[1]", {1});
  if (device.keeps_activations() && shape().hidden_size() > 0) {
    kept_.slot_stride = rows * shape().hidden_size();
    plan_.add(&kept_.data, "activations", "[slot][row][unit]", {slots, rows, shape().hidden_size()});
  }
  memory_ = device.allocate(plan_.total_bytes());
  plan_.bind(memory_.get());
  inner_.prepare();
  const std::vector<float> start = create_learned(config).initial(config.seed);
  const float step = static_cast<float>(inner_lr_of_steps(config).front());
  device.write(params_, start);
  device.write(step_, step);
  device.write(key_, kKey);
  inner_.set_key(kKey);
  inner_.start(params_);
  inner_.rollout(0);
  inner_.inner_step(0);
  rollout();
  advantages();
}

void KernelBench::rollout() {
  with_environment(setup_.environment, [&]<class Env>(const typename Env::Options& options) {
    Rollout<float, Env> op;
    op.shape = shape();
    op.params = {params_, 0};
    op.batch = inner_.batch(0);
    op.kept = kept_;
    op.tasks = inner_.tasks().numbers();
    op.options = options;
    op.key = key_;
    op.restart = setup_.restart;
    op.tile_envs = device_.tile_envs(inner_.sizes().envs);
    device_.per_task(op, inner_.sizes().tasks);
  });
  device_.finish();
}

void KernelBench::advantages() {
  Advantages<float> op;
  op.batch = inner_.batch(0);
  op.discount = static_cast<float>(setup_.options.discount);
  op.gae_lambda = static_cast<float>(setup_.options.gae_lambda);
  device_.per_task(op, inner_.sizes().tasks);
  device_.finish();
}

void KernelBench::inner_step(bool kept) {
  PolicyGradient<float> op;
  op.shape = shape();
  op.params = {params_, 0};
  op.inputs = inner_.batch(0).inputs();
  op.objective.batch = inner_.batch(0);
  op.kept = activations(kept);
  op.partial = partial_;
  device_.per_task(op, inner_.sizes().tasks, step_from(op.params, {step_, 0}));
  device_.finish();
}

void KernelBench::hessian_vector(bool kept) {
  HessianVector<float> op;
  op.shape = shape();
  op.params = {params_, 0};
  op.batch = inner_.batch(0);
  op.kept = activations(kept);
  op.direction = {inner_.drawn(1), {step_, 0}};
  op.partial = partial_;
  device_.per_task(op, inner_.sizes().tasks, step_from(op.direction.vector, {}));
  device_.finish();
}

ApplyGradient<float> KernelBench::step_from(const Parameters<float>& base, StepSize<float> step) const {
  ApplyGradient<float> op;
  op.parameters = shape().parameters();
  op.chunks = chunks(inner_.batch(0).rows());
  op.partial = partial_;
  op.statistics = inner_.batch(0).statistics;
  op.base = base;
  op.step = step;
  op.out = out_;
  return op;
}

double measure_fma_peak(Device& device) {
  using Clock = std::chrono::steady_clock;
  // One team a thread keeps a processor busy; a GPU wants many.
  const int teams = device.is_cuda() ? 4096 : device.threads();
  const std::int64_t count = std::int64_t{teams} * FmaPeak<float>::kOut;
  const auto memory = device.allocate(count * std::int64_t{sizeof(float)});
  FmaPeak<float> op{.rounds = 1000, .out = static_cast<float*>(memory.get())};
  double best = 0;
  // Runs of 10 ms and more, once they are that long: the clock's and the start's share is then small.
  for (int run = 0; run < 20;) {
    const auto start = Clock::now();
    device.per_task(op, teams);
    device.finish();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (seconds < 0.01) {
      op.rounds *= 2;
      continue;
    }
    const std::vector<float> out = device.read(op.out, count);
    double operations = 0;
    for (int team = 0; team < teams; ++team)
      operations += static_cast<double>(out[static_cast<std::size_t>(team) * FmaPeak<float>::kOut]);
    best = std::max(best, operations / seconds);
    ++run;
  }
  return best;
}

}  // namespace innerloop
