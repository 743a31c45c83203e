// The operations of each kind of action that an environment takes.
#pragma once

#include "envs/registry.h"
#include "kernels/inner/choose_actions.h"
#include "kernels/options/type_list.h"

namespace innerloop {

template <class T, class EnvironmentList>
struct ActionOperationsOf;
template <class T, class... Envs>
struct ActionOperationsOf<T, TypeList<Envs...>> {
  using type = Distinct<ChooseActions<T, typename Envs::Action>...>;
};
template <class T>
using ActionOperations = typename ActionOperationsOf<T, Environments>::type;

}  // namespace innerloop
