#include "engine/rivals/finite_mdp.h"

#include <algorithm>

namespace innerloop {

int ActionValues::best(int step, int state) const {
  const std::ptrdiff_t row = (std::ptrdiff_t{step} * states + state) * actions;
  const auto first = value.begin() + row;
  return static_cast<int>(std::max_element(first, first + actions) - first);
}

void ActionValues::raise_to(const ActionValues& other) {
  for (std::size_t i = 0; i < value.size(); ++i) value[i] = std::max(value[i], other.value[i]);
}

ActionValues action_values(const FiniteMdp& mdp, int horizon) {
  const auto states = static_cast<std::size_t>(mdp.states), actions = static_cast<std::size_t>(mdp.actions);
  ActionValues all{mdp.states, mdp.actions,
                   std::vector<double>(static_cast<std::size_t>(horizon) * states * actions)};
  std::vector<double> next_best(states);  // [state]  what the steps that follow bring
  for (auto step = static_cast<std::size_t>(horizon); step-- > 0;) {
    double* const values = &all.value[step * states * actions];
    for (std::size_t pair = 0; pair < states * actions; ++pair) {
      double value = mdp.reward[pair];
      for (std::size_t next = 0; next < states; ++next)
        value += mdp.p[pair * states + next] * next_best[next];
      values[pair] = value;
    }
    for (std::size_t s = 0; s < states; ++s)
      next_best[s] = *std::max_element(values + s * actions, values + (s + 1) * actions);
  }
  return all;
}

}  // namespace innerloop
