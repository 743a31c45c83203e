// Environments that are stepped with given actions; bindings/innerloop/vector.py makes them Gymnasium's.
#include "engine/environments/vector_environment.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "bindings/arrays.h"
#include "bindings/device_array.h"
#include "bindings/shared_device.h"
#include "engine/error.h"

namespace innerloop {
namespace {

struct Vector {
  std::shared_ptr<SharedDevice> on;
  VectorEnvironment environment;

  Vector(const Config& config, const VectorOptions& options, const DeviceOptions& device)
      : on(std::make_shared<SharedDevice>(device)), environment(config, options, on->device) {}

  template <class Call>
  auto alone(const Call& call) {
    return on->alone([&] { return call(environment); });
  }
};

// NumPy's arrays, or DeviceArrays.
using Array = nb::any;

// What lies in the vector's memory; or, where it is not its own, in `memory`.
template <class T>
Array array_in(nb::handle self, const T* numbers, const std::vector<std::size_t>& shape,
               const std::shared_ptr<void>& memory = nullptr) {
  const auto& its = nb::cast<const Vector&>(self);
  if (its.on->device.is_cuda()) {
    DeviceArray array{its.on, memory ? memory : its.environment.memory(), numbers, nb::dtype<T>(), shape};
    return nb::steal<Array>(nb::cast(std::move(array)).release());
  }
  nb::object owner = nb::borrow(self);
  if (memory)
    owner = nb::capsule(new std::shared_ptr<void>(memory),
                        [](void* p) noexcept { delete static_cast<std::shared_ptr<void>*>(p); });
  const nb::ndarray<nb::numpy, const T> array(numbers, shape.size(), shape.data(), owner);
  return nb::steal<Array>(nb::cast(array).release());
}

// `columns` 0: one number a row.
template <class T>
Array rows(nb::handle self, const T* numbers, int columns = 0) {
  std::vector shape{static_cast<std::size_t>(nb::cast<Vector&>(self).environment.options().envs)};
  if (columns > 0) shape.push_back(static_cast<std::size_t>(columns));
  return array_in(self, numbers, shape);
}

template <class T>
std::optional<Array> view(nb::handle self, const T* numbers, int columns) {
  if (numbers == nullptr) return std::nullopt;
  return rows(self, numbers, columns);
}

std::string text_of(const nb::ndarray<nb::ro>& array) {
  const nb::dlpack::dtype type = array.dtype();
  const std::string kind = type.code == static_cast<std::uint8_t>(nb::dlpack::dtype_code::Float)  ? "float"
                           : type.code == static_cast<std::uint8_t>(nb::dlpack::dtype_code::Int)  ? "int"
                           : type.code == static_cast<std::uint8_t>(nb::dlpack::dtype_code::UInt) ? "uint"
                                                                                                  : "type ";
  std::string text = kind + std::to_string(type.bits) + " [";
  for (std::size_t i = 0; i < array.ndim(); ++i) text += (i > 0 ? ", " : "") + std::to_string(array.shape(i));
  text += "]";
  return array.device_type() == nb::device::cuda::value
             ? text + " on cuda:" + std::to_string(array.device_id())
             : text;
}

template <class To, class From>
void convert_rows(To* to, const nb::ndarray<nb::ro>& from, std::size_t rows, std::size_t columns) {
  const auto* const numbers = static_cast<const From*>(from.data());
  const std::int64_t down = from.stride(0), across = from.ndim() > 1 ? from.stride(1) : 1;
  if (across == 1 && down == static_cast<std::int64_t>(columns)) {
    std::copy_n(numbers, rows * columns, to);
    return;
  }
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t column = 0; column < columns; ++column)
      to[row * columns + column] = static_cast<To>(
          numbers[static_cast<std::int64_t>(row) * down + static_cast<std::int64_t>(column) * across]);
}

// Numbers of the first of these types that the array has.
template <class To, class... From>
bool convert(To* to, const nb::ndarray<nb::ro>& from, std::size_t rows, std::size_t columns) {
  return ((from.dtype() == nb::dtype<From>() && (convert_rows<To, From>(to, from, rows, columns), true)) ||
          ...);
}

// What a GPU is to step with: what lies in its own memory as it lies there, in order with its stream; what lies in the host's
// by a copy, for which the host waits.
template <class To, class... From>
bool send(Device& device, To* to, const nb::ndarray<nb::ro>& from, std::size_t rows, std::size_t columns) {
  if (from.device_type() == nb::device::cpu::value) {
    std::vector<To> numbers(rows * columns);
    if (!convert<To, From...>(numbers.data(), from, rows, columns)) return false;
    device.write(to, numbers);
    return true;
  }
  const bool whole = (columns == 1 || from.stride(1) == 1) &&
                     (rows == 1 || from.stride(0) == static_cast<std::int64_t>(columns));
  if (from.device_id() != device.number() || from.dtype() != nb::dtype<To>() || !whole) return false;
  device.copy_on_device(to, from.data(), static_cast<std::int64_t>(rows * columns * sizeof(To)));
  return true;
}

template <class To, class... From>
bool take(Device& device, To* to, const nb::ndarray<nb::ro>& from, std::size_t rows, std::size_t columns) {
  return device.is_cuda() ? send<To, To, From...>(device, to, from, rows, columns)
                          : convert<To, To, From...>(to, from, rows, columns);
}

void take_actions(VectorEnvironment& environment, const nb::ndarray<nb::ro>& actions) {
  Device& device = environment.device();
  const auto envs = static_cast<std::size_t>(environment.options().envs),
             size = static_cast<std::size_t>(environment.info().action_size);
  const bool choices = environment.choices() != nullptr,
             reachable = actions.device_type() == nb::device::cpu::value ||
                         (device.is_cuda() && actions.device_type() == nb::device::cuda::value),
             fits = reachable && actions.ndim() >= 1 && actions.shape(0) == envs &&
                    (actions.ndim() == 1 ? size == 1 && choices
                                         : actions.ndim() == 2 && actions.shape(1) == size);
  const bool taken =
      fits &&
      (choices ? take<std::int32_t, std::int64_t, std::uint8_t, std::int8_t, std::int16_t, std::uint16_t>(
                     device, environment.choices(), actions, envs, size)
               : take<float, double>(device, environment.actions(), actions, envs, size));
  if (!taken)
    throw InputError(
        "actions: wanted " +
        std::string(!choices           ? "float32 ["
                    : device.is_cuda() ? "int32 ["
                                       : "int64 [") +
        std::to_string(envs) + (choices && size == 1 ? "" : ", " + std::to_string(size)) + "]" +
        (device.is_cuda() ? " on cuda:" + std::to_string(device.number()) + " or the host" : "") +
        ", found " + text_of(actions));
}

using Flags = nb::ndarray<const bool, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
std::span<const std::uint8_t> mask_of(const Flags& mask) {
  return {reinterpret_cast<const std::uint8_t*>(mask.data()), mask.size()};
}

// An array of its own.
template <class T>
nb::ndarray<nb::numpy, T> owned(std::vector<T> numbers, std::initializer_list<std::size_t> shape) {
  auto* const kept = new std::vector<T>(std::move(numbers));
  return {kept->data(), shape,
          nb::capsule(kept, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); })};
}
nb::ndarray<nb::numpy, float> array_of(const TaskTable& table, std::size_t columns) {
  std::vector<float> numbers;
  for (const std::vector<float>& task : table) numbers.insert(numbers.end(), task.begin(), task.end());
  return owned(std::move(numbers), {table.size(), columns});
}

