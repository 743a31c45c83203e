// Inside the CUDA side: the stream, checked calls, and the one kernel that runs any operation.
#pragma once

#include <cuda_runtime.h>

#include "kernels/cuda/launch.h"

namespace innerloop::cuda {

/// Throws Error where `status` is not success.
void check(cudaError_t status, const char* call, const char* file, int line);
#define INNERLOOP_CUDA_CHECK(call) ::innerloop::cuda::check((call), #call, __FILE__, __LINE__)

struct Stream {
  cudaStream_t handle = nullptr;
  int max_shared_bytes = 0;  // that a block may ask for
  void* scratch = nullptr;   // [block][scratch_bytes of the operation]
  std::int64_t scratch_bytes = 0;

  Stream();
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  /// Scratch in device memory of at least `bytes`.
  void* reserve(std::int64_t bytes);
};

inline constexpr int kThreads = 256;

// `global_scratch` null: the block's scratch is its shared memory.
template <class Op>
__global__ void __launch_bounds__(kThreads, 1)
    run_operation(Op op, int parts, char* global_scratch, long scratch_bytes) {
  extern __shared__ __align__(128) char shared_scratch[];
  if (op.enabled != nullptr && *op.enabled == 0) return;
  const int task = static_cast<int>(blockIdx.x) / parts, part = static_cast<int>(blockIdx.x) % parts;
  char* scratch = global_scratch == nullptr ? shared_scratch : global_scratch + blockIdx.x * scratch_bytes;
  op(CudaTeam<float>{}, Place{task, part, task}, Scratch(scratch));
}

template <class Op>
void launch(Stream& stream, const Op& op, int tasks) {
  const long bytes = op.template scratch_bytes<CudaTeam<float>>();
  const int parts = op.parts();
  const std::int64_t blocks = static_cast<std::int64_t>(tasks) * parts;
  if (blocks <= 0) return;
  if (blocks > 0x7FFFFFFF)
    throw Error("CUDA: wanted at most 2^31 - 1 blocks, found " + std::to_string(blocks));
  const bool in_shared = bytes <= stream.max_shared_bytes;
  if (in_shared)
    INNERLOOP_CUDA_CHECK(cudaFuncSetAttribute(run_operation<Op>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                              static_cast<int>(bytes)));
  char* scratch = in_shared ? nullptr : static_cast<char*>(stream.reserve(blocks * bytes));
  run_operation<Op>
      <<<static_cast<unsigned>(blocks), kThreads, in_shared ? static_cast<std::size_t>(bytes) : 0,
         stream.handle>>>(op, parts, scratch, bytes);
  check(cudaGetLastError(), __PRETTY_FUNCTION__, __FILE__, __LINE__);  // names the operation
}

template <class... Ops>
constexpr Launchers<TypeList<Ops...>> launchers_of(TypeList<Ops...>) {
  return {Launcher<Ops>{&launch<Ops>}...};
}

}  // namespace innerloop::cuda
