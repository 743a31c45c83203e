// Hand-written learners of tabular decision processes, as Duan et al. 2016 (RL²) compare theirs with.
#pragma once

#include <vector>

#include "engine/rivals/draws.h"
#include "engine/rivals/finite_mdp.h"
#include "engine/rivals/learner.h"

namespace innerloop {

/// What is known of a process. Priors: each transition row ~ Dirichlet(1, …, 1), as `tabular_mdp` draws it, and each mean
/// reward ~ N(0, 1), paid with normal noise of standard deviation 1. The means are drawn from N(1, 1); but the values of the
/// paper are those of N(0, 1), the default of the agents by Osband (github.com/iosband/TabulaRL): PSRL's 138.1 becomes
/// 133.7 where the prior's mean is 1, since more is then hoped of what has not been tried.
class MdpPosterior {
 public:
  MdpPosterior(int states, int actions);

  void add(const Experience& of);
  /// One process out of the posterior.
  FiniteMdp sample(Draws& draws) const;

  /// The posterior of a state and an action: the transition row's Dirichlet parameter for `next`, and the mean reward's.
  double concentration(int state, int action, int next) const {
    return concentration_[pair(state, action) * states_ + static_cast<std::size_t>(next)];
  }
  double reward_mean(int state, int action) const {
    return reward_sum_[pair(state, action)] / precision_[pair(state, action)];
  }
  double reward_variance(int state, int action) const { return 1 / precision_[pair(state, action)]; }

 private:
  std::size_t pair(int state, int action) const {
    return static_cast<std::size_t>(state) * actions_ + static_cast<std::size_t>(action);
  }

  std::size_t states_, actions_;
  std::vector<double> concentration_;  // [pair][next]
  std::vector<double> reward_sum_;     // [pair]  the prior counts as one reward of 0
  std::vector<double> precision_;      // [pair]
};

/// OPSRL's samples. More of them change little: 5 bring 142.4, 20 142.8 (± 1.4).
inline constexpr int kOptimisticSamples = 5;

/// oracle: the best policy of the known process, by backward induction. psrl (Strens 2000; Osband, Russo and Van Roy
/// 2013): before each episode a process is drawn from the posterior, and its best policy followed. opsrl: several are
/// drawn, and an action counts what it is worth in the process where that is most (the optimistic PSRL of TabulaRL).
std::vector<Rival> tabular_mdp_rivals();

}  // namespace innerloop
