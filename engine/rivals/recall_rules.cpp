#include "engine/rivals/recall_rules.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

namespace innerloop {
namespace {

template <class Env>
const typename Env::Options& recall_options(const Config& config) {
  return std::get<typename Env::Options>(config.environment);
}

// The numbers of the context that is in sight.
template <class Env>
std::vector<float> context_in(const typename Env::Options& options, const Situation& now) {
  const ContextPart part = Env::context(options);
  const auto from = now.seen.begin() + part.first;
  return {from, from + part.count};
}

// Through the maze to one end, by way of the cue.
class MazeWalk : public TrialLearner {
 public:
  MazeWalk(const TMaze::Options& options, int end) : options_(options), end_(end) {}

  void begin_episode(Draws& draws) override { goes_ = end_ != 0 ? end_ : draws.below(2) == 0 ? 1 : -1; }
  int act(const Situation& now, Draws&) override {
    const bool beside = options_.start == TMaze::Start::beside;
    if (beside && now.step == 0) return 2;
    const int junction = options_.corridor + (beside ? 1 : 0);
    if (now.state < junction) return 0;
    return goes_ > 0 ? 1 : 3;
  }

 private:
  const TMaze::Options options_;
  const int end_;  // 1 up, −1 down, 0 drawn
  int goes_ = 0;
};

template <bool Knows>
LearnerOfTrial prepare_maze_walk(const Config& config) {
  return [options = recall_options<TMaze>(config)](const std::vector<float>& task) {
    return std::make_unique<MazeWalk>(options, Knows ? static_cast<int>(task[0]) : 0);
  };
}

class BarcodeOracle : public TrialLearner {
 public:
  explicit BarcodeOracle(const std::vector<float>& task) : task_(task) {}
  int act(const Situation& now, Draws&) override {
    return static_cast<int>(task_[static_cast<std::size_t>(BarcodeBandit::kMaxArms + now.state)]);
  }

 private:
  const std::vector<float> task_;
};

// The likelihood that an arm is the barcode's rises by one factor with each pull of it that pays, and falls by one with each
// that does not; by the same one, where those of `best` and `others` sum to 1.
class BarcodeRule : public TrialLearner {
 public:
  BarcodeRule(const BarcodeBandit::Options& options, bool recalls)
      : options_(options),
        recalls_(recalls),
        success_(std::log(options.best / options.others)),
        failure_(std::log((1 - options.best) / (1 - options.others))) {}

  void begin_episode(Draws&) override {
    if (!recalls_) odds_.clear();
  }
  int act(const Situation& now, Draws&) override {
    std::vector<double>& odds = odds_[context_in<BarcodeBandit>(options_, now)];
    odds.resize(static_cast<std::size_t>(options_.arms));
    now_ = &odds;
    return static_cast<int>(std::ranges::max_element(odds) - odds.begin());
  }
  void learn(const Experience& of) override {
    (*now_)[static_cast<std::size_t>(of.action)] += of.reward > 0 ? success_ : failure_;
  }

 private:
  const BarcodeBandit::Options options_;
  const bool recalls_;
  const double success_, failure_;
  std::map<std::vector<float>, std::vector<double>> odds_;  // of the arms, by barcode
  std::vector<double>* now_ = nullptr;
};

LearnerOfTrial prepare_barcode_oracle(const Config&) {
  return [](const std::vector<float>& task) { return std::make_unique<BarcodeOracle>(task); };
}
template <bool Recalls>
LearnerOfTrial prepare_barcode_rule(const Config& config) {
  return [options = recall_options<BarcodeBandit>(config)](const std::vector<float>&) {
    return std::make_unique<BarcodeRule>(options, Recalls);
  };
}

// Keeps the probability that state 1 is the better one, and takes the action of the higher expected reward.
class TwoStepRule : public TrialLearner {
 public:
  TwoStepRule(const EpisodicTwoStep::Options& options, bool recalls) : options_(options), recalls_(recalls) {}

