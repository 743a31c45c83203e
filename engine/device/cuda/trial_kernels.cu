// The operations on trials for CUDA: those of no memory, and all together.
#include "engine/device/cuda/memory_launchers.h"

namespace innerloop::cuda {
namespace {

using Passes =
    Joined<TypeList<TrialAdvantages<float>, EpisodeReturns<float>, ShuffleTrials<float>, TrialUpdates<float>>,
           WideOperations<float>>;

template <class... Ops>
void put(Launchers<TrialOperations<float>>& all, const Launchers<TypeList<Ops...>>& some) {
  ((static_cast<Launcher<Ops>&>(all) = some), ...);
}

template <class... OfMemories>
Launchers<TrialOperations<float>> launchers_with(TypeList<OfMemories...>) {
  static_assert(Passes::size + (MemoryOperations<OfMemories>::size + ...) == TrialOperations<float>::size);
  Launchers<TrialOperations<float>> all;
  put(all, launchers_of(Passes{}));
  (put(all, memory_launchers<OfMemories>()), ...);
  return all;
}

}  // namespace

const Launchers<TrialOperations<float>>& trial_launchers() {
  static const Launchers<TrialOperations<float>> launchers = launchers_with(Memories{});
  return launchers;
}

}  // namespace innerloop::cuda
