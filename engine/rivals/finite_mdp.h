// A decision process of a few states and actions that is known, and what is best in it.
#pragma once

#include <cstddef>
#include <vector>

namespace innerloop {

struct FiniteMdp {
  int states = 0, actions = 0;
  std::vector<double> p;       // [state][action][next]
  std::vector<double> reward;  // [state][action]  the mean of what the action pays
};

/// What each action in each step of an episode brings until its end, the best actions taken from then on.
struct ActionValues {
  int states = 0, actions = 0;
  std::vector<double> value;  // [step][state][action]

  /// The first of the best actions.
  int best(int step, int state) const;
  /// Keeps the larger of each two values.
  void raise_to(const ActionValues& other);
};

/// By backward induction over `horizon` steps (Bellman 1957).
ActionValues action_values(const FiniteMdp& mdp, int horizon);

}  // namespace innerloop
