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

namespace memory_operations_detail {
template <class T, class List>
struct OfParts;
template <class T, class... Rows, class... Trials>
struct OfParts<T, TypeList<TypeList<Rows...>, TypeList<Trials...>>> {
  using type = TypeList<OfRows<T, Rows>..., OfTrials<T, Trials>...>;
};

// What goes between the products of a memory that can be wide.
template <class T, class Memory>
struct Wide {
  using type = TypeList<>;
};
template <class T, class Memory>
requires kNamesProducts<Memory>
struct Wide<T, Memory> {
  using type = TypeList<StoreMemory<T, Memory>, WideMemory<T, Memory>>;
};
template <class T, class Memory>
requires kMakesPasses<Memory>
struct Wide<T, Memory> {
  using Parts = TypeList<typename Memory::template RowParts<T>, typename Memory::template TrialParts<T>>;
  using type = Joined<TypeList<StoreMemory<T, Memory>>, typename OfParts<T, Parts>::type>;
};
}  // namespace memory_operations_detail

template <class T, class Memory>
using MemoryOperations =
    Joined<TypeList<TrialGradient<T, Memory>, LoadMemory<T, Memory>, StepMemory<T, Memory>>,
           typename memory_operations_detail::Wide<T, Memory>::type,
           std::conditional_t<
               std::is_same_v<Memory, Belief>,
               TypeList<StoreTrials<T>, DrawBeliefBatch<T>, BeliefGradient<T>, TrialBeliefs<T>>, TypeList<>>>;

}  // namespace innerloop
