#include "engine/run/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/config/config.h"
#include "engine/error.h"
#include "engine/options/json.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

std::int64_t count_in(const TensorFile& file, const std::string& key) {
  const std::string& text = file.metadata(key);
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 0)
    throw InputError(file.path().string() + ": metadata \"" + key +
                     "\": wanted a whole number of 0 or more, found \"" + text + "\"");
  return count;
}

}  // namespace

nlohmann::ordered_json layout_json(const Learned& learned) {
  auto json = nlohmann::ordered_json::array();
  for (const LearnedBlock& block : learned.blocks())
    json.push_back({{"name", block.name}, {"offset", block.offset}, {"shape", block.shape}});
  return json;
}

void check_layout(const TensorFile& file, const Learned& learned) {
  const std::string wanted = json_text(layout_json(learned)), &found = file.metadata("layout");
  if (found != wanted)
    throw InputError(file.path().string() + ": the policy's layout: wanted this config's, " + wanted +
                     ", found " + found);
}

void check_belongs(const Checkpoint& checkpoint, const Config& config) {
  const std::string file = checkpoint.file.path().string();
  const std::int64_t iteration = count_in(checkpoint.file, "iteration");
  if (iteration != checkpoint.iteration)
    throw InputError(file + ": wanted the checkpoint of iteration " + std::to_string(checkpoint.iteration) +
                     ", found that of " + std::to_string(iteration));
  const nlohmann::ordered_json wanted = to_json(config);
  // As the config itself it is read with every default, of options that are newer than the run, too.
  const nlohmann::ordered_json found =
      to_json(parse_config(checkpoint.file.metadata("config"), file + ": metadata \"config\""));
  for (const char* option : {"seed", "environment", "policy", "algorithm"}) {
    if (found[option] != wanted[option])
      throw InputError(file + ": metadata \"config\": /" + option +
                       ": wanted that of the run's config.json, " + json_text(wanted[option]) + ", found " +
                       found_value(found[option]));
  }
}

void write_checkpoint(const std::filesystem::path& run, const Config& config, const Learned& learned,
                      Device& device, const std::vector<StateTensor>& state, const RunCounts& counts) {
  std::vector<std::vector<std::byte>> bytes;
  std::vector<Tensor> tensors;
  for (const StateTensor& tensor : state) {
    auto& copy = bytes.emplace_back(static_cast<std::size_t>(tensor.bytes));
    device.read(static_cast<const std::byte*>(tensor.data), copy);
    tensors.push_back({tensor.name, tensor.dtype, tensor.shape, copy});
  }
  write_safetensors(checkpoint_file(run, counts.iteration), tensors,
                    {{"config", json_text(to_json(config))},
                     {"layout", json_text(layout_json(learned))},
                     {"iteration", std::to_string(counts.iteration)},
                     {"env_steps", std::to_string(counts.env_steps)}});
}

RunCounts restore_checkpoint(const Checkpoint& checkpoint, const Learned& learned, Device& device,
                             const std::vector<StateTensor>& state) {
  const TensorFile& file = checkpoint.file;
  for (const StateTensor& tensor : state) (void)file.tensor(tensor.name, tensor.dtype, tensor.shape);
  for (const Tensor& tensor : file.tensors())
    if (std::ranges::find(state, tensor.name, &StateTensor::name) == state.end())
      throw InputError(file.path().string() +
                       ": wanted no tensor that this config's learner does not have, found \"" + tensor.name +
                       "\"");
  check_layout(file, learned);
  const RunCounts counts{count_in(file, "iteration"), count_in(file, "env_steps")};
  for (const StateTensor& tensor : state)
    device.write(static_cast<std::byte*>(tensor.data), file.tensor(tensor.name).data);
  return counts;
}

std::vector<float> checkpoint_params(const Checkpoint& checkpoint, const Learned& learned) {
  std::vector<float> params = checkpoint.file.values<float>("params", {learned.size()});
  check_layout(checkpoint.file, learned);
  return params;
}

}  // namespace innerloop
