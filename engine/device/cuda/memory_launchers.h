// The operations of one memory, in a file for each: these kernels take the longest to compile, and files compile side by
// side.
#pragma once

#include "engine/device/cuda/stream.h"

namespace innerloop::cuda {

template <class Memory, class Environments>
struct OperationsOfMemory;
template <class Memory, class... Envs>
struct OperationsOfMemory<Memory, TypeList<Envs...>> {
  using type = TypeList<TrialGradient<float, Memory>, TrialRollout<float, Envs, Memory>...>;
};
template <class Memory>
using MemoryOperations = typename OperationsOfMemory<Memory, Environments>::type;

template <class Memory>
Launchers<MemoryOperations<Memory>> memory_launchers();
template <>
Launchers<MemoryOperations<Gru>> memory_launchers<Gru>();
template <>
Launchers<MemoryOperations<Lstm>> memory_launchers<Lstm>();
template <>
Launchers<MemoryOperations<Feedforward>> memory_launchers<Feedforward>();

}  // namespace innerloop::cuda
