// How operations are enqueued on a device: for those that do, and nobody else, as it names them all.
#pragma once

#include <typeindex>

#include "engine/device/check_shapes.h"
#include "engine/device/cuda/all_launchers.h"
#include "engine/device/cuda/backend.h"
#include "engine/device/device.h"
#include "engine/device/host_kernel_set.h"
#include "engine/error.h"

namespace innerloop {

// An operation as the CPU runs it.
struct Device::Stage {
  std::function<void(const Place&, void* scratch)> run;
  std::type_index operation;
  int parts;
  int tasks;
  long scratch_bytes;
  const int* enabled;
};

/// What `call` gives; an error of CUDA's ends the run.
template <class Call>
auto on_cuda(const Call& call) {
  try {
    return call();
  } catch (const cuda::Error& error) {
    throw RunError(error.what());
  }
}

template <class Call>
auto Device::on_stream(const Call& call) const {
  return on_cuda([&] {
    cuda::enter(*stream_);
    return call();
  });
}

// Between two marks on the stream where timings are taken.
template <class Launch>
void Device::launch_recorded(std::type_index operation, const Launch& launch) {
  on_stream([&] {
    if (timings_ == nullptr) return launch();
    cuda::mark(*stream_);
    launch();
    cuda::mark(*stream_);
    launched_.push_back(operation);
  });
}

template <class Op>
Device::Stage Device::stage(const Op& op, int tasks) const {
  const HostKernel<Op>& kernel = host_->of<Op>();
  return {[run = kernel.run, op](const Place& place, void* scratch) { run(op, place, scratch); },
          typeid(Op),
          parts_of(op),
          tasks,
          kernel.scratch_bytes(op),
          enabled_of(op)};
}

template <class Op>
void Device::per_task(const Op& op, int tasks, const Follower<Op>& follower) {
  check_shapes(op, tasks);
  if (is_cuda())
    return launch_recorded(typeid(Op),
                           [&] { cuda::all_launchers().of<Op>().launch(*stream_, op, tasks, follower); });
  add_pending(stage(op, tasks));
  if constexpr (kHasFollower<Op>) {
    if (follower.out == nullptr) return;
    Stage next = stage(follower, tasks);
    next.enabled = enabled_of(op);
    add_pending(std::move(next));
  }
}

template <class Op>
void Device::once(const Op& op) {
  if (is_cuda()) return per_task(op, 1);
  check_shapes(op, 1);
  run_pending();
  run_parts(stage(op, 1));
}

}  // namespace innerloop
