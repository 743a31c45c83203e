// Inside the CUDA side: the stream, checked calls, and the one kernel that runs any operation.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>

#include "kernels/cuda/launch.h"

namespace innerloop::cuda {

/// Throws Error where `status` is not success.
void check(cudaError_t status, const char* call, const char* file, int line);
#define INNERLOOP_CUDA_CHECK(call) ::innerloop::cuda::check((call), #call, __FILE__, __LINE__)

struct Stream {
  cudaStream_t handle = nullptr;
  int max_shared_bytes = 0;  // that a block may ask for
  int multiprocessors = 0;
  void* scratch = nullptr;  // [block][scratch_bytes of the operation]
  std::int64_t scratch_bytes = 0;

  Stream();
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  /// Scratch in device memory of at least `bytes`.
  void* reserve(std::int64_t bytes);
};

inline constexpr int kMostThreads = 256;

// Threads of a block: one for each register tile of the widest product where there are products, else many. More would
// have nothing to do but to run through every loop and to wait.
template <class Op>
int threads_of(const Op& op) {
  using Team = CudaTeam<float>;
  if constexpr (requires { op.shape; }) {
    int rows = Team::block_rows;
    if constexpr (requires { op.tile_envs; }) rows = op.tile_envs;
    const int tiles = ceil_div(rows, Team::tile_rows) *
                      ceil_div(padded(op.shape.widest()), Team::tile_vectors * Team::Vector::lanes);
    return min_of(kMostThreads, round_up(tiles, 32));
  }
  return kMostThreads;
}

// A block works through parts blockIdx.x, + gridDim.x, … of all tasks' parts. `global_scratch` null: its scratch is its
// shared memory.
template <class Op>
__global__ void __launch_bounds__(kMostThreads, 1)
    run_operation(Op op, int parts, int blocks, char* global_scratch, long scratch_bytes) {
  extern __shared__ __align__(128) char shared_scratch[];
  if (op.enabled != nullptr && *op.enabled == 0) return;
  const CudaTeam<float> team;
  char* scratch = global_scratch == nullptr ? shared_scratch : global_scratch + blockIdx.x * scratch_bytes;
  for (unsigned block = blockIdx.x; block < static_cast<unsigned>(blocks); block += gridDim.x) {
    if (block != blockIdx.x) team.sync();  // what came before has done with the scratch
    const int task = static_cast<int>(block) / parts, part = static_cast<int>(block) % parts;
    op(team, Place{task, part, task}, Scratch(scratch));
  }
}

template <class Op>
void launch(Stream& stream, const Op& op, int tasks) {
  const long bytes = op.template scratch_bytes<CudaTeam<float>>();
  const int parts = op.parts(), threads = threads_of(op);
  const std::int64_t blocks = static_cast<std::int64_t>(tasks) * parts;
  if (blocks <= 0) return;
  if (blocks > 0x7FFFFFFF)
    throw Error("CUDA: wanted at most 2^31 - 1 blocks, found " + std::to_string(blocks));
  std::int64_t grid = blocks;
  std::size_t shared_bytes = 0;
  char* scratch = nullptr;
  if (bytes <= stream.max_shared_bytes) {
    shared_bytes = static_cast<std::size_t>(bytes);
    INNERLOOP_CUDA_CHECK(cudaFuncSetAttribute(run_operation<Op>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                              static_cast<int>(bytes)));
  } else {
    // As many blocks as run at once, so that many tasks want no more scratch than few.
    int resident = 0;
    INNERLOOP_CUDA_CHECK(
        cudaOccupancyMaxActiveBlocksPerMultiprocessor(&resident, run_operation<Op>, threads, 0));
    grid = std::min<std::int64_t>(blocks, std::int64_t{resident} * stream.multiprocessors);
    scratch = static_cast<char*>(stream.reserve(grid * bytes));
  }
  run_operation<Op>
      <<<static_cast<unsigned>(grid), static_cast<unsigned>(threads), shared_bytes, stream.handle>>>(
          op, parts, static_cast<int>(blocks), scratch, bytes);
  check(cudaGetLastError(), __PRETTY_FUNCTION__, __FILE__, __LINE__);  // names the operation
}

template <class... Ops>
constexpr Launchers<TypeList<Ops...>> launchers_of(TypeList<Ops...>) {
  return {Launcher<Ops>{&launch<Ops>}...};
}

}  // namespace innerloop::cuda
