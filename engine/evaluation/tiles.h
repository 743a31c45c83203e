// Environments as they stand, as images: the frames of a video (`render()` in Python).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/config/environment_info.h"
#include "engine/config/environment_options.h"

namespace innerloop {

/// The image of each of n environments by what it says of its states (kernels/environment/sketch.h), in one scale as far as the
/// family names the frame of its plane.
/// @param tasks    [n]: each with its numbers as in task_numbers
/// @param states   [n][episode_size]: the state's numbers, behind them the trial's record (kernels/environment/episode.h)
/// @param actions  [n][action size]: what led there, numbers or an index for each group. Empty, or a row that begins with NaN:
///                 nothing did, as where an episode starts
/// @param width, height  of an image, in pixels
/// @returns [n][height][width][3] bytes: red, green, blue, from the top left on
/// @throws InputError where the family has no sketch; std::invalid_argument where sizes do not fit each other
std::vector<std::uint8_t> environment_tiles(const EnvironmentOptions& environment, const TaskTable& tasks,
                                            std::span<const float> states, std::span<const float> actions,
                                            int width, int height);

}  // namespace innerloop
