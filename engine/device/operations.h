// Every operation that a device can be asked for, and how a host processor runs it.
//
// An operation is a struct of plain data (shapes, pointers, numbers) with parts(), scratch_bytes<Team>() and a call
// operator over the team. The lists here are compiled once for each instruction set (engine/device/simd/) and for CUDA
// (engine/device/cuda/); only what depends on the environment is instantiated for each of them.
#pragma once

#include "envs/registry.h"
#include "kernels/environment/draw_tasks.h"
#include "kernels/inner/advantages.h"
#include "kernels/inner/apply_gradient.h"
#include "kernels/inner/curvature.h"
#include "kernels/inner/dice.h"
#include "kernels/inner/policy_gradient.h"
#include "kernels/inner/rollout.h"
#include "kernels/inner/step_multipliers.h"
#include "kernels/inner/step_size.h"
#include "kernels/inner/value_network.h"
#include "kernels/memories/layered.h"
#include "kernels/memories/registry.h"
#include "kernels/options/type_list.h"
#include "kernels/outer/credit.h"
#include "kernels/outer/kl_penalty.h"
#include "kernels/outer/optimisers.h"
#include "kernels/outer/reduce.h"
#include "kernels/outer/set_key.h"
#include "kernels/products/fma_peak.h"
#include "kernels/products/matrix_product.h"
#include "kernels/trials/advantages.h"
#include "kernels/trials/gradient.h"
#include "kernels/trials/rollout.h"
#include "kernels/trials/seeds.h"
#include "kernels/trials/shuffle.h"
#include "kernels/trials/step.h"
#include "kernels/trials/updates.h"

namespace innerloop {

template <class T>
using PolicyOperations =
    TypeList<SetKey<T>, Advantages<T>, PolicyGradient<T>, HessianVector<T>, FisherVector<T>,
             TangentLogProb<T>, DiceCurvature<T>, ApplyGradient<T>, SumOverTasks<T>, AdaptationCredit<T>,
             MeanValues<T>, OuterStep<T>, ConjugateGradient<T>, LineSearch<T>, AdaptPenalties<T>,
             SetStepSizes<T>, StepSizeGradient<T>, StepSizeTangent<T>, MultiplyStep<T>, MultiplyStepBack<T>,
             MultiplyStepTangent<T>, ValueTargets<T>, ValuesOfSamples<T>, FmaPeak<T>>;

template <class T, class List>
struct MemoryOperationsOf;
template <class T, class... Memories>
struct MemoryOperationsOf<T, TypeList<Memories...>> {
  using Gradients = TypeList<TrialGradient<T, Memories>...>;
  template <class Env>
  using Play = TypeList<TrialRollout<T, Env, Memories>...>;
};
template <class T, class List>
struct WideOperationsOf;
template <class T, class... Memories>
struct WideOperationsOf<T, TypeList<Memories...>> {
  using type = TypeList<WideMemory<T, Memories>..., TrialSeeds<T>, FillMemory<T>>;
};

template <class T, class List>
struct EnvironmentOperationsOf;
template <class T, class... Envs>
struct EnvironmentOperationsOf<T, TypeList<Envs...>> {
  using Draw = TypeList<DrawTasks<T, Envs>...>;
  using Play = TypeList<Rollout<T, Envs>...>;
  using PlayTrials = Joined<typename MemoryOperationsOf<T, Memories>::template Play<Envs>...>;
  using StepTrials = TypeList<TrialStep<T, Envs>...>;
};
template <class T>
using DrawOperations = typename EnvironmentOperationsOf<T, Environments>::Draw;
template <class T>
using RolloutOperations = typename EnvironmentOperationsOf<T, Environments>::Play;
// Of policies that play trials, beside their rollouts.
template <class T>
using TrialPasses = Joined<TypeList<TrialAdvantages<T>, EpisodeReturns<T>, ShuffleTrials<T>, TrialUpdates<T>>,
                           typename MemoryOperationsOf<T, Memories>::Gradients>;
// Of memories too wide for one team.
template <class T>
using WideOperations = Joined<typename WideOperationsOf<T, WideMemories>::type,
                              typename EnvironmentOperationsOf<T, Environments>::StepTrials>;
template <class T>
using TrialOperations =
    Joined<TrialPasses<T>, typename EnvironmentOperationsOf<T, Environments>::PlayTrials, WideOperations<T>>;
// A GPU has a library for products.
template <class T>
using HostTrialOperations = Joined<TypeList<MatrixProduct<T>>, TrialOperations<T>>;

// What follows an operation task by task, once all parts of a task are done; where the operation is not enabled, nothing
// does. A GPU does both in one launch.
struct Nothing {};
template <class Op>
struct FollowerOf {
  using type = Nothing;
};
template <class T>
struct FollowerOf<PolicyGradient<T>> {
  using type = ApplyGradient<T>;
};
template <class T, CurvatureKind Kind>
struct FollowerOf<CurvatureVector<T, Kind>> {
  using type = ApplyGradient<T>;
};
template <class Op>
using Follower = typename FollowerOf<Op>::type;
template <class Op>
inline constexpr bool kHasFollower = !std::is_same_v<Follower<Op>, Nothing>;

// How one kind of team runs one kind of operation.
template <class Op>
struct HostKernel {
  void (*run)(const Op&, const Place&, void* scratch);
  long (*scratch_bytes)(const Op&);
};
template <class List>
struct HostKernels;
template <class... Ops>
struct HostKernels<TypeList<Ops...>> : HostKernel<Ops>... {};

template <class Team, class Op>
void run_on_team(const Op& op, const Place& place, void* scratch) {
  op(Team{}, place, Scratch(scratch));
}
template <class Team, class Op>
long scratch_on_team(const Op& op) {
  return op.template scratch_bytes<Team>();
}
template <class Team, class... Ops>
constexpr HostKernels<TypeList<Ops...>> host_kernels_of(TypeList<Ops...>) {
  return {HostKernel<Ops>{&run_on_team<Team, Ops>, &scratch_on_team<Team, Ops>}...};
}

// The kernels of an instruction set, defined in engine/device/simd/.
template <class Isa>
const HostKernels<PolicyOperations<float>>& policy_kernels();
template <class Isa>
const HostKernels<DrawOperations<float>>& draw_kernels();
template <class Isa>
const HostKernels<RolloutOperations<float>>& rollout_kernels();
template <class Isa>
const HostKernels<HostTrialOperations<float>>& trial_kernels();

}  // namespace innerloop
