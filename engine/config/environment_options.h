// The options of the environment in use, and from them to code for its type: the one header of the engine that parses
// all environments.
#pragma once

#include "envs/registry.h"
#include "kernels/options/options.h"

namespace innerloop {

using EnvironmentOptions = OptionsVariant<Environments>;

namespace environment_detail {
template <class... Envs, class Visit>
void visit(TypeList<Envs...>, const EnvironmentOptions& environment, Visit&& visit_one) {
  std::size_t index = 0;
  (
      [&] {
        if (index++ == environment.index())
          visit_one.template operator()<Envs>(std::get<typename Envs::Options>(environment));
      }(),
      ...);
}
}  // namespace environment_detail

/// Calls visit.operator()<Env>(options) for the environment in use.
template <class Visit>
void with_environment(const EnvironmentOptions& environment, Visit&& visit) {
  environment_detail::visit(Environments{}, environment, visit);
}

}  // namespace innerloop
