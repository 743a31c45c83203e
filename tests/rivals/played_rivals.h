// Trials that a rival plays, and what they are known to return.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/rivals/registry.h"
#include "engine/rivals/trials.h"
#include "engine/statistics/estimates.h"
#include "tests/support/played_trials.h"

namespace innerloop {

inline TrialLoop::Returns play_by(const std::string& name, const Config& config,
                                  const std::vector<float>& task = {}) {
  return play_rival(prepare_rivals(config, {name})[0].learner, config, 2, task);
}

// Five standard errors about what is known to `within`, such as half a unit of its last decimal.
inline void expect_known(const std::vector<float>& sample, double known, double within,
                         const std::string& of) {
  const Estimate found = mean_of(sample);
  EXPECT_NEAR(found.mean, known, 5 * found.ci95 / 1.96 + within) << of;
}

}  // namespace innerloop
