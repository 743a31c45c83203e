#include "engine/run/batch_file.h"

#include <nlohmann/json.hpp>
#include <string>

#include "engine/algorithms/meta_learner.h"
#include "engine/config/config.h"
#include "engine/config/tasks.h"
#include "engine/files/safetensors.h"
#include "engine/run/checkpoint.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

// The tensors of a file, and their bytes.
class Tensors {
 public:
  template <class T>
  void add(const std::string& name, Shape shape, const std::vector<T>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    bytes_.emplace_back(bytes.begin(), bytes.end());
    tensors_.push_back({name, dtype_of<T>(), std::move(shape), bytes_.back()});
  }
  void write(const std::filesystem::path& path, const Metadata& metadata) const {
    write_safetensors(path, tensors_, metadata);
  }

 private:
  std::vector<std::vector<std::byte>> bytes_;  // moving a vector leaves its elements where they are
  std::vector<Tensor> tensors_;
};

// Which steps of a trajectory.
struct Steps {
  int first, count;
};

// One quantity of a batch, [task][elements][row_stride] with row = step·envs + env, as [task][env][step][elements].
template <class T, class From>
std::vector<T> by_trajectory(Device& device, const Batch<float>& batch, int tasks, const From* data,
                             int elements, Steps steps) {
  const std::vector<From> rows = device.read(data, std::int64_t{tasks} * elements * batch.row_stride);
  std::vector<T> values;
  values.reserve(static_cast<std::size_t>(tasks) *
                 static_cast<std::size_t>(elements * batch.envs * steps.count));
  for (long task = 0; task < tasks; ++task)
    for (long env = 0; env < batch.envs; ++env)
      for (long step = steps.first; step < steps.first + steps.count; ++step)
        for (long element = 0; element < elements; ++element) {
          const long at = (task * elements + element) * batch.row_stride + step * batch.envs + env;
          values.push_back(static_cast<T>(rows[static_cast<std::size_t>(at)]));
        }
  return values;
}

void add_batch(Tensors& tensors, Device& device, const InnerLoop& inner, int k) {
  const Batch<float>& batch = inner.batch(k);
  const int tasks = inner.sizes().tasks;
  const std::string name = "inner." + std::to_string(k) + ".";
  const Shape steps = {tasks, batch.envs, batch.horizon};
  const Steps all = {0, batch.horizon}, beyond = {batch.horizon, 1};
  const auto with = [&](int elements) { return Shape{tasks, batch.envs, batch.horizon, elements}; };
  const auto floats = [&](const float* data, int elements = 1) {
    return by_trajectory<float>(device, batch, tasks, data, elements, all);
  };
  const auto bits = [&](const float* data) {
    return by_trajectory<std::uint8_t>(device, batch, tasks, data, 1, all);
  };

  tensors.add(name + "observations", with(batch.observation_size),
              floats(batch.observations, batch.observation_size));
  const auto integers = [&](const auto* data, int elements) {
    return by_trajectory<std::int32_t>(device, batch, tasks, data, elements, all);
  };
  if (batch.symbols != nullptr)
    tensors.add(name + "symbols", with(batch.symbol_places), integers(batch.symbols, batch.symbol_places));
  if (batch.allowed != nullptr) {
    const int choices = inner.shape().outputs(), words = mask_words(choices);
    const std::vector<std::uint32_t> packed =
        by_trajectory<std::uint32_t>(device, batch, tasks, batch.allowed, words, all);
    std::vector<std::uint8_t> allowed;
    for (auto row = packed.begin(); row != packed.end(); row += words)
      for (int choice = 0; choice < choices; ++choice)
        allowed.push_back(static_cast<std::uint8_t>(row[choice / 32] >> (choice % 32) & 1u));
    tensors.add(name + "allowed", with(choices), allowed);
  }
  if (inner.shape().head == HeadKind::categorical)
    tensors.add(name + "actions", steps, integers(batch.actions, 1));
  else if (inner.shape().head == HeadKind::grouped)
    tensors.add(name + "actions", with(batch.action_size), integers(batch.actions, batch.action_size));
  else
    tensors.add(name + "actions", with(batch.action_size), floats(batch.actions, batch.action_size));
  tensors.add(name + "log_probs", steps, floats(batch.log_probs));
  tensors.add(name + "rewards", steps, floats(batch.rewards));
  tensors.add(name + "advantages", steps, floats(batch.advantages));
  tensors.add(name + "valid", steps, bits(batch.valid));
  tensors.add(name + "episode_ends", steps, bits(batch.ends));
  if (!batch.looks_beyond) return;
  tensors.add(name + "terminated", steps, bits(batch.terminated));
  tensors.add(name + "last_observations", {tasks, batch.envs, batch.observation_size},
              by_trajectory<float>(device, batch, tasks, batch.observations, batch.observation_size, beyond));
  if (batch.symbols != nullptr)
    tensors.add(
        name + "last_symbols", {tasks, batch.envs, batch.symbol_places},
        by_trajectory<std::int32_t>(device, batch, tasks, batch.symbols, batch.symbol_places, beyond));
}

