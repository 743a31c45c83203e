// How functions are marked so that one source serves a CPU vector unit and a CUDA device.
#pragma once

#if defined(__CUDACC__)
#define FN __host__ __device__ __forceinline__  // small function, callable everywhere
// All threads of a team run it. It is inlined, since nvcc passes structs by memory and its calls take registers from the
// caller.
#define TEAM_FN __device__ __forceinline__
#define TEAM_CALL __device__ __noinline__  // the same, where the call costs less than its many copies
#define HOST_CALL FN                       // a call on a processor alone, where several kernels share it
#define UNROLL _Pragma("unroll")
#define UNROLL_ON_DEVICE \
  UNROLL  // where a loop indexes constants, which a GPU would keep in its slow local memory
#define ROLLED _Pragma("unroll 1")  // a short loop in many places, which nvcc would unroll in each
#else
// It is inlined without exception: the same source is compiled for several instruction sets into one binary, and the linker
// could share an out-of-line copy between them.
#define FN __attribute__((always_inline)) inline
#define TEAM_FN __attribute__((noinline))  // a template over the team, whose type carries the instruction set
#define TEAM_CALL TEAM_FN
#define HOST_CALL TEAM_FN
#define UNROLL _Pragma("GCC unroll 64")
#define UNROLL_ON_DEVICE
#define ROLLED
#endif

#define FN_LAMBDA __attribute__((always_inline))  // [&](int i) FN_LAMBDA { … }
