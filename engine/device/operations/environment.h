// The operations of one environment.
#pragma once

#include "kernels/environment/draw_tasks.h"
#include "kernels/environment/step_environments.h"
#include "kernels/inner/rollout.h"
#include "kernels/options/type_list.h"
#include "kernels/trials/step.h"

namespace innerloop {

template <class T, class Env>
using EnvironmentOperations =
    TypeList<DrawTasks<T, Env>, Rollout<T, Env>, TrialStep<T, Env>, StepEnvironments<T, Env>>;

}  // namespace innerloop
