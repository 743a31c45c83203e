// Operations with the fault that is asked for (fault.h): those that faults_test.cpp runs, since each takes long to compile.
// Linked before the CUDA side's library, these launchers are the ones that the engine finds.
#include "engine/device/cuda/all_launchers.h"
#include "engine/device/cuda/stream.h"
#include "tests/cuda/faults/fault.h"

namespace innerloop::cuda {
namespace {

struct FaultyTeam : CudaTeam<float> {
  int skipped_sync;
  int first_rank;
  mutable int syncs = 0;

  __device__ FaultyTeam(int skipped_sync, int first_rank)
      : skipped_sync(skipped_sync), first_rank(first_rank) {}
  __device__ int rank() const { return CudaTeam<float>::rank() + first_rank; }
  __device__ void sync() const {
    if (syncs++ != skipped_sync) CudaTeam<float>::sync();
  }
};

template <class Op>
__global__ void __launch_bounds__(kMostThreads, 1)
    run_faulty(Op op, int parts, char* global_scratch, long scratch_bytes, Fault fault) {
  extern __shared__ __align__(128) char faulty_scratch[];
  const int task = static_cast<int>(blockIdx.x) / parts, part = static_cast<int>(blockIdx.x) % parts;
  char* scratch = global_scratch == nullptr ? faulty_scratch : global_scratch + blockIdx.x * scratch_bytes;
  op(FaultyTeam(fault.skipped_sync, fault.absent_thread), Place{task, part, task}, Scratch(scratch));
}

cudaStream_t forgotten_stream() {
  static const Stream stream;
  return stream.handle;
}

template <class Op>
void launch_faulty(Stream& stream, const Op& op, int tasks, const Follower<Op>&) {
  static_assert(!kHasFollower<Op>);
  const long bytes = scratch_bytes_of<CudaTeam<float>>(op), missing = fault.short_scratch ? 4 : 0;
  const int blocks = tasks * parts_of(op);
  char* scratch = fault.in_global ? static_cast<char*>(stream.reserve(blocks * bytes - missing)) : nullptr;
  run_faulty<Op>
      <<<blocks, kMostThreads, fault.in_global ? 0 : bytes - missing,
         fault.other_stream ? forgotten_stream() : stream.handle>>>(op, parts_of(op), scratch, bytes, fault);
  INNERLOOP_CUDA_CHECK(cudaGetLastError());
}

// The launchers of all operations, of which only `Faulty` can be launched.
template <class... Faulty>
Launchers<Operations> only() {
  Launchers<Operations> none{};
  ((static_cast<Launcher<Faulty>&>(none) = {&launch_faulty<Faulty>}), ...);
  return none;
}

}  // namespace

const Launchers<Operations>& all_launchers() {
  static const Launchers<Operations> launchers =
      only<OuterStep<float>, ConjugateGradientStep<float>, StartLineSearch<float>, Advantages<float>,
           Rollout<float, PointNavigation>>();
  return launchers;
}

}  // namespace innerloop::cuda