  void begin_episode(Draws&) override {
    first_better_ += options_.change * (1 - 2 * first_better_);
    ++choice_;
  }
  int act(const Situation& now, Draws&) override {
    const std::vector<float> context = context_in<EpisodicTwoStep>(options_, now);
    cued_ = choice_ > EpisodicTwoStep::kUncued;
    if (now.state != 0) {
      if (!cued_) memory_[context] = last_;
      return 0;
    }
    std::array<double, 2> value = {chance(first_better_), chance(1 - first_better_)};
    known_ = nullptr;
    if (cued_ && recalls_) {
      known_ = &memory_.at(context);
      value[static_cast<std::size_t>(known_->state - 1)] = known_->reward;
    }
    const double difference = (2 * options_.common - 1) * (value[1] - value[0]);
    return difference > 0 ? 1 : 0;
  }
  void learn(const Experience& of) override {
    if (of.state != 0) return;
    last_ = {of.next, of.reward};
    if (known_ != nullptr && known_->state == of.next) return;  // it tells nothing of now
    // How likely this reward was with state 1 the better, and with state 2.
    const bool first = of.next == 1;
    double one = likelihood(of.reward, first), two = likelihood(of.reward, !first);
    if (cued_ && !recalls_) {
      const double past = of.reward > 0 ? kPaidInThePast : 1 - kPaidInThePast;
      one = (one + past) / 2;
      two = (two + past) / 2;
    }
    first_better_ = one * first_better_ / (one * first_better_ + two * (1 - first_better_));
  }

 private:
  struct Outcome {
    int state = 0;
    double reward = 0;
  };
  // About how often one's own choices paid.
  static constexpr double kPaidInThePast = 0.7;

  double chance(double better) const { return better * options_.high + (1 - better) * (1 - options_.high); }
  double likelihood(double reward, bool better) const {
    const double pays = chance(better ? 1 : 0);
    return reward > 0 ? pays : 1 - pays;
  }

  const EpisodicTwoStep::Options options_;
  const bool recalls_;
  double first_better_ = 0.5;
  int choice_ = 0;
  bool cued_ = false;
  Outcome last_;
  const Outcome* known_ = nullptr;
  std::map<std::vector<float>, Outcome> memory_;  // by context
};

template <bool Recalls>
LearnerOfTrial prepare_two_step(const Config& config) {
  return [options = recall_options<EpisodicTwoStep>(config)](const std::vector<float>&) {
    return std::make_unique<TwoStepRule>(options, Recalls);
  };
}

class ChoiceOracle : public TrialLearner {
 public:
  explicit ChoiceOracle(const std::vector<float>& task) : task_(task) {}
  int act(const Situation& now, Draws&) override {
    constexpr int kAnswers = ContextualChoice::kMaxContexts * ContextualChoice::kSize;
    return task_[static_cast<std::size_t>(kAnswers + now.state)] > 0 ? 1 : 0;
  }

 private:
  const std::vector<float> task_;
};

class ChoiceRule : public TrialLearner {
 public:
  ChoiceRule(const ContextualChoice::Options& options, bool recalls) : options_(options), recalls_(recalls) {}

  int act(const Situation& now, Draws& draws) override {
    const std::vector<float> context = context_in<ContextualChoice>(options_, now);
    if (const auto known = answers_.find(context); recalls_ && known != answers_.end()) return known->second;
    if (now.step < options_.noise_steps) return draws.below(2);
    const auto evidence = now.seen.first(ContextualChoice::kSize);
    const int answer = std::accumulate(evidence.begin(), evidence.end(), 0.0) > 0 ? 1 : 0;
    if (now.step + 1 == options_.guesses) answers_[context] = answer;
    return answer;
  }

 private:
  const ContextualChoice::Options options_;
  const bool recalls_;
  std::map<std::vector<float>, int> answers_;  // by context
};

LearnerOfTrial prepare_choice_oracle(const Config&) {
  return [](const std::vector<float>& task) { return std::make_unique<ChoiceOracle>(task); };
}
template <bool Recalls>
LearnerOfTrial prepare_choice_rule(const Config& config) {
  return [options = recall_options<ContextualChoice>(config)](const std::vector<float>&) {
    return std::make_unique<ChoiceRule>(options, Recalls);
  };
}

}  // namespace

std::vector<Rival> t_maze_rivals() {
  return {{"oracle", prepare_maze_walk<true>}, {"guess", prepare_maze_walk<false>}};
}
std::vector<Rival> barcode_bandit_rivals() {
  return {{"oracle", prepare_barcode_oracle},
          {"recall", prepare_barcode_rule<true>},
          {"no_recall", prepare_barcode_rule<false>}};
}
std::vector<Rival> episodic_two_step_rivals() {
  return {{"recall", prepare_two_step<true>}, {"no_recall", prepare_two_step<false>}};
}
std::vector<Rival> contextual_choice_rivals() {
  return {{"oracle", prepare_choice_oracle},
          {"recall", prepare_choice_rule<true>},
          {"no_recall", prepare_choice_rule<false>}};
}

}  // namespace innerloop