std::vector<std::string> names_of(const EnvironmentInfo& info) {
  std::vector<std::string> names;
  for (const TaskNumber& number : info.task_numbers) names.push_back(number.name);
  return names;
}

// What a rollout keeps, by name; the arrays keep its memory.
nb::dict arrays_of(nb::handle self, const VectorEnvironment::Rollout& played) {
  const VectorEnvironment& its = nb::cast<Vector&>(self).environment;
  using Sizes = std::vector<std::size_t>;
  const auto size = [](std::int64_t number) { return static_cast<std::size_t>(number); };
  const std::size_t steps = size(played.steps), envs = size(its.options().envs);
  const Observation& see = its.info().observation;
  nb::dict all;
  const auto put = [&]<class T>(const char* name, const T* numbers, const Sizes& shape) {
    if (numbers != nullptr) all[name] = array_in(self, numbers, shape, played.memory);
  };
  const auto flags = [](const std::uint8_t* bytes) { return reinterpret_cast<const bool*>(bytes); };
  put("observations", played.seen.numbers, {steps + 1, envs, size(see.numbers)});
  put("symbols", played.seen.symbols, {steps + 1, envs, size(see.symbols)});
  put("final_observations", played.last_seen.numbers, {steps, envs, size(see.numbers)});
  put("final_symbols", played.last_seen.symbols, {steps, envs, size(see.symbols)});
  put("actions", played.actions, {steps, envs, size(its.info().action_size)});
  if (its.info().group_sizes.size() == 1)
    put("actions", played.choices, {steps, envs});
  else
    put("actions", played.choices, {steps, envs, its.info().group_sizes.size()});
  put("log_probs", played.log_probs, {steps, envs});
  put("rewards", played.rewards, {steps, envs});
  put("terminations", flags(played.terminated), {steps, envs});
  put("truncations", flags(played.truncated), {steps, envs});
  put("action_mask", flags(played.allowed), {steps + 1, envs, size(its.info().action_count)});
  return all;
}

