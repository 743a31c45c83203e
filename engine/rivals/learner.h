// What a hand-written learner is: the rival of an agent with a memory, in the same trials.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/config/config.h"
#include "engine/rivals/draws.h"

namespace innerloop {

/// Where a learner stands: the state's number among those of the environment (a bandit has 0 alone), the step of the episode,
/// from 0, the numbers that a policy would see there, and, for those that know all, the numbers of the state itself.
struct Situation {
  int state = 0;
  int step = 0;
  std::span<const float> seen = {};
  std::span<const float> numbers = {};
};

/// What an action brought, and where it led; of one that is real numbers its own number is 0.
struct Experience {
  int state = 0;
  int action = 0;
  double reward = 0;
  int next = 0;
};

/// A learner in one trial of one task.
class TrialLearner {
 public:
  virtual ~TrialLearner() = default;

  /// Before an episode's first step.
  virtual void begin_episode(Draws&) {}
  /// The number of an action, where they are numbered.
  virtual int act(const Situation&, Draws&) { return 0; }
  /// The numbers of an action where it is real numbers: sets each.
  virtual void control(const Situation&, Draws&, std::span<float> action) {
    for (float& number : action) number = 0;
  }
  virtual void learn(const Experience&) {}
};

/// Makes the learner of a trial. `task`, its numbers in the order of task_numbers, is for those that know it beforehand.
using LearnerOfTrial = std::function<std::unique_ptr<TrialLearner>(const std::vector<float>& task)>;

/// A rule to learn by, of one environment.
struct Rival {
  std::string name;
  /// Works out what all trials share. @throws InputError where the config's options are not what the rule is for.
  LearnerOfTrial (*prepare)(const Config& config);
};

}  // namespace innerloop
