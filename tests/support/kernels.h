// The policy's operations in float (the best that this processor has) and in double, run by one thread.
#pragma once

#include <cstdlib>
#include <memory>
#include <vector>

#include "engine/device/host_kernel_set.h"
#include "tests/support/trajectories.h"

namespace innerloop {

const HostKernels<PolicyOperations<double>>& double_kernels();

template <class T>
const auto& kernels_of() {
  if constexpr (std::is_same_v<T, double>)
    return double_kernels();
  else {
    static const HostKernelSet best = host_kernel_sets().back();
    return best;
  }
}

/// Runs all parts of `op` for each task; a task's slot is its number. Scratch memory starts as NaN.
template <class Op>
void run_kernel(const HostKernel<Op>& kernel, const Op& op, int tasks) {
  const long bytes = (kernel.scratch_bytes(op) / 64 + 1) * 64;
  const std::unique_ptr<void, decltype(&std::free)> scratch(
      std::aligned_alloc(64, static_cast<std::size_t>(bytes)), &std::free);
  for (int task = 0; task < tasks; ++task)
    for (int part = 0; part < parts_of(op); ++part) {
      std::memset(scratch.get(), 0xFF, static_cast<std::size_t>(bytes));
      kernel.run(op, {task, part, task}, scratch.get());
    }
}
template <class T, template <class> class Op>
void run_all(const Op<T>& op, int tasks) {
  run_kernel<Op<T>>(kernels_of<T>(), op, tasks);
}
template <class T, class Objective>
void run_all(const NetworkPass<T, Objective>& op, int tasks) {
  run_kernel<NetworkPass<T, Objective>>(kernels_of<T>(), op, tasks);
}
template <class T, class Kind>
void run_all(const CurvatureVector<T, Kind>& op, int tasks) {
  run_kernel<CurvatureVector<T, Kind>>(kernels_of<T>(), op, tasks);
}

template <class T>
std::vector<T> converted(const Vector& from) {
  return std::vector<T>(from.begin(), from.end());
}
template <class T>
Vector to_double(const std::vector<T>& from) {
  return Vector(from.begin(), from.end());
}

/// A Batch with memory of its own, filled with trajectories.
template <class T>
class BatchMemory {
 public:
  explicit BatchMemory(const Trajectories& t)
      : numbers_{converted<T>(t.observations), converted<T>(t.actions),    converted<T>(t.outputs),
                 converted<T>(t.log_probs),    converted<T>(t.rewards),    converted<T>(t.valid),
                 converted<T>(t.ends),         converted<T>(t.terminated), converted<T>(t.advantages),
                 converted<T>(t.credits),      converted<T>(t.statistics)} {
    T** const pointers[] = {&batch_.observations, &batch_.actions, &batch_.outputs,   &batch_.log_probs,
                            &batch_.rewards,      &batch_.valid,   &batch_.ends,      &batch_.terminated,
                            &batch_.advantages,   &batch_.credits, &batch_.statistics};
    for (std::size_t i = 0; i < numbers_.size(); ++i) *pointers[i] = numbers_[i].data();
    batch_.horizon = t.horizon;
    batch_.envs = t.envs;
    batch_.observation_size = t.observation_size;
    batch_.action_size = t.action_size;
    batch_.looks_beyond = t.looks_beyond;
    batch_.row_stride = t.row_stride;
  }
  BatchMemory(const BatchMemory&) = delete;
  BatchMemory& operator=(const BatchMemory&) = delete;

  const Batch<T>& batch() const { return batch_; }
  /// The trajectories, as they are now.
  void read_back(Trajectories& t) const {
    Vector* const to[] = {&t.observations, &t.actions,    &t.outputs,    &t.log_probs, &t.rewards,   &t.valid,
                          &t.ends,         &t.terminated, &t.advantages, &t.credits,   &t.statistics};
    for (std::size_t i = 0; i < numbers_.size(); ++i) *to[i] = to_double(numbers_[i]);
  }

 private:
  std::vector<std::vector<T>> numbers_;
  Batch<T> batch_;
};

}  // namespace innerloop
