#include "engine/device/device.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <span>

#include "engine/device/host_memory.h"
#include "engine/device/launch.h"
#include "engine/device/sort.h"
#include "kernels/products/matrix_product.h"

namespace innerloop {
namespace {

std::shared_ptr<void> host_memory(std::int64_t bytes) {
  const std::size_t size = (static_cast<std::size_t>(bytes) + 4095) / 4096 * 4096;
  void* memory = std::aligned_alloc(4096, size > 0 ? size : 4096);
  if (memory == nullptr)
    throw RunError("memory: wanted " + std::to_string(bytes) + " bytes, the system gave none");
  std::memset(memory, 0, size);
  return {memory, std::free};
}

std::shared_ptr<const HostKernelSet> find_kernel_set(const std::string& name) {
  const auto sets = host_kernel_sets();
  if (name.empty()) return std::make_shared<HostKernelSet>(sets.back());
  std::string names;
  for (const HostKernelSet& set : sets) {
    if (set.name == name) return std::make_shared<HostKernelSet>(set);
    names += (names.empty() ? "" : ", ") + std::string(set.name);
  }
  throw InputError("instructions: wanted one of " + names + " on this processor, found \"" + name + "\"");
}

}  // namespace

Device::Device(const DeviceOptions& options)
    : host_(find_kernel_set(options.instructions)), graphs_(options.graphs) {
  if (options.backend == Backend::cpu && options.device > 0)
    throw InputError("--device: wanted none with backend \"cpu\", as it is the number of a GPU, found " +
                     std::to_string(options.device));
  std::string why = "as asked";
  if (options.backend != Backend::cpu) {
    const cuda::Probe probe = on_cuda([&] { return cuda::probe(options.device); });
    if (probe.usable) {
      name_ = probe.name;
      tensor_cores_ = probe.has_tensor_cores;
      number_ = options.device;
      stream_ = on_cuda([&] { return cuda::open_stream(options.device); });
      description_ =
          "cuda (" + name_ + ")" + (options.backend == Backend::cuda ? ", as asked" : ": it answers");
      return;
    }
    why = probe.why;
    if (probe.devices > 0)
      throw InputError("--device: wanted a number below " + std::to_string(probe.devices) +
                       ", of the CUDA devices that answer, found " + std::to_string(options.device));
    if (options.backend == Backend::cuda || options.device > 0)
      throw InputError((options.device > 0 ? "--device: wanted a" : "--backend cuda: wanted a") +
                       std::string(" CUDA device, found none: ") + why);
  }
  pool_ = std::make_unique<ThreadPool>(threads_or_cores(options.threads));
  scratch_.resize(static_cast<std::size_t>(pool_->threads()));
  description_ = "cpu (" + std::string(host_->name) + ", " + std::to_string(threads()) +
                 (threads() == 1 ? " thread): " : " threads): ") + why;
}

Device::~Device() = default;

const char* Device::instructions() const { return host_->name; }

void Device::use(Precision precision) {
  if (tensor_cores_) cuda::use_precision(*stream_, precision);
}

std::int64_t Device::available_bytes() const {
  return is_cuda() ? on_stream(cuda::available_bytes) : host_available_bytes();
}

std::shared_ptr<void> Device::allocate(std::int64_t bytes) {
  return is_cuda() ? on_stream([&] { return cuda::allocate(*stream_, bytes); }) : host_memory(bytes);
}

void Device::add_pending(Stage stage) { pending_.push_back(std::move(stage)); }

void Device::reserve_scratch(long bytes) {
  if (bytes <= scratch_bytes_) return;
  for (auto& scratch : scratch_) scratch = host_memory(bytes);
  scratch_bytes_ = bytes;
}

void Device::run_pending() {
  if (pending_.empty()) return;
  ++generation_;
  int tasks = 0;
  for (const Stage& stage : pending_) {
    reserve_scratch(stage.scratch_bytes);
    tasks = stage.tasks > tasks ? stage.tasks : tasks;
  }
  run_round(tasks, [&](int task, int thread) {
    for (const Stage& stage : pending_) {
      if (task >= stage.tasks || (stage.enabled != nullptr && *stage.enabled == 0)) continue;
      for (int part = 0; part < stage.parts; ++part) run_part(stage, {task, part, thread});
    }
  });
  pending_.clear();
}

void Device::run_part(const Stage& stage, const Place& place) {
  void* const scratch = scratch_[static_cast<std::size_t>(place.slot)].get();
  if (timings_ == nullptr) return stage.run(place, scratch);
  const auto begin = Timings::Clock::now();
  stage.run(place, scratch);
  timings_->add(stage.operation, place.slot, begin, Timings::Clock::now());
}

// The pool's run(), of which the timings are told.
void Device::run_round(int items, const std::function<void(int, int)>& work) {
  if (timings_ == nullptr) return pool_->run(items, work);
  const auto begin = Timings::Clock::now();
  pool_->run(items, work);
  timings_->add_round(begin, Timings::Clock::now());
}

void Device::run_parts(const Stage& stage) {
  if (stage.enabled != nullptr && *stage.enabled == 0) return;
  reserve_scratch(stage.scratch_bytes);
  run_round(stage.parts, [&](int part, int thread) { run_part(stage, {0, part, thread}); });
}

void Device::multiply(const MatrixProduct<float>& product) {
  check_shapes(product);
  if (is_cuda()) return launch_recorded(typeid(product), [&] { cuda::multiply(*stream_, product); });
  run_pending();
  run_parts(stage(product, 1));
}

void Device::sort(const RowsToSort& rows) {
  if (is_cuda()) return launch_recorded(typeid(rows), [&] { cuda::sort(*stream_, rows); });
  run_pending();
  const auto sort_row = [&](int row) {
    const std::span keys(rows.keys + std::ptrdiff_t{row} * rows.count, static_cast<std::size_t>(rows.count));
    const std::span places(rows.places + std::ptrdiff_t{row} * rows.count, keys.size());
    std::iota(places.begin(), places.end(), 0);
    std::ranges::stable_sort(places, {}, [&](int place) { return keys[static_cast<std::size_t>(place)]; });
  };
  run_parts(
      {[&](const Place& place, void*) { sort_row(place.part); }, typeid(rows), rows.rows, 1, 0, nullptr});
}

void Device::replay(Recording& recording, const std::function<void()>& enqueue) {
  if (is_cuda() && graphs_ && timings_ == nullptr)
    return on_stream([&] { cuda::replay(*stream_, recording.graph, enqueue); });
  enqueue();
}

void Device::record(Timings* timings) {
  tell_timings();
  timings_ = timings;
}

void Device::tell_timings() {
  finish();
  if (launched_.empty()) return;
  const std::vector<Timings::Clock::time_point> marks =
      on_stream([&] { return cuda::take_marks(*stream_, Timings::Clock::now()); });
  for (std::size_t i = 0; i < launched_.size(); ++i) {
    timings_->add(launched_[i], 0, marks[2 * i], marks[2 * i + 1]);
    timings_->add_round(marks[2 * i], marks[2 * i + 1]);
  }
  launched_.clear();
}

void Device::begin_range(const std::string& name) {
  if (is_cuda()) cuda::begin_range(name.c_str());
}

void Device::end_range() {
  if (is_cuda()) cuda::end_range();
}

void Device::profile(bool on) {
  if (is_cuda()) on_stream([&] { cuda::profile(on); });
}

std::uintptr_t Device::stream() const { return cuda::number_of(*stream_); }

void Device::wait_for(std::uintptr_t stream) {
  on_stream([&] { cuda::wait_for(*stream_, stream); });
}

void Device::hold_back(std::uintptr_t stream) {
  on_stream([&] { cuda::hold_back(*stream_, stream); });
}

void Device::finish() {
  if (is_cuda()) return on_stream([&] { cuda::finish(*stream_); });
  run_pending();
}

void Device::copy(void* to, const void* from, std::int64_t bytes, cuda::Direction direction) {
  if (is_cuda()) return on_stream([&] { cuda::copy(*stream_, to, from, bytes, direction); });
  run_pending();
  std::memcpy(to, from, static_cast<std::size_t>(bytes));
}
void Device::copy_to_host(void* to, const void* from, std::int64_t bytes) {
  copy(to, from, bytes, cuda::Direction::to_host);
}
void Device::copy_to_device(void* to, const void* from, std::int64_t bytes) {
  copy(to, from, bytes, cuda::Direction::to_device);
}
void Device::copy_on_device(void* to, const void* from, std::int64_t bytes) {
  copy(to, from, bytes, cuda::Direction::on_device);
}

}  // namespace innerloop
