// All of one meta-iteration in a file, so that any autodiff framework can recompute its gradients.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "engine/device/device.h"
#include "engine/device/state_tensor.h"

namespace innerloop {

struct Config;

/// Writes as `path` the meta-iteration that follows `done` others, from the learner's `state`, which stays as it is: a
/// learner of its own repeats the iteration. With several outer steps on the same data (ProMP) the gradients are those
/// of the first. The format: docs/files.md.
/// @throws InputError where that second learner's memory does not fit, RunError when the disk is full.
void write_batch_file(const std::filesystem::path& path, const Config& config, Device& device,
                      const std::vector<StateTensor>& state, std::int64_t done);

}  // namespace innerloop
