#include "engine/baselines/finite_mdp.h"

#include <cstddef>

namespace innerloop {

FinitePlan plan_of(const FiniteMdp& mdp, int horizon) {
  const auto states = static_cast<std::size_t>(mdp.states), actions = static_cast<std::size_t>(mdp.actions);
  FinitePlan plan{mdp.states, std::vector<int>(static_cast<std::size_t>(horizon) * states),
                  std::vector<double>(states)};
  std::vector<double> before(states);
  for (auto step = static_cast<std::size_t>(horizon); step-- > 0;) {
    for (std::size_t s = 0; s < states; ++s)
      for (std::size_t a = 0; a < actions; ++a) {
        const double* p = &mdp.p[(s * actions + a) * states];
        double value = mdp.reward[s * actions + a];
        for (std::size_t next = 0; next < states; ++next) value += p[next] * plan.value[next];
        if (a > 0 && !(value > before[s])) continue;
        before[s] = value;
        plan.action[step * states + s] = static_cast<int>(a);
      }
    plan.value.swap(before);
  }
  return plan;
}

}  // namespace innerloop
