// The hand-written learners by name: `innerloop evaluate --baseline NAME`.
#pragma once

#include <string>
#include <vector>

#include "engine/config/config.h"
#include "engine/rivals/learner.h"

namespace innerloop {

/// "a", "b" or "c": the environments that have some. Hand-written learners know an environment by its states' numbers.
std::string environments_with_learners();

/// Those for the config's environment: `random`, which takes each action as often (real numbers: from −1 to 1), and its own;
/// none where there is no other than that.
std::vector<Rival> rivals_of(const Config& config);

struct NamedLearner {
  std::string name;
  LearnerOfTrial learner;
};

/// Those of these names, ready to play. @throws InputError where the config's environment has none of a name (with the
/// nearest), where the config has no trials to play, and where a rule is not for the config's options.
std::vector<NamedLearner> prepare_rivals(const Config& config, const std::vector<std::string>& names);

}  // namespace innerloop
