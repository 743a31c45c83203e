// What a checkpoint holds: the learner's state, and how far the run is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "engine/device/device.h"
#include "engine/device/state_tensor.h"
#include "engine/learned/learned.h"
#include "engine/run/checkpoint_files.h"

namespace innerloop {

struct Config;

/// How far a run is.
struct RunCounts {
  std::int64_t iteration = 0;  // done
  std::int64_t env_steps = 0;  // of all of them, those that count
};

/// The metadata "layout" of checkpoints, batch files and adapted policies: a list of {"name", "offset", "shape"}, one for
/// each block.
nlohmann::ordered_json layout_json(const Learned& learned);

/// @throws InputError unless the file's "layout" is this one: two networks can have equally many parameters and yet not be
/// the same.
void check_layout(const TensorFile& file, const Learned& learned);

/// @throws InputError unless the checkpoint is of the iteration in its name, and of a run with this config's seed, environment,
/// policy and algorithm: others can have the same shapes.
void check_belongs(const Checkpoint& checkpoint, const Config& config);

/// Writes the checkpoint of `counts.iteration` into the run's folder, atomically: `state` from the device, and as
/// metadata the config, the layout and the counts.
/// @throws RunError when the disk is full.
void write_checkpoint(const std::filesystem::path& run, const Config& config, const Learned& learned,
                      Device& device, const std::vector<StateTensor>& state, const RunCounts& counts);

/// Puts the checkpoint's tensors where `state` lies on the device.
/// @throws InputError naming file, tensor, wanted and found, when it is of another architecture; nothing is changed.
RunCounts restore_checkpoint(const Checkpoint& checkpoint, const Learned& learned, Device& device,
                             const std::vector<StateTensor>& state);

/// What the checkpoint's run has learned, [M]. @throws InputError when it is of another architecture than `learned`.
std::vector<float> checkpoint_params(const Checkpoint& checkpoint, const Learned& learned);

}  // namespace innerloop