using Integers = nb::ndarray<const std::int32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
std::vector<std::int32_t> integers(const Integers& array) {
  return {array.data(), array.data() + array.size()};
}

}  // namespace

void export_vector_environment(nb::module_& m) {
  nb::enum_<Autoreset>(m, "Autoreset")
      .value("next_step", Autoreset::next_step)
      .value("same_step", Autoreset::same_step)
      .value("disabled", Autoreset::disabled);
  nb::class_<Vector>(m, "VectorEnvironment")
      .def(
          "__init__",
          [](Vector* self, const Config& config, int envs, int horizon, Autoreset autoreset,
             const DeviceOptions& device) {
            const nb::gil_scoped_release released;
            const CallersGpu kept(device.backend != Backend::cpu && cuda::probe(device.device).usable);
            new (self) Vector(config, {envs, horizon, autoreset}, device);
          },
          nb::arg("config"), nb::arg("envs"), nb::arg("horizon"), nb::arg("autoreset"), nb::arg("device"))
      .def_prop_ro("stream",
                   [](const Vector& self) -> std::optional<std::uintptr_t> {
                     const Device& device = self.on->device;
                     return device.is_cuda() ? std::optional(device.stream()) : std::nullopt;
                   })
      .def(
          "wait_for",
          [](Vector& self, std::uintptr_t stream) {
            self.alone([&](VectorEnvironment& environment) { environment.device().wait_for(stream); });
          },
          nb::arg("stream"))
      .def(
          "hold_back",
          [](Vector& self, std::uintptr_t stream) {
            self.alone([&](VectorEnvironment& environment) { environment.device().hold_back(stream); });
          },
          nb::arg("stream"))
      .def(
          "reset",
          [](Vector& self, std::optional<std::uint32_t> seed) {
            self.alone([&](VectorEnvironment& environment) {
              seed ? environment.reset(*seed) : environment.reset();
            });
          },
          nb::arg("seed") = nb::none())
      .def(
          "reset_some",
          [](Vector& self, const Flags& mask) {
            self.alone([&](VectorEnvironment& environment) { environment.reset(mask_of(mask)); });
          },
          nb::arg("mask"))
      .def(
          "step",
          [](Vector& self, const nb::ndarray<nb::ro>& actions) {
            self.alone([&](VectorEnvironment& environment) {
              take_actions(environment, actions);
              environment.step();
            });
          },
          nb::arg("actions"))
      .def(
          "set_tasks",
          [](Vector& self, const std::optional<Table>& tasks, const std::optional<Flags>& mask) {
            self.environment.set_tasks(tasks ? table_of(*tasks) : TaskTable{},
                                       mask ? mask_of(*mask) : std::span<const std::uint8_t>{});
          },
          nb::arg("tasks") = nb::none(), nb::arg("mask") = nb::none())
      .def(
          "sample_tasks",
          [](Vector& self, const Config& config, int count, std::uint32_t seed, bool held_out) {
            TaskTable tasks = self.alone([&](VectorEnvironment&) {
              return sample_tasks(config, count, seed, held_out ? TaskSplit::held_out : TaskSplit::train,
                                  self.on->device);
            });
            return array_of(tasks, self.environment.info().task_numbers.size());
          },
          nb::arg("config"), nb::arg("count"), nb::arg("seed"), nb::arg("held_out"))
      .def("tasks",
           [](const Vector& self) {
             return array_of(self.environment.tasks(), self.environment.info().task_numbers.size());
           })
      .def_prop_ro("task_names", [](const Vector& self) { return names_of(self.environment.info()); })
      .def_prop_ro("numbers", [](const Vector& self) { return self.environment.info().observation.numbers; })
      .def_prop_ro("symbols", [](const Vector& self) { return self.environment.info().observation.symbols; })
      .def_prop_ro("kinds", [](const Vector& self) { return self.environment.info().observation.kinds; })
      .def_prop_ro("action_size", [](const Vector& self) { return self.environment.info().action_size; })
      .def_prop_ro("group_sizes", [](const Vector& self) { return self.environment.info().group_sizes; })
      .def(
          "rollout",
          [](nb::handle_t<Vector> self, const Config& policy,
             const nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>& params, int steps,
             bool deterministic) {
            const VectorEnvironment::Rollout played =
                nb::cast<Vector&>(self).alone([&](VectorEnvironment& environment) {
                  return environment.rollout(policy, {params.data(), params.size()}, steps, deterministic);
                });
            return arrays_of(self, played);
          },
          nb::arg("policy"), nb::arg("params"), nb::arg("steps"), nb::arg("deterministic"))
      .def(
          "images",
          [](Vector& self, int width, int height) {
            std::vector<std::uint8_t> pixels =
                self.alone([&](VectorEnvironment& environment) { return environment.images(width, height); });
            return owned(std::move(pixels),
                         {static_cast<std::size_t>(self.environment.options().envs),
                          static_cast<std::size_t>(height), static_cast<std::size_t>(width), 3});
          },
          nb::arg("width"), nb::arg("height"))
      .def("state",
           [](Vector& self) {
             const VectorEnvironment::State state =
                 self.alone([](VectorEnvironment& environment) { return environment.state(); });
             const std::size_t envs = state.tasks.size();
             nb::dict all;
             all["seed"] = state.seed;
             all["tasks"] = array_of(state.tasks, self.environment.info().task_numbers.size());
             all["numbers"] = owned(state.numbers, {envs, state.numbers.size() / envs});
             all["episode"] = owned(state.episode, {envs});
             all["elapsed"] = owned(state.elapsed, {envs});
             all["over"] = owned(state.over, {envs});
             return all;
           })
      .def(
          "set_state",
          [](Vector& self, std::uint32_t seed, const Table& tasks, const Table& numbers,
             const Integers& episode, const Integers& elapsed, const Integers& over) {
            const VectorEnvironment::State state{seed,
                                                 table_of(tasks),
                                                 {numbers.data(), numbers.data() + numbers.size()},
                                                 integers(episode),
                                                 integers(elapsed),
                                                 integers(over)};
            self.alone([&](VectorEnvironment& environment) { environment.set_state(state); });
          },
          nb::arg("seed"), nb::arg("tasks"), nb::arg("numbers"), nb::arg("episode"), nb::arg("elapsed"),
          nb::arg("over"))
      .def_prop_ro("seen",
                   [](nb::handle self) {
                     const VectorEnvironment& its = nb::cast<Vector&>(self).environment;
                     return view(self, its.seen().numbers, its.info().observation.numbers);
                   })
      .def_prop_ro("seen_symbols",
                   [](nb::handle self) {
                     const VectorEnvironment& its = nb::cast<Vector&>(self).environment;
                     return view(self, its.seen().symbols, its.info().observation.symbols);
                   })
      .def_prop_ro("last_seen",
                   [](nb::handle self) {
                     const VectorEnvironment& its = nb::cast<Vector&>(self).environment;
                     return view(self, its.last_seen().numbers, its.info().observation.numbers);
                   })
      .def_prop_ro("last_seen_symbols",
                   [](nb::handle self) {
                     const VectorEnvironment& its = nb::cast<Vector&>(self).environment;
                     return view(self, its.last_seen().symbols, its.info().observation.symbols);
                   })
      .def_prop_ro("rewards",
                   [](nb::handle self) { return rows(self, nb::cast<Vector&>(self).environment.rewards()); })
      .def_prop_ro("terminated",
                   [](nb::handle self) {
                     return rows(self, reinterpret_cast<const bool*>(
                                           nb::cast<Vector&>(self).environment.terminated()));
                   })
      .def_prop_ro(
          "truncated",
          [](nb::handle self) {
            return rows(self, reinterpret_cast<const bool*>(nb::cast<Vector&>(self).environment.truncated()));
          })
      .def_prop_ro("allowed", [](nb::handle self) {
        const VectorEnvironment& its = nb::cast<Vector&>(self).environment;
        return view(self, reinterpret_cast<const bool*>(its.allowed()), its.info().action_count);
      });
}

}  // namespace innerloop
