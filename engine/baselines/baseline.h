// The hand-written learners by name: `innerloop evaluate --baseline NAME`.
#pragma once

#include <string>
#include <vector>

#include "engine/baselines/learner.h"
#include "engine/config.h"

namespace innerloop {

/// Those for the config's environment: `random`, which takes each action as often, and its own; none where there is no
/// other than that.
std::vector<Baseline> baselines_of(const Config& config);

/// The one of that name. @throws InputError where the config's environment has none of that name (with the nearest), and
/// where the config has no trials to play.
Baseline find_baseline(const Config& config, const std::string& name);

}  // namespace innerloop
