// The operations on played trials that know neither an environment nor a memory.
#pragma once

#include "kernels/memories/inputs.h"
#include "kernels/memories/layered.h"
#include "kernels/options/type_list.h"
#include "kernels/trials/advantages.h"
#include "kernels/trials/carry.h"
#include "kernels/trials/prompts.h"
#include "kernels/trials/samples.h"
#include "kernels/trials/seeds.h"
#include "kernels/trials/shuffle.h"
#include "kernels/trials/update_gate.h"

namespace innerloop {

template <class T>
using TrialOperations = TypeList<TrialAdvantages<T>, EpisodeReturns<T>, CarryEpisodes<T>, FinishedReturns<T>,
                                 ShuffleTrials<T>, GatherSamples<T>, TaskAdvantages<T>, AdaptPrompts<T>,
                                 StartUpdates<T>, DecideUpdate<T>, AverageUpdates<T>, TrialSeeds<T>,
                                 LoadHeads<T>, FillMemory<T>, GatherInputs<T>, AddEmbeddingGradient<T>>;

}  // namespace innerloop
