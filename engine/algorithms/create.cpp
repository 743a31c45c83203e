// From a config to the algorithm that it names. An algorithm that no overload of make_algorithm takes does not compile.
#include <concepts>
#include <stdexcept>
#include <variant>

#include "engine/algorithms/maml.h"
#include "engine/algorithms/pearl.h"
#include "engine/algorithms/ppo.h"
#include "engine/algorithms/promp.h"
#include "engine/algorithms/prompt_tuning.h"
#include "engine/algorithms/reptile.h"
#include "engine/algorithms/sac.h"
#include "engine/algorithms/varibad.h"

namespace innerloop {

std::unique_ptr<Algorithm> Algorithm::create(const Config& config, Device& device) {
  return std::visit(
      [&](const auto& options) -> std::unique_ptr<Algorithm> {
        return make_algorithm(options, config, device);
      },
      config.algorithm);
}

std::unique_ptr<MetaLearner> MetaLearner::create(const Config& config, Device& device) {
  return std::visit(
      [&](const auto& options) -> std::unique_ptr<MetaLearner> {
        using Made = decltype(make_algorithm(options, config, device));
        if constexpr (std::convertible_to<Made, std::unique_ptr<MetaLearner>>)
          return make_algorithm(options, config, device);
        else
          throw std::logic_error("algorithm \"" + algorithm_name(config) +
                                 "\", which has no inner loop, was asked for as one that does");
      },
      config.algorithm);
}

}  // namespace innerloop
