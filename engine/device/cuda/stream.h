// Inside the CUDA side: the stream, checked calls, and the one kernel that runs any operation.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <vector>

#include "engine/device/cuda/backend.h"
#include "engine/device/cuda/launchers.h"
#include "kernels/inner/pass.h"
#include "kernels/lanes/team.h"

namespace innerloop::cuda {

/// @throws Error where `status` is not success.
void check(cudaError_t status, const char* call, const char* file, int line);
#define INNERLOOP_CUDA_CHECK(call) ::innerloop::cuda::check((call), #call, __FILE__, __LINE__)

struct Stream {
  const int device;  // its number
  cudaStream_t handle = nullptr;
  cudaEvent_t theirs = nullptr, ours = nullptr;  // recorded on another stream, and on this one
  std::vector<cudaEvent_t> marks;                // with times
  std::size_t marked = 0;                        // that are in use
  int max_shared_bytes = 0;                      // that a block may ask for
  int multiprocessors = 0;
  Precision precision = Precision::float32;
  void* scratch = nullptr;  // [block][scratch_bytes of the operation]
  std::int64_t scratch_bytes = 0;
  std::vector<int*> counters;  // [task]  parts that are done, 0 between launches; the last for the most tasks
  int counted_tasks = 0;
  std::shared_ptr<void> products;  // cuBLAS, once something is multiplied (multiply.cu)

  explicit Stream(int device = 0);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  /// Scratch in device memory of at least `bytes`.
  void* reserve(std::int64_t bytes);
  /// A counter for each of `tasks` tasks, which stay where they are: graphs go on using those that they were captured with.
  int* counters_of(int tasks);
};

inline constexpr int kMostThreads = 256;

// Rows that a block takes through the network together.
template <class Op>
int rows_of(const Op& op) {
  if constexpr (requires { op.block_rows; })
    return op.block_rows;
  else if constexpr (requires { op.tile_envs; })
    return op.tile_envs;
  else
    return kBlockRows;
}

// Threads of a block: one for each register tile of the widest product where there are products, else many. More would
// have nothing to do but to run through every loop and to wait. A rollout, whose steps come one after the other, has more
// where multiprocessors would be idle: smaller tiles make a step shorter.
template <class Op>
int threads_of(const Op& op, bool few_blocks) {
  using Team = CudaTeam<float>;
  if constexpr (requires { op.shape.widest(); }) {
    const int vectors = ceil_div(padded(op.shape.widest()), Team::Vector::lanes);
    int tiles = ceil_div(rows_of(op), Team::tile_rows) * ceil_div(vectors, Team::tile_vectors);
    if constexpr (requires { op.tile_envs; })
      if (few_blocks) tiles = ceil_div(rows_of(op) * vectors, 2);
    return min_of(kMostThreads, round_up(tiles, 32));
  }
  return kMostThreads;
}

// Whether a block is the last that comes to an end among the parts of a task: it sees what the others wrote.
__device__ inline bool is_last_part(int* done, int parts) {
  __shared__ bool last;
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();  // what this block wrote, before it is counted
    last = atomicAdd(done, 1) == parts - 1;
    if (last) atomicExch(done, 0);
    __threadfence();  // the count, before what the others wrote is read
  }
  __syncthreads();
  return last;
}
inline constexpr int kLastPartBytes = 128;  // of static shared memory, with its alignment

// A block does part blockIdx.x of all tasks' parts, with scratch in its shared memory; or parts blockIdx.x, + gridDim.x, …
// with its own piece of `device_scratch`: a kernel for each, so that the compiler knows what is in shared memory.
template <class Op, ScratchIn where>
__global__ void __launch_bounds__(kMostThreads, 1)
    run_operation(Op op, Follower<Op> follower, Precision precision, int* parts_done, int parts, int blocks,
                  char* device_scratch, long scratch_bytes) {
  extern __shared__ __align__(128) char shared_scratch[];
  if (const int* enabled = enabled_of(op); enabled != nullptr && *enabled == 0) return;
  const CudaTeam<float, where> team{precision};
  const auto run_part = [&](int block, Scratch scratch) FN_LAMBDA {
    const int task = block / parts;
    op(team, Place{task, block % parts, task}, scratch);
    if constexpr (kHasFollower<Op>)
      if (follower.out != nullptr && is_last_part(parts_done + task, parts))
        for (int i = 0; i < parts_of(follower); ++i) follower(team, Place{task, i, task}, Scratch());
  };
  if constexpr (where == ScratchIn::shared) {
    run_part(static_cast<int>(blockIdx.x), Scratch(shared_scratch));
  } else {
    for (unsigned block = blockIdx.x; block < static_cast<unsigned>(blocks); block += gridDim.x) {
      if (block != blockIdx.x) team.sync();  // what came before has done with the scratch
      run_part(static_cast<int>(block), Scratch(device_scratch + blockIdx.x * scratch_bytes));
    }
  }
}

