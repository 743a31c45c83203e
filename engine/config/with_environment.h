// From the config's environment to code for its type.
#pragma once

#include <variant>

#include "engine/config/config.h"

namespace innerloop {

namespace environment_detail {
template <class... Envs, class Visit>
void visit(TypeList<Envs...>, const Config& config, Visit&& visit_one) {
  std::size_t index = 0;
  (
      [&] {
        if (index++ == config.environment.index())
          visit_one.template operator()<Envs>(std::get<typename Envs::Options>(config.environment));
      }(),
      ...);
}
}  // namespace environment_detail

/// Calls visit.operator()<Env>(options) for the environment in use.
template <class Visit>
void with_environment(const Config& config, Visit&& visit) {
  environment_detail::visit(Environments{}, config, visit);
}

}  // namespace innerloop
