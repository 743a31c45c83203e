// From a config to what measures its policy. A protocol that no overload of make_evaluator takes does not compile.
#include <type_traits>
#include <variant>

#include "engine/config/tasks.h"
#include "engine/evaluation/step_evaluator.h"
#include "engine/evaluation/trial_evaluator.h"

namespace innerloop {
namespace {

using Made = std::unique_ptr<CurveEvaluator>;
template <EvaluationProtocol protocol>
using Protocol = std::integral_constant<EvaluationProtocol, protocol>;

Made make_evaluator(Protocol<EvaluationProtocol::after_inner_steps>, const Config& config, Device& device,
                    const std::vector<float>& fixed_task) {
  return StepEvaluator::create(config, device, fixed_task);
}
Made make_evaluator(Protocol<EvaluationProtocol::over_episodes>, const Config& config, Device& device,
                    const std::vector<float>& fixed_task) {
  return std::make_unique<TrialEvaluator>(trial_setup(config), config.evaluation, device,
                                          evaluation_tasks(config, fixed_task));
}
Made make_evaluator(Protocol<EvaluationProtocol::first_episode>, const Config& config, Device& device,
                    const std::vector<float>& fixed_task) {
  return std::make_unique<FirstEpisodeEvaluator>(trial_setup(config), config.evaluation, device,
                                                 evaluation_tasks(config, fixed_task));
}

}  // namespace

std::unique_ptr<CurveEvaluator> CurveEvaluator::create(const Config& of_training, Device& device,
                                                       const std::vector<float>& fixed_task) {
  const Config config = for_evaluation(of_training);
  return std::visit(
      [&]<class Options>(const Options&) {
        return make_evaluator(Protocol<Options::Learning::protocol>{}, config, device, fixed_task);
      },
      config.algorithm);
}

}  // namespace innerloop
