// The operations of one environment.
#pragma once

#include "kernels/environment/draw_tasks.h"
#include "kernels/inner/rollout.h"
#include "kernels/memories/registry.h"
#include "kernels/options/type_list.h"
#include "kernels/trials/rollout.h"
#include "kernels/trials/step.h"

namespace innerloop {

template <class T, class Env, class List>
struct TrialRolloutsOf;
template <class T, class Env, class... Memories>
struct TrialRolloutsOf<T, Env, TypeList<Memories...>> {
  using type = TypeList<TrialRollout<T, Env, Memories>...>;
};

template <class T, class Env>
using EnvironmentOperations = Joined<TypeList<DrawTasks<T, Env>, Rollout<T, Env>, TrialStep<T, Env>>,
                                     typename TrialRolloutsOf<T, Env, Memories>::type>;

}  // namespace innerloop
