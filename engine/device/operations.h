// Every operation that a device can be asked for, in lists that are compiled one by one: for each instruction set of the
// host, and for CUDA. One more environment or memory is one more list.
#pragma once

#include "engine/device/operations/actions.h"
#include "engine/device/operations/critic.h"
#include "engine/device/operations/environment.h"
#include "engine/device/operations/host.h"
#include "engine/device/operations/memory.h"
#include "engine/device/operations/policy.h"
#include "engine/device/operations/trial.h"
#include "envs/registry.h"
#include "kernels/memories/registry.h"

namespace innerloop {

template <class EnvironmentList, class MemoryList>
struct OperationListsOf;
template <class... Envs, class... Memories>
struct OperationListsOf<TypeList<Envs...>, TypeList<Memories...>> {
  using type = TypeList<PolicyOperations<float>, ActionOperations<float>, TrialOperations<float>,
                        CriticOperations<float>, MemoryOperations<float, Memories>...,
                        EnvironmentOperations<float, Envs>...>;
};
/// Lists of operations.
using OperationLists = typename OperationListsOf<Environments, MemoryTypes>::type;
using HostOperationLists = Joined<OperationLists, TypeList<HostOnlyOperations<float>>>;

template <class Lists>
struct Flattened;
template <class... Lists>
struct Flattened<TypeList<Lists...>> {
  using type = Joined<Lists...>;
};
/// All of them in one list.
using Operations = typename Flattened<OperationLists>::type;
using HostOperations = typename Flattened<HostOperationLists>::type;

}  // namespace innerloop
