#include "engine/rivals/mdp_rules.h"

#include <cmath>

namespace innerloop {
namespace {

const TabularMdp::Options& mdp_options(const Config& config) {
  return std::get<TabularMdp::Options>(config.environment);
}

// A task's numbers are the transitions and, behind them, the rewards.
FiniteMdp known_mdp(const TabularMdp::Options& options, const std::vector<float>& task) {
  const std::ptrdiff_t rewards = std::ptrdiff_t{options.states} * options.actions * options.states;
  return {options.states,
          options.actions,
          {task.begin(), task.begin() + rewards},
          {task.begin() + rewards, task.end()}};
}

class ValueFollower : public TrialLearner {
 public:
  explicit ValueFollower(ActionValues values = {}) : values_(std::move(values)) {}
  int act(const Situation& now, Draws&) override { return values_.best(now.step, now.state); }

 protected:
  ActionValues values_;
};

// PSRL, and with more than one sample OPSRL.
class PosteriorSampling : public ValueFollower {
 public:
  PosteriorSampling(const TabularMdp::Options& options, int horizon, int samples)
      : posterior_(options.states, options.actions), horizon_(horizon), samples_(samples) {}

  void begin_episode(Draws& draws) override {
    values_ = action_values(posterior_.sample(draws), horizon_);
    for (int i = 1; i < samples_; ++i) values_.raise_to(action_values(posterior_.sample(draws), horizon_));
  }
  void learn(const Experience& of) override { posterior_.add(of); }

 private:
  MdpPosterior posterior_;
  int horizon_, samples_;
};

LearnerOfTrial prepare_mdp_oracle(const Config& config) {
  return [options = mdp_options(config), horizon = config.horizon](const std::vector<float>& task) {
    return std::make_unique<ValueFollower>(action_values(known_mdp(options, task), horizon));
  };
}

template <int Samples>
LearnerOfTrial prepare_sampling(const Config& config) {
  return [options = mdp_options(config), horizon = config.horizon](const std::vector<float>&) {
    return std::make_unique<PosteriorSampling>(options, horizon, Samples);
  };
}

}  // namespace

MdpPosterior::MdpPosterior(int states, int actions)
    : states_(static_cast<std::size_t>(states)),
      actions_(static_cast<std::size_t>(actions)),
      concentration_(states_ * actions_ * states_, 1.0),
      reward_sum_(states_ * actions_, 0.0),
      precision_(states_ * actions_, 1.0) {}

void MdpPosterior::add(const Experience& of) {
  const std::size_t at = pair(of.state, of.action);
  concentration_[at * states_ + static_cast<std::size_t>(of.next)] += 1;
  reward_sum_[at] += of.reward;
  precision_[at] += 1;
}

FiniteMdp MdpPosterior::sample(Draws& draws) const {
  FiniteMdp mdp{static_cast<int>(states_), static_cast<int>(actions_),
                std::vector<double>(concentration_.size()), std::vector<double>(reward_sum_.size())};
  for (std::size_t at = 0; at < reward_sum_.size(); ++at) {
    double* const row = &mdp.p[at * states_];
    double sum = 0;
    for (std::size_t next = 0; next < states_; ++next) {
      row[next] = draws.gamma(concentration_[at * states_ + next]);
      sum += row[next];
    }
    for (std::size_t next = 0; next < states_; ++next) row[next] /= sum;
    mdp.reward[at] = reward_sum_[at] / precision_[at] + draws.normal() / std::sqrt(precision_[at]);
  }
  return mdp;
}

std::vector<Rival> tabular_mdp_rivals() {
  return {{"oracle", prepare_mdp_oracle},
          {"psrl", prepare_sampling<1>},
          {"opsrl", prepare_sampling<kOptimisticSamples>}};
}

}  // namespace innerloop
