#include "engine/stages/value_baseline.h"

#include <algorithm>
#include <vector>

#include "engine/device/launch.h"

namespace innerloop {

ValueBaseline::ValueBaseline(const Options& options, int tasks, const Batch<float>& batch, Device& device,
                             BufferPlan& plan)
    : options_(options), tasks_(tasks), chunks_(chunks(batch.rows())), device_(device) {
  const std::int64_t slots = device.slots(tasks);
  plan.add(&data_.inputs, "value.inputs", "[task][dimension][row]",
           {tasks, options_.shape.inputs(), batch.row_stride});
  plan.add(&data_.targets, "value.targets", "[task][row]", {tasks, batch.row_stride});
  plan.add(&data_.scale, "value.scale", "[task][2]", {tasks, 2});
  plan.add(&params_, "value.params", "[task][parameter]", {tasks, parameters()});
  plan.add(&partial_, "value.partial_gradients",
           device.is_cuda() ? "[task][chunk][parameter]" : "[thread][chunk][parameter]",
           {slots, chunks_, parameters()});
  plan.add(&step_sizes_, "value.lr", "[parameter]", {parameters()});
  plan.add(&values_, "value.values", "[task][row]", {tasks, batch.row_stride});
}

void ValueBaseline::prepare() {
  // The standard deviation stays 1.
  std::vector<float> sizes(static_cast<std::size_t>(parameters()), 0.0f);
  std::fill_n(sizes.begin(), options_.shape.log_std_offset(), static_cast<float>(options_.lr));
  device_.write(step_sizes_, sizes);
}

const float* ValueBaseline::fit(const Batch<float>& batch, bool first) {
  device_.per_task(ValueTargets<float>{batch, static_cast<float>(options_.discount), data_}, tasks_);
  Parameters<float> from = first ? Parameters<float>{start_, 0} : Parameters<float>{params_, parameters()};
  ValueGradient<float> gradient;
  gradient.shape = options_.shape;
  gradient.inputs = data_.rows(batch);
  gradient.objective.targets = data_.targets;
  gradient.objective.row_stride = batch.row_stride;
  gradient.partial = partial_;
  ApplyGradient<float> step;
  step.parameters = static_cast<int>(parameters());
  step.chunks = chunks_;
  step.partial = partial_;
  step.statistics = batch.statistics;
  step.step = {step_sizes_, 1};
  step.out = params_;
  for (int i = 0; i < options_.steps; ++i) {
    gradient.params = step.base = from;
    device_.per_task(gradient, tasks_, step);
    from = {params_, parameters()};
  }
  device_.per_task(ValuesOfSamples<float>{options_.shape, from, data_.seen_rows(batch), data_.scale, values_},
                   tasks_);
  return values_;
}

void ValueBaseline::mean_over_tasks(float* out) {
  SumOverTasks<float> op;
  op.tasks = tasks_;
  op.size = static_cast<int>(parameters());
  op.x = params_;
  op.scale = 1.0f / static_cast<float>(tasks_);
  op.minus = start_;
  op.out = out;
  device_.once(op);
}

}  // namespace innerloop
