// The operations of one memory.
#pragma once

#include <type_traits>

#include "kernels/beliefs/elbo.h"
#include "kernels/beliefs/trial_beliefs.h"
#include "kernels/memories/layered.h"
#include "kernels/memories/step.h"
#include "kernels/options/type_list.h"
#include "kernels/trials/gradient.h"
#include "kernels/trials/whole_gradient.h"

namespace innerloop {

template <class T, class Memory>
using MemoryOperations =
    Joined<TypeList<TrialGradient<T, Memory>, LoadMemory<T, Memory>, StepMemory<T, Memory>>,
           std::conditional_t<kNamesProducts<Memory>, TypeList<WideMemory<T, Memory>>, TypeList<>>,
           std::conditional_t<
               std::is_same_v<Memory, Belief>,
               TypeList<StoreTrials<T>, DrawBeliefBatch<T>, BeliefGradient<T>, TrialBeliefs<T>>, TypeList<>>>;

}  // namespace innerloop
