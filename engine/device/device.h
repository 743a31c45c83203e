// A device: memory, and a stream of operations. The CPU, or a CUDA GPU; the same calls, the same bits.
//
// An operation per task is a function of one task, so a stream may run it when and where it likes until something joins
// the tasks: the CPU lets a thread carry a task through all pending operations while its data is in the cache; a GPU
// launches them one by one over all tasks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/device/cuda/launch.h"
#include "engine/device/operations.h"
#include "engine/device/thread_pool.h"
#include "engine/error.h"

namespace innerloop {

struct RowsToSort;

enum class Backend { automatic, cpu, cuda };

/// The kernels of one instruction set of the host.
struct HostKernelSet {
  const char* name;  // "portable", "avx2", "avx512"
  const HostKernels<PolicyOperations<float>>* policy;
  const HostKernels<DrawOperations<float>>* draw;
  const HostKernels<RolloutOperations<float>>* rollout;
  const HostKernels<HostTrialOperations<float>>* trial;
};
/// Those that this processor can run, the fastest last.
std::vector<HostKernelSet> host_kernel_sets();

struct DeviceOptions {
  Backend backend = Backend::automatic;
  int threads = 0;           // of the CPU; 0: one for each core that the process may use
  std::string instructions;  // "portable", "avx2", "avx512"; empty: the best this processor has
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

  bool is_cuda() const { return cuda_; }
  /// "cpu (avx512, 2 threads): no CUDA device answers"
  const std::string& description() const { return description_; }
  const std::string& name() const { return name_; }  // the GPU's name; empty for the CPU
  const char* instructions() const { return host_.name; }
  /// Whether products can be done in TF32 and bfloat16.
  bool has_tensor_cores() const { return tensor_cores_; }
  int threads() const { return pool_ ? pool_->threads() : 1; }

  /// Teams that have activations of their own to keep: threads on the CPU; a GPU keeps none and has a slot a task.
  int slots(int tasks) const { return cuda_ ? tasks : threads(); }
  bool keeps_activations() const { return !cuda_; }
  /// Environments that one team plays in a rollout.
  int tile_envs(int envs) const { return cuda_ ? (envs < 32 ? envs : 32) : envs; }

  /// How products are done from now on where there are tensor cores; without them it is always float32.
  void use(Precision precision);

  /// Bytes that can still be allocated.
  std::int64_t available_bytes() const;
  /// Memory of `bytes`, all 0. @throws RunError saying what was wanted and what was there.
  std::shared_ptr<void> allocate(std::int64_t bytes);

  /// Enqueues `op` for each task < tasks, and what follows it where that has an `out`. The operations' data must live
  /// until finish().
  template <class Op>
  void per_task(const Op& op, int tasks, const Follower<Op>& follower = {}) {
    if (cuda_) return launch_cuda(op, tasks, follower);
    pending_.push_back(stage(op, tasks));
    if constexpr (kHasFollower<Op>) {
      if (follower.out == nullptr) return;
      pending_.push_back(stage(follower, tasks));
      pending_.back().enabled = op.enabled;
    }
  }
  /// Enqueues `op` once, after everything before it.
  template <class Op>
  void once(const Op& op) {
    if (cuda_) {
      launch_cuda(op, 1);
    } else {
      run_pending();
      run_parts(stage(op, 1));
    }
  }

  /// Enqueues a product of matrices, after everything before it. On a GPU it is cuBLAS's: the same bits from run to run, but
  /// not the CPU's.
  void multiply(const MatrixProduct<float>& product);

  /// Enqueues the sorting of rows (engine/device/sort.h), after everything before it.
  void sort(const RowsToSort& rows);

  /// Enqueues what `enqueue` does, which must be the same operations on the same memory each time. On a GPU a later
  /// call launches them as one graph, without calling `enqueue` again.
  void replay(Recording& recording, const std::function<void()>& enqueue);

  /// Changes whenever pending operations were carried out: what a team kept for itself until then is gone.
  std::int64_t generation() const { return generation_; }

  /// Waits until all is done. @throws RunError where the device failed.
  void finish();
  /// Copies in order with the operations; to the host: returns when the numbers are there.
  void copy_to_host(void* to, const void* from, std::int64_t bytes);
  void copy_to_device(void* to, const void* from, std::int64_t bytes);
  void copy_on_device(void* to, const void* from, std::int64_t bytes);

 private:
  struct Stage {
    std::function<void(const Place&, void* scratch)> run;
    int parts;
    int tasks;
    long scratch_bytes;
    const int* enabled;
  };

  // The table that holds Op: `Base<Op>` is one of the bases of one of them.
  template <class Base, class Table, class... Tables>
  static const Base& find(const Table& table, const Tables&... others) {
    if constexpr (std::is_base_of_v<Base, Table>)
      return table;
    else
      return find<Base>(others...);
  }
  template <class Op>
  Stage stage(const Op& op, int tasks) const {
    const auto& kernel = find<HostKernel<Op>>(*host_.policy, *host_.draw, *host_.rollout, *host_.trial);
    return {[run = kernel.run, op](const Place& place, void* scratch) { run(op, place, scratch); },
            op.parts(), tasks, kernel.scratch_bytes(op), op.enabled};
  }
  // What `call` gives; an error of CUDA's ends the run.
  template <class Call>
  static auto on_cuda(const Call& call) {
    try {
      return call();
    } catch (const cuda::Error& error) {
      throw RunError(error.what());
    }
  }
  template <class Op>
  void launch_cuda([[maybe_unused]] const Op& op, [[maybe_unused]] int tasks,
                   [[maybe_unused]] const Follower<Op>& follower = {}) {
#if defined(INNERLOOP_CUDA)
    on_cuda([&] {
      find<cuda::Launcher<Op>>(cuda::policy_launchers(), cuda::draw_launchers(), cuda::rollout_launchers(),
                               cuda::trial_launchers())
          .launch(*stream_, op, tasks, follower);
    });
#endif
  }
  void run_pending();
  void run_parts(const Stage& stage);
  void reserve_scratch(long bytes);

  bool cuda_ = false, tensor_cores_ = false;
  std::string description_, name_;
  HostKernelSet host_;
  std::unique_ptr<ThreadPool> pool_;
  std::vector<Stage> pending_;
  std::vector<std::shared_ptr<void>> scratch_;  // one a thread
  long scratch_bytes_ = 0;
  std::int64_t generation_ = 0;
  std::shared_ptr<cuda::Stream> stream_;
};

}  // namespace innerloop
