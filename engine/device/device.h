// A device: memory, and a stream of operations. The CPU, or a CUDA GPU; the same calls, the same bits.
//
// An operation per task is a function of one task, so a stream may run it when and where it likes until something joins
// the tasks: the CPU lets a thread carry a task through all pending operations while its data is in the cache; a GPU
// launches them one by one over all tasks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "engine/device/operation.h"
#include "engine/device/thread_pool.h"
#include "engine/device/timings.h"
#include "kernels/options/choices.h"

namespace innerloop {

namespace cuda {
enum class Direction;
struct Graph;
struct Stream;
}  // namespace cuda
struct HostKernelSet;
struct Place;
struct RowsToSort;
template <class T>
struct MatrixProduct;

enum class Backend { automatic, cpu, cuda };

struct DeviceOptions {
  Backend backend = Backend::automatic;
  int threads = 0;           // of the CPU; 0: one for each core that the process may use
  std::string instructions;  // "portable", "avx2", "avx512"; empty: the best this processor has
  int device = 0;            // which of the GPUs
  bool graphs = true;        // whether a GPU replays operations as graphs; else it launches them one by one
};

/// Operations that a device has once been handed and can do again at once: a CUDA graph. The CPU keeps none.
struct Recording {
  std::shared_ptr<cuda::Graph> graph;
};

class Device {
 public:
  /// @throws InputError where the backend or the instruction set is not there, saying what was looked for.
  explicit Device(const DeviceOptions& options);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  bool is_cuda() const { return stream_ != nullptr; }
  /// "cpu (avx512, 2 threads): no CUDA device answers"
  const std::string& description() const { return description_; }
  const std::string& name() const { return name_; }  // the GPU's name; empty for the CPU
  /// The instruction set of the host's kernels.
  const char* instructions() const;
  /// Whether products can be done in TF32 and bfloat16.
  bool has_tensor_cores() const { return tensor_cores_; }
  int threads() const { return pool_ ? pool_->threads() : 1; }

  /// Teams that have activations of their own to keep: threads on the CPU; a GPU keeps none and has a slot a task.
  int slots(int tasks) const { return is_cuda() ? tasks : threads(); }
  bool keeps_activations() const { return !is_cuda(); }
  /// Environments that one team plays in a rollout.
  int tile_envs(int envs) const { return is_cuda() ? (envs < 32 ? envs : 32) : envs; }

  /// How products are done from now on where there are tensor cores; without them it is always float32.
  void use(Precision precision);

  /// Bytes that can still be allocated.
  std::int64_t available_bytes() const;
  /// Memory of `bytes`, all 0. @throws RunError saying what was wanted and what was there.
  std::shared_ptr<void> allocate(std::int64_t bytes);

  /// Enqueues `op` for each task < tasks, and what follows it where that has an `out`. The operations' data must live
  /// until finish(). Whoever calls this or once() includes engine/device/launch.h.
  template <class Op>
  void per_task(const Op& op, int tasks, const Follower<Op>& follower = {});
  /// Enqueues `op` once, after everything before it.
  template <class Op>
  void once(const Op& op);

  /// Enqueues a product of matrices, after everything before it. On a GPU it is cuBLAS's: the same bits from run to run, but
  /// not the CPU's.
  void multiply(const MatrixProduct<float>& product);

  /// Enqueues the sorting of rows (engine/device/sort.h), after everything before it.
  void sort(const RowsToSort& rows);

  /// Enqueues what `enqueue` does, which must be the same operations on the same memory each time. On a GPU a later
  /// call launches them as one graph, without calling `enqueue` again.
  void replay(Recording& recording, const std::function<void()>& enqueue);

  /// From now on `timings`, which has to live until then, is told of every operation; null: none. A GPU launches its
  /// operations one by one meanwhile. @pre timings->threads() is threads(), of a GPU 1.
  void record(Timings* timings);
  /// Waits until all is done, and has told the recording timings of it.
  void tell_timings();
  /// A name that profilers of a GPU show over what the host enqueues until end_range().
  void begin_range(const std::string& name);
  void end_range();
  /// Whether profilers of a GPU that wait for it look on from now on: cudaProfilerStart and cudaProfilerStop.
  void profile(bool on);

  /// Changes whenever pending operations were carried out: what a team kept for itself until then is gone.
  std::int64_t generation() const { return generation_; }

  /// Among streams of other libraries on the same GPU, each a number: a cudaStream_t, or 1 for CUDA's legacy default
  /// stream and 2 for the calling thread's. @pre is_cuda()
  std::uintptr_t stream() const;
  /// The number of the GPU. @pre is_cuda()
  int number() const { return number_; }
  /// What is enqueued here from now on begins after what has been enqueued on that stream so far. The host does not wait.
  void wait_for(std::uintptr_t stream);
  /// What is enqueued on that stream from now on begins after what has been enqueued here so far.
  void hold_back(std::uintptr_t stream);

  /// Waits until all is done. @throws RunError where the device failed.
  void finish();
  /// Copies numbers from the device's memory, in order with the operations; returns when they are there.
  template <class T>
  void read(const T* from, std::span<std::type_identity_t<T>> to) {
    copy_to_host(to.data(), from, static_cast<std::int64_t>(to.size_bytes()));
  }
  /// `count` of them.
  template <class T>
  std::vector<T> read(const T* from, std::int64_t count) {
    std::vector<T> numbers(static_cast<std::size_t>(count));
    read(from, numbers);
    return numbers;
  }
  /// A single one.
  template <class T>
  T read(const T* from) {
    T number;
    read(from, std::span(&number, 1));
    return number;
  }
  /// Copies numbers to the device's memory, in order with the operations; `from` may be changed when it returns.
  template <class T>
  void write(T* to, std::span<const std::type_identity_t<T>> from) {
    copy_to_device(to, from.data(), static_cast<std::int64_t>(from.size_bytes()));
  }
  /// A single one.
  template <class T>
  void write(T* to, const std::type_identity_t<T>& number) {
    write(to, std::span(&number, 1));
  }
  /// Copies within the device's memory.
  void copy_on_device(void* to, const void* from, std::int64_t bytes);

 private:
  struct Stage;

  // What `call` gives, on the stream's device.
  template <class Call>
  auto on_stream(const Call& call) const;
  template <class Op>
  Stage stage(const Op& op, int tasks) const;
  void add_pending(Stage stage);
  void run_pending();
  void run_part(const Stage& stage, const Place& place);
  void run_round(int items, const std::function<void(int item, int thread)>& work);
  template <class Launch>
  void launch_recorded(std::type_index operation, const Launch& launch);
  void run_parts(const Stage& stage);
  void reserve_scratch(long bytes);
  void copy_to_host(void* to, const void* from, std::int64_t bytes);
  void copy_to_device(void* to, const void* from, std::int64_t bytes);
  void copy(void* to, const void* from, std::int64_t bytes, cuda::Direction direction);

  bool tensor_cores_ = false;
  int number_ = 0;
  std::string description_, name_;
  std::shared_ptr<const HostKernelSet> host_;
  std::unique_ptr<ThreadPool> pool_;
  std::vector<Stage> pending_;
  std::vector<std::shared_ptr<void>> scratch_;  // one a thread
  long scratch_bytes_ = 0;
  std::int64_t generation_ = 0;
  std::shared_ptr<cuda::Stream> stream_;  // null: the CPU
  bool graphs_ = true;
  Timings* timings_ = nullptr;
  std::vector<std::type_index> launched_;  // on a GPU, that timings_ is still to be told of
};

}  // namespace innerloop
