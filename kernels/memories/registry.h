// The memories that there are.
#pragma once

#include "kernels/memories/feedforward.h"
#include "kernels/memories/gru.h"
#include "kernels/memories/lstm.h"
#include "kernels/memories/policy.h"
#include "kernels/options/type_list.h"

namespace innerloop {

using Memories = TypeList<Gru, Lstm, Feedforward>;

// Calls f.operator()<Memory>() for the memory of a kind.
template <class F>
void with_memory(MemoryKind kind, const F& f) {
  if (kind == MemoryKind::gru) f.template operator()<Gru>();
  if (kind == MemoryKind::lstm) f.template operator()<Lstm>();
  if (kind == MemoryKind::feedforward) f.template operator()<Feedforward>();
}

// How many of the flat parameter vector are the memory's: they stand before the heads'.
inline int memory_parameters(const MemoryPolicyShape& shape) {
  int count = 0;
  with_memory(shape.memory.kind, [&]<class Memory>() { count = shape.memory_parameters<Memory>(); });
  return count;
}
// Numbers that a row's state takes.
inline int memory_state_size(const MemoryShape& shape) {
  int size = 0;
  with_memory(shape.kind, [&]<class Memory>() { size = Memory::state_size(shape); });
  return size;
}

}  // namespace innerloop
