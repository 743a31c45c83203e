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
#include "engine/learned/trial_policy.h"
#include "engine/run/checkpoint.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

// The parameters that inner steps adapt, or that those lie among.
Learned adapted_learned(const Config& config) {
  return plays_trials(config) ? learned_trial_policy(config) : learned_policy(config);
}

// What a file holds of the parameters: a context or a prompt alone, or all of them.
struct AdaptedPart {
  const char* name;
  LearnedRange range;
};
AdaptedPart adapted_part(const Learned& policy) {
  if (const LearnedBlock* context = policy.find("context"); context != nullptr)  // the last of them
    return {"context", {context->offset, policy.size() - context->offset}};
  if (policy.find(kPromptBlock) != nullptr) return {"tokens", policy.range(kPromptBlock)};
  return {"params", {0, policy.size()}};
}

// Of the parameters that a file does not hold: with others a context or a prompt means something else.
std::string shared_checksum(std::vector<float> params, const AdaptedPart& part) {
  const auto first = params.begin() + part.range.offset;
  params.erase(first, first + part.range.size);
  return std::to_string(crc32c(std::as_bytes(std::span(params))));
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
  const Learned learned = adapted_learned(config);
  const AdaptedPart part = adapted_part(learned);
  const auto first = policy.params.begin() + part.range.offset;
  const std::vector<float> adapted(first, first + part.range.size);
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
  const Learned learned = adapted_learned(config);
  const AdaptedPart part = adapted_part(learned);
  const std::vector<float> adapted = file.values<float>(part.name, {part.range.size});
  check_layout(file, learned);
  const std::vector<float> own(params.begin(), params.begin() + learned.size());
  if (part.range.size < learned.size() && file.metadata("shared_checksum") != shared_checksum(own, part))
    throw InputError(path.string() + ": wanted " + (part.name == std::string("tokens") ? "" : "a ") +
                     part.name + " for this run's policy, found one for another policy, after " +
                     file.metadata("iteration") + " iterations");
  std::ranges::copy(adapted, params.begin() + part.range.offset);
}

}  // namespace innerloop
