#include "engine/rivals/bandit_rules.h"

#include <algorithm>
#include <cmath>

#include "engine/error.h"

namespace innerloop {
namespace {

template <class Score>
int best_arm(int arms, const Score& score) {
  int best = 0;
  double highest = score(0);
  for (int arm = 1; arm < arms; ++arm) {
    const double found = score(arm);
    if (!(found > highest)) continue;
    best = arm;
    highest = found;
  }
  return best;
}

// Pulls what `rule(arms, t, draws)` says; t counts the pulls of the trial, this one too.
template <class Rule>
class BanditLearner : public TrialLearner {
 public:
  BanditLearner(int arms, Rule rule) : arms_(arms), rule_(std::move(rule)) {}

  int act(const Situation&, Draws& draws) override { return rule_(arms_, ++pull_, draws); }
  void learn(const Experience& of) override { arms_.add(of.action, of.reward); }

 private:
  ArmStatistics arms_;
  Rule rule_;
  int pull_ = 0;
};

const Bandit::Options& options_of(const Config& config) {
  return std::get<Bandit::Options>(config.environment);
}

template <class Rule>
LearnerOfTrial learners(const Config& config, Rule rule) {
  return [arms = options_of(config).arms, rule](const std::vector<float>&) {
    return std::make_unique<BanditLearner<Rule>>(arms, rule);
  };
}

void check_bernoulli(const Config& config, const std::string& name) {
  if (options_of(config).reward != Bandit::Reward::bernoulli)
    throw InputError("/environment/reward: wanted \"bernoulli\" with --baseline " + name +
                     ", which counts successes, found \"gaussian\"");
}

LearnerOfTrial prepare_oracle(const Config& config) {
  return [arms = options_of(config).arms](const std::vector<float>& task) {
    const int best = best_arm(arms, [&](int arm) { return task[static_cast<std::size_t>(arm)]; });
    const auto rule = [best](const ArmStatistics&, int, Draws&) { return best; };
    return std::make_unique<BanditLearner<decltype(rule)>>(arms, rule);
  };
}

LearnerOfTrial prepare_thompson(const Config& config) {
  check_bernoulli(config, "thompson");
  return learners(config,
                  [](const ArmStatistics& arms, int, Draws& draws) { return thompson_arm(arms, draws); });
}

LearnerOfTrial prepare_ucb1(const Config& config) {
  return learners(config,
                  [](const ArmStatistics& arms, int t, Draws&) { return ucb1_arm(arms, t, kUcb1Constant); });
}

LearnerOfTrial prepare_epsilon_greedy(const Config& config) {
  return learners(config, [](const ArmStatistics& arms, int, Draws& draws) {
    return epsilon_greedy_arm(arms, kEpsilon, draws);
  });
}

LearnerOfTrial prepare_greedy(const Config& config) {
  return learners(config, [](const ArmStatistics& arms, int, Draws&) { return greedy_arm(arms); });
}

LearnerOfTrial prepare_gittins(const Config& config) {
  check_bernoulli(config, "gittins");
  constexpr int kMostPulls = 2000;
  const int pulls = trial_length(config);
  if (pulls > kMostPulls)
    throw InputError("/algorithm/trial_length: wanted at most " + std::to_string(kMostPulls) +
                     " with --baseline gittins, which keeps a table of its square, found " +
                     std::to_string(pulls));
  const auto table = std::make_shared<const GittinsTable>(kGittinsDiscount, pulls);
  return learners(config,
                  [table](const ArmStatistics& arms, int, Draws&) { return gittins_arm(arms, *table); });
}

}  // namespace

int greedy_arm(const ArmStatistics& arms) {
  return best_arm(arms.arms(), [&](int arm) { return arms.mean(arm); });
}

int epsilon_greedy_arm(const ArmStatistics& arms, double epsilon, Draws& draws) {
  return draws.uniform() < epsilon ? draws.below(arms.arms()) : greedy_arm(arms);
}

int ucb1_arm(const ArmStatistics& arms, int t, double c) {
  const double twice_log = 2 * same_log(t);
  return best_arm(arms.arms(),
                  [&](int arm) { return arms.mean(arm) + c * std::sqrt(twice_log / arms.pulls(arm)); });
}

int thompson_arm(const ArmStatistics& arms, Draws& draws) {
  return best_arm(arms.arms(),
                  [&](int arm) { return draws.beta(arms.successes(arm) + 1, arms.failures(arm) + 1); });
}

int gittins_arm(const ArmStatistics& arms, const GittinsTable& table) {
  return best_arm(arms.arms(), [&](int arm) { return table.index(arms.successes(arm), arms.failures(arm)); });
}

std::vector<Rival> bandit_rivals() {
  return {{"oracle", prepare_oracle}, {"thompson", prepare_thompson},
          {"ucb1", prepare_ucb1},     {"epsilon_greedy", prepare_epsilon_greedy},
          {"greedy", prepare_greedy}, {"gittins", prepare_gittins}};
}

}  // namespace innerloop
