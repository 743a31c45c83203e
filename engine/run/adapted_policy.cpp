#include "engine/run/adapted_policy.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "engine/config/config.h"
#include "engine/config/tasks.h"
#include "engine/error.h"
#include "engine/evaluation/step_evaluator.h"
#include "engine/files/crc32c.h"
#include "engine/files/safetensors.h"
#include "engine/learned/policy.h"
#include "engine/run/checkpoint.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

// What a file holds of the parameters: those from `offset` on.
struct AdaptedPart {
  const char* name;
  std::int64_t offset;
};
AdaptedPart adapted_part(const Learned& policy) {
  const LearnedBlock* context = policy.find("context");
  return context != nullptr ? AdaptedPart{"context", context->offset} : AdaptedPart{"params", 0};
}

// Of the parameters that a file does not hold: with others a context means something else.
std::string shared_checksum(const std::vector<float>& params, const AdaptedPart& part) {
  const auto shared = std::span(params).first(static_cast<std::size_t>(part.offset));
  return std::to_string(crc32c(std::as_bytes(shared)));
}

}  // namespace

Config adaptation_config(Config config, int steps, std::optional<std::uint32_t> seed) {
  config.evaluation.tasks = 1;
  config.evaluation.inner_steps = steps;
  if (seed) config.evaluation.seed = *seed;
  return config;
}

AdaptedPolicy adapt(StepEvaluator& evaluator, const std::vector<float>& params, std::int64_t iteration) {
  AdaptedPolicy policy;
  for (const CurvePoint& point : evaluator.evaluate(params)) policy.returns.push_back(point.mean_return);
  policy.params = evaluator.adapted(0);
  policy.task = evaluator.task(0);
  policy.iteration = iteration;
  return policy;
}

void write_adapted_policy(const std::filesystem::path& path, const AdaptedPolicy& policy,
                          const Config& config) {
  const Learned learned = learned_policy(config);
  const AdaptedPart part = adapted_part(learned);
  const std::vector<float> adapted(policy.params.begin() + part.offset, policy.params.end());
  const std::vector<Tensor> tensors = {
      Tensor::of<float>(part.name, {static_cast<std::int64_t>(adapted.size())}, adapted)};
  write_safetensors(path, tensors,
                    {{"config", json_text(to_json(config))},
                     {"environment", environment_name(config)},
                     {"layout", json_text(layout_json(learned))},
                     {"iteration", std::to_string(policy.iteration)},
                     {"shared_checksum", shared_checksum(policy.params, part)},
                     {"task", json_text(task_json(policy.task, config))},
                     {"returns", json_text(nlohmann::ordered_json(policy.returns))}});
}

void read_adapted_policy(const std::filesystem::path& path, const Config& config,
                         std::vector<float>& params) {
  const TensorFile file = TensorFile::read(path);
  if (file.metadata("environment") != environment_name(config))
    throw InputError(path.string() + ": wanted a policy for " + environment_name(config) +
                     ", found one for " + file.metadata("environment"));
  const Learned learned = learned_policy(config);
  const AdaptedPart part = adapted_part(learned);
  const std::vector<float> adapted = file.values<float>(part.name, {learned.size() - part.offset});
  check_layout(file, learned);
  if (part.offset > 0 && file.metadata("shared_checksum") != shared_checksum(params, part))
    throw InputError(path.string() +
                     ": wanted a context for this run's policy, found one for another policy, after " +
                     file.metadata("iteration") + " iterations");
  std::ranges::copy(adapted, params.begin() + part.offset);
}

}  // namespace innerloop
