#include "engine/benchmark/grid_gradient.h"

#include <cstddef>
#include <random>
#include <vector>

#include "engine/device/launch.h"

namespace innerloop {
namespace {

constexpr int kPlaces = 50, kKinds = 12, kNumbers = 29, kActions = 6;

}  // namespace

GridGradient::GridGradient(bool symbols, int tasks, int rows, Device& device)
    : device_(device), tasks_(tasks) {
  PolicyShape& shape = op_.shape;
  shape.layers = 3;
  shape.width[0] = symbols ? kNumbers : kNumbers + kPlaces * kKinds;
  shape.width[1] = shape.width[2] = 64;
  shape.width[3] = kActions;
  shape.head = HeadKind::categorical;
  if (symbols) {
    shape.symbols = kPlaces;
    shape.kinds = kKinds;
  }
  Batch<float> batch;
  batch.horizon = rows;
  batch.envs = 1;
  batch.observation_size = shape.inputs();
  batch.action_size = 1;
  batch.symbol_places = shape.symbols;
  batch.row_stride = padded(rows);

  BufferPlan plan;
  float *params = nullptr, *observations = nullptr, *actions = nullptr, *valid = nullptr,
        *advantages = nullptr, *partial = nullptr;
  std::int32_t* seen = nullptr;
  const std::int64_t stride = batch.row_stride;
  plan.add(&params, "params", "[parameter]", {shape.parameters()});
  plan.add(&observations, "observations", "[task][dimension][row]", {tasks, shape.inputs(), stride});
  plan.add(&seen, "symbols", "[task][place][row]", {tasks, kPlaces, stride});
  plan.add(&actions, "actions", "[task][row]", {tasks, stride});
  plan.add(&valid, "valid", "[task][row]", {tasks, stride});
  plan.add(&advantages, "advantages", "[task][row]", {tasks, stride});
  plan.add(&partial, "partial", "[slot][chunk][parameter]",
           {device.slots(tasks), chunks(rows), shape.parameters()});
  memory_ = device.allocate(plan.total_bytes());
  plan.bind(memory_.get());

  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 0.1f);
  const auto numbers = [&](std::size_t count) {
    std::vector<float> all(count);
    for (float& x : all) x = normal(random);
    return all;
  };
  const auto size = static_cast<std::size_t>(tasks) * static_cast<std::size_t>(stride);
  std::vector<std::int32_t> symbol(size * kPlaces);
  for (std::int32_t& x : symbol) x = static_cast<std::int32_t>(random() % kKinds);
  std::vector<float> choice(size);
  for (float& x : choice) x = static_cast<float>(random() % kActions);
  device.write(params, numbers(static_cast<std::size_t>(shape.parameters())));
  device.write(observations, numbers(size * static_cast<std::size_t>(shape.inputs())));
  device.write(seen, symbol);
  device.write(actions, choice);
  device.write(valid, std::vector<float>(size, 1.0f));
  device.write(advantages, numbers(size));

  batch.observations = observations;
  if (symbols) batch.symbols = seen;
  batch.actions = actions;
  batch.valid = valid;
  batch.advantages = advantages;
  op_.params = {params, 0};
  op_.inputs = batch.inputs();
  op_.objective.batch = batch;
  op_.partial = partial;
}

void GridGradient::run() {
  device_.per_task(op_, tasks_);
  device_.finish();
}

}  // namespace innerloop
