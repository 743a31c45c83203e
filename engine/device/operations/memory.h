// The operations of one memory.
#pragma once

#include <type_traits>

#include "kernels/memories/layered.h"
#include "kernels/options/type_list.h"
#include "kernels/trials/gradient.h"

namespace innerloop {

template <class T, class Memory>
using MemoryOperations =
    Joined<TypeList<TrialGradient<T, Memory>>,
           std::conditional_t<kContains<WideMemories, Memory>, TypeList<WideMemory<T, Memory>>, TypeList<>>>;

}  // namespace innerloop
