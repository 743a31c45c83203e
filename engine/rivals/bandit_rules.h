// Hand-written learners of bandits, as Duan et al. 2016 (RL²) compare theirs with. Of equals the first arm is pulled.
#pragma once

#include <vector>

#include "engine/rivals/draws.h"
#include "engine/rivals/gittins.h"
#include "engine/rivals/learner.h"

namespace innerloop {

/// What the pulls of each arm brought. An arm starts with one success and one failure.
class ArmStatistics {
 public:
  explicit ArmStatistics(int arms)
      : sum_(static_cast<std::size_t>(arms), 1.0), pulls_(static_cast<std::size_t>(arms), 2) {}

  int arms() const { return static_cast<int>(sum_.size()); }
  void add(int arm, double reward) {
    sum_[static_cast<std::size_t>(arm)] += reward;
    ++pulls_[static_cast<std::size_t>(arm)];
  }
  /// The two pulls that it starts with among them.
  int pulls(int arm) const { return pulls_[static_cast<std::size_t>(arm)]; }
  double mean(int arm) const { return sum_[static_cast<std::size_t>(arm)] / pulls(arm); }
  /// How often a Bernoulli arm paid and did not, both 1 at first.
  int successes(int arm) const { return static_cast<int>(sum_[static_cast<std::size_t>(arm)]); }
  int failures(int arm) const { return pulls(arm) - successes(arm); }

 private:
  std::vector<double> sum_;
  std::vector<int> pulls_;
};

/// Greedy: the arm of the best mean so far.
int greedy_arm(const ArmStatistics& arms);

/// ε-greedy: any arm with probability ε, else the greedy one.
int epsilon_greedy_arm(const ArmStatistics& arms, double epsilon, Draws& draws);

/// UCB1 (Auer, Cesa-Bianchi and Fischer 2002) with a constant that scales the bound (Audibert and Munos 2011): the largest
/// mean_i + c √(2 log t / T_i), where T_i counts the arm's pulls and `t`, from 1, is the trial's pull to be made.
int ucb1_arm(const ArmStatistics& arms, int t, double c);

/// Thompson 1933: the best arm of a sample of the posterior, where the success and the failure that an arm starts with come
/// on top of a uniform prior: Beta(2, 2). It is this prior that gives the values of Duan et al.; with Beta(1, 1), 10 pulls of
/// 5 arms bring 5.83 in place of 5.70.
int thompson_arm(const ArmStatistics& arms, Draws& draws);

/// Gittins 1979: the arm of the largest index, from a Beta(1, 1) prior.
int gittins_arm(const ArmStatistics& arms, const GittinsTable& table);

/// UCB1's constant, and ε: of those that were tried, the ones with which the values of Duan et al. come out.
inline constexpr double kUcb1Constant = 0.15;
inline constexpr double kEpsilon = 0.01;
/// The discount that Gittins' indices are for.
inline constexpr double kGittinsDiscount = 0.99;

/// oracle (pulls the best arm), thompson, ucb1, epsilon_greedy, greedy, gittins.
std::vector<Rival> bandit_rivals();

}  // namespace innerloop