// θ_k of each task, [task][P].
std::vector<float> params_of_tasks(Device& device, const InnerLoop& inner, int k) {
  const Parameters<float>& params = inner.drawn(k);
  if (params.task_stride != 0) return device.read(params.data, inner.sizes().tasks * inner.parameters());
  const std::vector<float> one = device.read(params.data, inner.parameters());
  std::vector<float> all;
  for (int task = 0; task < inner.sizes().tasks; ++task) all.insert(all.end(), one.begin(), one.end());
  return all;
}

// The tasks' numbers that have a name, [task][number].
std::vector<float> named_numbers(const InnerLoop& inner) {
  std::vector<float> numbers;
  for (int task = 0; task < inner.sizes().tasks; ++task)
    for (const float number : inner.tasks().at(task)) numbers.push_back(number);
  return numbers;
}

Config with_one_epoch(Config config) {
  if (auto* promp = std::get_if<PrompOptions>(&config.algorithm)) promp->epochs = 1;
  return config;
}

}  // namespace

void write_batch_file(const std::filesystem::path& path, const Config& config, Device& device,
                      const std::vector<StateTensor>& state, std::int64_t done) {
  const auto learner = MetaLearner::create(with_one_epoch(config), device);
  learner->allocate();
  const std::vector<StateTensor> own = learner->state();
  for (std::size_t i = 0; i < own.size(); ++i)
    device.copy_on_device(own[i].data, state[i].data, own[i].bytes);

  const InnerLoop& inner = learner->inner_loop();
  const std::int64_t tasks = inner.sizes().tasks, size = inner.parameters(),
                     learned = learner->learned().size();
  const std::vector<float> params = device.read(learner->params(), learned);
  learner->iterate(static_cast<std::uint32_t>(done));

  Tensors tensors;
  tensors.add("params", {learned}, params);
  for (int k = 0; k <= inner.sizes().steps; ++k) {
    std::vector<float> adapted = params_of_tasks(device, inner, k);
    // By now the iteration has updated θ itself.
    if (k == 0)
      for (std::size_t i = 0; i < adapted.size(); ++i)
        adapted[i] = params[i % static_cast<std::size_t>(size)];
    tensors.add("inner." + std::to_string(k) + ".params", {tasks, size}, adapted);
    add_batch(tensors, device, inner, k);
  }
  // Reptile has no outer objective.
  if (!std::holds_alternative<ReptileOptions>(config.algorithm))
    tensors.add("outer_gradient", {tasks, size}, device.read(learner->outer_gradient(), tasks * size));
  tensors.add("meta_gradient", {learned}, device.read(learner->meta_gradient(), learned));
  const std::vector<std::string> names = task_names(config);
  tensors.add("tasks", {tasks, static_cast<std::int64_t>(names.size())}, named_numbers(inner));
  tensors.write(path, {{"config", json_text(to_json(config))},
                       {"layout", json_text(layout_json(learner->learned()))},
                       {"task_names", json_text(nlohmann::ordered_json(names))}});
}

}  // namespace innerloop
