#include "engine/adapted_policy.h"

#include <nlohmann/json.hpp>
#include <string>

#include "engine/checkpoint.h"
#include "engine/error.h"
#include "engine/policy_layout.h"
#include "engine/safetensors.h"
#include "engine/task_numbers.h"

namespace innerloop {

void write_adapted_policy(const std::filesystem::path& path, const AdaptedPolicy& policy,
                          const Config& config) {
  const Shape shape = {static_cast<std::int64_t>(policy.params.size())};
  const std::vector<Tensor> tensors = {Tensor::of<float>("params", shape, policy.params)};
  write_safetensors(path, tensors,
                    {{"config", to_json(config).dump()},
                     {"environment", environment_name(config)},
                     {"layout", layout_json(policy_layout(policy_shape(config))).dump()},
                     {"iteration", std::to_string(policy.iteration)},
                     {"task", task_json(policy.task, config).dump()},
                     {"returns", nlohmann::ordered_json(policy.returns).dump()}});
}

std::vector<float> read_adapted_params(const std::filesystem::path& path, const Config& config) {
  const TensorFile file = TensorFile::read(path);
  if (file.metadata("environment") != environment_name(config))
    throw InputError(path.string() + ": wanted a policy for " + environment_name(config) +
                     ", found one for " + file.metadata("environment"));
  const PolicyShape shape = policy_shape(config);
  std::vector<float> params = file.values<float>("params", {shape.parameters()});
  check_layout(file, policy_layout(shape));
  return params;
}

}  // namespace innerloop
