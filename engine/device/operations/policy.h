// The operations of inner and outer steps. None of them knows an environment or a memory.
#pragma once

#include "kernels/environment/draw_tasks.h"
#include "kernels/inner/advantages.h"
#include "kernels/inner/apply_gradient.h"
#include "kernels/inner/curvature.h"
#include "kernels/inner/dice.h"
#include "kernels/inner/policy_gradient.h"
#include "kernels/inner/step_multipliers.h"
#include "kernels/inner/step_size.h"
#include "kernels/inner/value_network.h"
#include "kernels/options/type_list.h"
#include "kernels/outer/credit.h"
#include "kernels/outer/kl_penalty.h"
#include "kernels/outer/optimisers.h"
#include "kernels/outer/reduce.h"
#include "kernels/outer/set_key.h"
#include "kernels/products/fma_peak.h"

namespace innerloop {

template <class T>
using PolicyOperations =
    TypeList<SetKey<T>, DrawGivenTasks<T>, Advantages<T>, PolicyGradient<T>, HessianVector<T>,
             FisherVector<T>, TangentLogProb<T>, DiceCurvature<T>, ApplyGradient<T>, SumOverTasks<T>,
             AdaptationCredit<T>, MeanValues<T>, OuterStep<T>, StartConjugateGradient<T>,
             ConjugateGradientStep<T>, StartLineSearch<T>, LineSearchCandidate<T>, LineSearchDecision<T>,
             AdaptPenalties<T>, SetStepSizes<T>, StepSizeGradient<T>, StepSizeTangent<T>, MultiplyStep<T>,
             MultiplyStepBack<T>, MultiplyStepTangent<T>, ValueTargets<T>, ValueGradient<T>,
             ValuesOfSamples<T>, FmaPeak<T>>;

}  // namespace innerloop
