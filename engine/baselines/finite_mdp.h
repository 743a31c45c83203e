// A decision process of a few states and actions that is known, and what is best in it.
#pragma once

#include <vector>

namespace innerloop {

struct FiniteMdp {
  int states = 0, actions = 0;
  std::vector<double> p;       // [state][action][next]
  std::vector<double> reward;  // [state][action]  the mean of what the action pays
};

/// What to do in the last `horizon` steps of an episode, and what that brings.
struct FinitePlan {
  int states = 0;
  std::vector<int> action;    // [step][state]
  std::vector<double> value;  // [state]  expected return from the first step on

  int best(int step, int state) const {
    return action[static_cast<std::size_t>(step) * static_cast<std::size_t>(states) +
                  static_cast<std::size_t>(state)];
  }
};

/// Backward induction over `horizon` steps (Bellman 1957). Of equals the first action.
FinitePlan plan_of(const FiniteMdp& mdp, int horizon);

}  // namespace innerloop
