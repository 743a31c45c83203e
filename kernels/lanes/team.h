// A team: the threads that work together on one tile of the problem. It is a CUDA block, or one CPU thread.
//
// Team functions know only two verbs: `for (i = team.rank(); i < n; i += team.size())` and `team.sync()`. Nothing a
// thread keeps in local variables is expected by another after a sync, and no sum's order depends on the team's size:
// so every team computes the same bits, products in less than float32 aside.
#pragma once

#include "kernels/lanes/fn.h"
#include "kernels/lanes/pack.h"
#include "kernels/options/choices.h"

namespace innerloop {

// Instruction sets of host processors: the bytes of a vector register, and the register tile of the matrix products
// (rows × vectors accumulators, beside them one row of vectors and one broadcast number).
struct Portable {
  static constexpr int bytes = 16, tile_rows = 2, tile_vectors = 2;
  static constexpr const char* name = "portable";
};
struct Avx2 {
  static constexpr int bytes = 32, tile_rows = 6, tile_vectors = 2;
  static constexpr const char* name = "avx2";
};
struct Avx512 {
  static constexpr int bytes = 64, tile_rows = 6, tile_vectors = 4;
  static constexpr const char* name = "avx512";
};

// One CPU thread whose vector registers do the work.
template <class Isa, class T = float>
struct SimdTeam {
  using Scalar = T;
  using Lane = Pack<T, Isa::bytes / static_cast<int>(sizeof(T))>;  // rows or environments side by side
  using Vector = Lane;                                             // columns of a matrix side by side
  static constexpr int tile_rows = Isa::tile_rows, tile_vectors = Isa::tile_vectors;
  static constexpr bool exact_tiles = true;     // a code path for each size of a remaining tile
  static constexpr bool loads_by_four = false;  // products take A's numbers in vectors of four
  static constexpr bool keeps = true;           // activations may have been kept, outside of scratch memory
  static constexpr bool copies = false;     // weights from memory to scratch memory, where products want them
  static constexpr bool has_warps = false;  // neighbours hand each other numbers

  FN int rank() const { return 0; }
  FN int size() const { return 1; }
  FN void sync() const {}
  // The same address, known to be of scratch memory.
  template <class P>
  FN static P* in_scratch(P* p) {
    return p;
  }
};

#if defined(__CUDACC__)
enum class ScratchIn { shared, device };

// A block of CUDA threads, and the memory that its scratch is in.
template <class T = float, ScratchIn where = ScratchIn::device>
struct CudaTeam {
  using Scalar = T;
  using Lane = Pack<T, 1>;
  using Vector = Pack<T, 4>;
  static constexpr int tile_rows = 4, tile_vectors = 2;
  static constexpr bool exact_tiles = false, loads_by_four = true, keeps = where == ScratchIn::device,
                        copies = where == ScratchIn::shared, has_warps = true;

  Precision precision = Precision::float32;  // of products

  __device__ int rank() const { return static_cast<int>(threadIdx.x); }
  __device__ int size() const { return static_cast<int>(blockDim.x); }
  __device__ void sync() const { __syncthreads(); }
  // Through structs of pointers the compiler loses sight of where they point; once told, it loads the shorter way.
  template <class P>
  __device__ static P* in_scratch(P* p) {
    if constexpr (where == ScratchIn::shared) __builtin_assume(__isShared(p));
    return p;
  }
};
#endif

// The team, for numbers that may lie anywhere in memory, whatever its scratch memory is: products take theirs from the latter.
template <class Team>
FN Team anywhere(const Team& team) {
  return team;
}
#if defined(__CUDACC__)
template <class T, ScratchIn where>
__device__ __forceinline__ CudaTeam<T> anywhere(const CudaTeam<T, where>& team) {
  return {team.precision};
}
#endif

// Hides how a pointer was computed. Otherwise nvcc keeps every operand of the address in registers and splits vector stores.
template <class T>
FN T* opaque(T* p) {
#if defined(__CUDA_ARCH__)
  asm("" : "+l"(p));
#endif
  return p;
}
// store_aligned() to a team's scratch memory.
template <class Team, class P>
FN void store_in_scratch(typename P::value_type* to, P p) {
  store_aligned(Team::in_scratch(opaque(to)), p);
}

// Where a team is in the problem.
struct Place {
  int task;  // 0 … tasks−1
  int part;  // which of the task's parts, 0 … parts−1
  int slot;  // which set of kept activations is this team's own
};

// Scratch memory of a team, handed out from the front. Without memory it only counts.
class Scratch {
 public:
  static constexpr long alignment = 64;

  Scratch() = default;
  FN explicit Scratch(void* memory) : memory_(static_cast<char*>(memory)) {}

  // Room for `count` numbers, aligned to 64 bytes, not initialised.
  template <class T>
  FN T* take(long count) {
    char* at = memory_ + used_;
    used_ += (count * static_cast<long>(sizeof(T)) + alignment - 1) / alignment * alignment;
    return reinterpret_cast<T*>(at);
  }
  FN long used() const { return used_; }

 private:
  char* memory_ = nullptr;
  long used_ = 0;
};

// What Buffers::take<Team>(scratch, what…) hands out, itself kept at the front of the scratch memory: dozens of pointers are
// more than a GPU's threads have registers for, and working them out anew takes longer than reading them. They must not point
// to `what`, of which every thread has its own. Syncs.
template <class Buffers, class Team, class... What>
TEAM_FN const Buffers& placed(const Team& team, Scratch scratch, const What&... what) {
  Buffers* const at = scratch.take<Buffers>(1);
  if (team.rank() == 0) *at = Buffers::template take<Team>(scratch, what...);
  team.sync();
  return *at;
}
template <class Buffers, class Team, class... What>
FN long placed_bytes(const What&... what) {
  Scratch scratch;
  scratch.take<Buffers>(1);
  Buffers::template take<Team>(scratch, what...);
  return scratch.used();
}

FN constexpr int ceil_div(int a, int b) { return (a + b - 1) / b; }
// a / b for 0 <= a < 2²¹ and 0 < b < 2²¹. A GPU divides integers in twenty instructions or more; through a reciprocal it
// takes six: (a + ½)/b is 1/(2b) or more from the next integer, and the reciprocal's error less than that.
FN int quotient(int a, int b) {
#if defined(__CUDA_ARCH__)
  float reciprocal;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(reciprocal) : "f"(static_cast<float>(b)));
  return static_cast<int>((static_cast<float>(a) + 0.5f) * reciprocal);
#else
  return a / b;
#endif
}
FN constexpr int min_of(int a, int b) { return a < b ? a : b; }
FN constexpr int round_up(int a, int b) { return ceil_div(a, b) * b; }
// Rows of a matrix in scratch memory start at multiples of 16 numbers: one AVX-512 register of floats.
FN constexpr int padded(int columns) { return round_up(columns, 16); }

}  // namespace innerloop
