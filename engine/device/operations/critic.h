// The operations of soft actor-critic, and of beliefs about tasks that it acts on.
#pragma once

#include "kernels/critics/act.h"
#include "kernels/critics/context.h"
#include "kernels/critics/infer.h"
#include "kernels/critics/replay.h"
#include "kernels/critics/soft_actor_critic.h"
#include "kernels/critics/task_belief.h"
#include "kernels/options/type_list.h"

namespace innerloop {

template <class T>
using CriticOperations =
    TypeList<IdentityHeads<T>, ActSoftly<T>, StoreSteps<T>, DrawReplay<T>, CriticGradient<T>,
             ActorGradient<T>, TrackTarget<T>, DrawContexts<T>, ChooseTasks<T>, ShowRewards<T>,
             EncodeContext<T>, FormBeliefs<T>, InferTask<T>>;

}  // namespace innerloop