template <class Op>
inline constexpr bool kHasScratch = requires(const Op& op) {
  op.template scratch_bytes<CudaTeam<float>>();
};

// With shared scratch, products are known to read and write nothing else. Activations that were kept are elsewhere.
template <class Op>
bool fits_shared(const Stream& stream, const Op& op) {
  if constexpr (requires { op.kept; })
    if (op.kept.data != nullptr) return false;
  return scratch_bytes_of<CudaTeam<float>>(op) + (kHasFollower<Op> ? kLastPartBytes : 0) <=
         stream.max_shared_bytes;
}

// The kernel with its scratch in shared memory, ready to be launched with `bytes` of it.
template <class Op>
auto shared_kernel(std::size_t bytes) {
  const auto kernel = run_operation<Op, ScratchIn::shared>;
  INNERLOOP_CUDA_CHECK(
      cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes)));
  return kernel;
}

// The operation with as many rows a block as keep most threads on a multiprocessor; where that is no matter, kBlockRows.
template <class Op>
Op with_best_rows(const Stream& stream, const Op& op) {
  Op best = op;
  if constexpr (requires { op.block_rows; }) {
    int most = 0;
    for (const int rows : {kBlockRows, 2 * kBlockRows, kBlockRows / 2, kBlockRows / 4}) {
      Op candidate = op;
      candidate.block_rows = rows;
      if (!fits_shared(stream, candidate)) continue;
      const int threads = threads_of(candidate, false);
      const auto bytes = static_cast<std::size_t>(scratch_bytes_of<CudaTeam<float>>(candidate));
      int blocks = 0;
      INNERLOOP_CUDA_CHECK(
          cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, shared_kernel<Op>(bytes), threads, bytes));
      if (blocks * threads <= most) continue;
      most = blocks * threads;
      best = candidate;
    }
  }
  return best;
}

template <class Op>
void launch(Stream& stream, const Op& given, int tasks, const Follower<Op>& follower = {}) {
  const Op op = with_best_rows(stream, given);
  const long bytes = scratch_bytes_of<CudaTeam<float>>(op);
  const int parts = parts_of(op);
  const std::int64_t blocks = static_cast<std::int64_t>(tasks) * parts;
  const int threads = threads_of(op, blocks <= stream.multiprocessors);
  if (blocks <= 0) return;
  if (blocks > 0x7FFFFFFF)
    throw Error("CUDA: wanted at most 2^31 - 1 blocks, found " + std::to_string(blocks));
  int* counters = nullptr;
  if constexpr (kHasFollower<Op>)
    if (follower.out != nullptr) counters = stream.counters_of(tasks);
  if (fits_shared(stream, op)) {
    const auto dynamic = static_cast<std::size_t>(bytes);
    const auto kernel = shared_kernel<Op>(dynamic);
    kernel<<<static_cast<unsigned>(blocks), static_cast<unsigned>(threads), dynamic, stream.handle>>>(
        op, follower, stream.precision, counters, parts, static_cast<int>(blocks), nullptr, bytes);
  } else if constexpr (kHasScratch<Op>) {  // else there is no second kernel to compile
    const auto kernel = run_operation<Op, ScratchIn::device>;
    // As many blocks as run at once, so that many tasks want no more scratch than few.
    int resident = 0;
    INNERLOOP_CUDA_CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&resident, kernel, threads, 0));
    const std::int64_t grid = std::min<std::int64_t>(blocks, std::int64_t{resident} * stream.multiprocessors);
    void* scratch = stream.reserve(grid * bytes);
    kernel<<<static_cast<unsigned>(grid), static_cast<unsigned>(threads), 0, stream.handle>>>(
        op, follower, stream.precision, counters, parts, static_cast<int>(blocks),
        static_cast<char*>(scratch), bytes);
  }
  check(cudaGetLastError(), __PRETTY_FUNCTION__, __FILE__, __LINE__);  // names the operation
}

template <class... Ops>
constexpr Launchers<TypeList<Ops...>> launchers_of(TypeList<Ops...>) {
  return {Launcher<Ops>{&launch<Ops>}...};
}

template <class List>
Launchers<List> launchers() {
  return launchers_of(List{});
}

}  // namespace innerloop::cuda
